package schedule

import (
	"math/bits"
	"strconv"
	"strings"
)

// set is the values that a field allows, one bit each; low and high are what
// the field can hold.
type set struct {
	bits      uint64
	low, high int
}

// sets returns what the fields of a cron spec allow: second, minute, hour, day
// of the month, month, day of the week.
func (s Spec) sets() [6]set {
	c := s.cron
	var all [6]set
	for i, bits := range []uint64{c.Second, c.Minute, c.Hour, c.Dom, c.Month, c.Dow} {
		f := cronFields()[i]
		mask := uint64(1)<<(f.high+1) - 1
		all[i] = set{bits & mask, f.low, f.high}
	}
	return all
}

// full tells whether every value is allowed.
func (s set) full() bool { return bits.OnesCount64(s.bits) == s.high-s.low+1 }

// values lists what is allowed.
func (s set) values() []int {
	var all []int
	for v := s.low; v <= s.high; v++ {
		if s.bits>>v&1 == 1 {
			all = append(all, v)
		}
	}
	return all
}

// steps tells whether the set is each step-th value from the lowest that the
// field can hold, such as 0, 15, 30, 45 for 15.
func (s set) steps() (step int, ok bool) {
	v := s.values()
	if len(v) < 2 || v[0] != s.low {
		return 0, false
	}
	step = v[1] - v[0]
	for i := range v {
		if v[i] != s.low+i*step {
			return 0, false
		}
	}
	return step, s.low+len(v)*step > s.high
}

// text writes the set as a list, three or more neighbours as a range with dots
// between its ends.
func (s set) text(dots string, word func(int) string) string {
	v := s.values()
	var parts []string
	for i := 0; i < len(v); {
		end := i
		for end+1 < len(v) && v[end+1] == v[end]+1 {
			end++
		}
		if end-i < 2 {
			end = i
			parts = append(parts, word(v[i]))
		} else {
			parts = append(parts, word(v[i])+dots+word(v[end]))
		}
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// eitherDay tells whether a day fits when the day of the month or the day of
// the week does, rather than when both do: where neither began with a star.
func (s Spec) eitherDay() bool { return s.cron.Dom&starBit == 0 && s.cron.Dow&starBit == 0 }

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
