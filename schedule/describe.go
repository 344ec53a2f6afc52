package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe says in plain English when the spec comes, such as "every 15
// minutes", "at 02:30 on Monday" or "at 02:30 every day (Europe/Berlin)". The
// zone is named where the spec names it.
func (s Spec) Describe() string {
	if s.IsZero() {
		return "never"
	}
	if s.every > 0 {
		return "every " + shortLength(s.every)
	}
	text := s.clockText() + s.dayText()
	if s.zone != "" {
		text += " (" + s.zone + ")"
	}
	return text
}

// clockText tells the times of a day.
func (s Spec) clockText() string {
	all := s.sets()
	seconds, minutes, hours := all[0], all[1], all[2]
	atSecond := ""
	switch v := seconds.values(); {
	case seconds.full() && minutes.full() && hours.full():
		return "every second"
	case len(v) > 1:
		atSecond = " at seconds " + list(seconds)
		if step, ok := seconds.steps(); ok && 60%step == 0 {
			atSecond = fmt.Sprintf(" every %d seconds", step)
		}
		if minutes.full() && hours.full() {
			return strings.TrimPrefix(atSecond, " ")
		}
	case v[0] != 0:
		atSecond = fmt.Sprintf(" and %d seconds", v[0])
	}
	if times := s.timesOfDay(); times != "" && !strings.HasPrefix(atSecond, " every") && !strings.HasPrefix(atSecond, " at") {
		return "at " + times + atSecond
	}
	text := "at minute " + list(minutes) + atSecond
	if step, ok := minutes.steps(); minutes.full() {
		text = "every minute" + atSecond
	} else if ok && 60%step == 0 {
		text = fmt.Sprintf("every %d minutes", step) + atSecond
	}
	if step, ok := hours.steps(); hours.full() {
		if v := minutes.values(); len(v) == 1 && v[0] == 0 {
			return "every hour" + atSecond
		}
		return strings.Replace(text, "at minute "+list(minutes), "at minute "+list(minutes)+" of every hour", 1)
	} else if ok && (step == 2 || step == 3) {
		return text + " of every " + map[int]string{2: "2nd", 3: "3rd"}[step] + " hour"
	}
	return text + " from hour " + list(hours)
}

// timesOfDay lists up to six times of the day, "" for more.
func (s Spec) timesOfDay() string {
	all := s.sets()
	minutes, hours := all[1].values(), all[2].values()
	if len(minutes)*len(hours) > 6 || all[2].full() {
		return ""
	}
	var times []string
	for _, h := range hours {
		for _, m := range minutes {
			times = append(times, twoDigits(h)+":"+twoDigits(m))
		}
	}
	return joinWords(times, "and")
}

// dayText tells the days, with a space before it; "" for every day where the
// times come many times a day.
func (s Spec) dayText() string {
	all := s.sets()
	doms, months, dows := all[3], all[4], all[5]
	var days []string
	if !doms.full() {
		days = append(days, "day "+list(doms)+" of the month")
	}
	if !dows.full() {
		days = append(days, joinWords(words(dows, func(n int) string { return time.Weekday(n).String() }), "and"))
	}
	text := ""
	switch {
	case s.eitherDay() && (doms.full() || dows.full()), len(days) == 0:
		if months.full() && s.timesOfDay() != "" {
			text = " every day"
		}
	case s.eitherDay():
		text = " on " + strings.Join(days, " and on ")
	case len(days) == 2:
		text = " on " + days[0] + " if it is " + joinWords(words(dows, func(n int) string { return time.Weekday(n).String() }), "or")
	default:
		text = " on " + days[0]
	}
	if !months.full() {
		text += " in " + joinWords(words(months, func(n int) string { return time.Month(n).String() }), "and")
	}
	return text
}

func words(v set, word func(int) string) []string {
	var all []string
	for _, n := range v.values() {
		all = append(all, word(n))
	}
	return all
}

// list writes numbers for people: 1, 3 and 5 to 8.
func list(v set) string {
	return joinWords(strings.Split(v.text(" to ", strconv.Itoa), ","), "and")
}

func joinWords(all []string, last string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " " + last + " " + all[len(all)-1]
}
