package configs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// durationUnits are what ParseDuration knows, the longest first.
var durationUnits = []struct {
	word string
	unit time.Duration
}{
	{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute},
	{"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"ns", time.Nanosecond},
}

const durationExamples = "a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w"

// ParseDuration reads a duration as the configuration and the flags have it:
// numbers with units, such as 500ms, 30s, 1h30m, 30d or 2w (a day is 24 hours).
// A number without a unit is refused, because nobody can tell which was meant;
// 0 needs none. The error quotes the text and says what to write.
func ParseDuration(text string) (time.Duration, error) {
	rest, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	switch {
	case rest == "":
		return 0, errors.New("expected " + durationExamples)
	case rest == "0":
		return 0, nil
	case isNumber(rest):
		return 0, fmt.Errorf("%q has no unit: write %ss", text, text)
	}
	var total float64
	for rest != "" {
		n := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		value, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not %s", text, durationExamples)
		}
		rest = rest[n:]
		n = strings.IndexAny(rest, "0123456789.")
		if n < 0 {
			n = len(rest)
		}
		unit, ok := unitOf(strings.TrimSpace(rest[:n]))
		if !ok {
			return 0, fmt.Errorf("%q is not %s", text, durationExamples)
		}
		total += value * float64(unit)
		rest = rest[n:]
	}
	if total >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is too long: the longest is about 292 years", text)
	}
	if negative {
		total = -total
	}
	return time.Duration(math.Round(total)), nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

func unitOf(word string) (time.Duration, bool) {
	for _, u := range durationUnits {
		if u.word == word {
			return u.unit, true
		}
	}
	return 0, false
}

// FormatDuration writes a duration so that ParseDuration reads it back, in
// whole units where that is possible: 30d, 1h30m, 500ms, 0.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	if d < 0 {
		return "-" + FormatDuration(-d)
	}
	if d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	if d < time.Second || d%time.Second != 0 {
		return d.String()
	}
	var b strings.Builder
	for _, u := range durationUnits[1:5] {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.word)
			d -= n * u.unit
		}
	}
	return b.String()
}
