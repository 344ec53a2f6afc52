package alerting

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Window is a maintenance window: a time in which alerts that match are not
// sent. It is one of two sorts.
//
// One-off: it lasts From the one moment Until the other.
//
// Recurring, where Duration is set: it begins At a time of day on every day
// that all of Weekdays, Days and Months allow, and lasts for Duration. An empty
// list allows every day. From and Until, where set, bound its occurrences.
//
// Start is what the clock on the wall in Location shows; Duration is time that
// really passes. 01:30 for two hours, in the night in which clocks go forward
// from 02:00 to 03:00, ends at 04:30; in the night in which they go back from
// 03:00 to 02:00, at 02:30. A start that the clock leaps over begins at the
// leap; one that the clock shows twice begins the first time.
type Window struct {
	Name     string
	Matchers []Matcher
	By       string // who
	Why      string

	From  time.Time // zero for no bound; needed for a one-off window
	Until time.Time // zero for no bound; needed for a one-off window

	Weekdays []time.Weekday
	Days     []int // of the month, 1 to 31; -1 is its last day, -2 the one before
	Months   []time.Month
	At       Clock
	Duration time.Duration  // 0 for a one-off window
	Location *time.Location // nil means UTC
}

// Clock is a time of day.
type Clock struct{ Hour, Minute int }

// longestWindow keeps a window from being a silence for good.
const longestWindow = 31 * 24 * time.Hour

// farthest is how far ahead the next occurrence is looked for: the 29th of
// February falls on a given weekday once in 40 years at worst, around 2100.
const farthest = 41 * 366

// ParseClock reads a time of day such as 01:30.
func ParseClock(text string) (Clock, error) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	if err != nil {
		return Clock{}, fmt.Errorf("%q is not a time of day: write hours and minutes, such as 01:30", text)
	}
	return Clock{t.Hour(), t.Minute()}, nil
}

// String writes the time of day as ParseClock reads it.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

// ParseWeekday reads the name of a day, such as sunday or sun.
func ParseWeekday(text string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if named(d.String(), text) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is not a day of the week: write monday, tuesday … sunday", text)
}

// ParseMonth reads the name of a month, such as february or feb.
func ParseMonth(text string) (time.Month, error) {
	for m := time.January; m <= time.December; m++ {
		if named(m.String(), text) {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%q is not a month: write january, february … december", text)
}

func named(name, text string) bool {
	text = strings.TrimSpace(text)
	return strings.EqualFold(name, text) || strings.EqualFold(name[:3], text)
}

// Recurring tells the sort of the window.
func (w Window) Recurring() bool { return w.Duration != 0 }

// Validate tells what keeps a window from being used, all at once.
func (w Window) Validate() error {
	var all []error
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			all = append(all, fmt.Errorf(format, args...))
		}
	}
	add(len(w.Matchers) == 0, "a maintenance window needs at least one matcher, such as alertname=high_error_rate")
	add(!w.From.IsZero() && !w.Until.IsZero() && !w.Until.After(w.From), "a maintenance window must end after it begins")
	if !w.Recurring() {
		add(w.From.IsZero() || w.Until.IsZero(), "a maintenance window needs from and until, or a start and a duration to recur")
		add(len(w.Weekdays)+len(w.Days)+len(w.Months) > 0 || w.At != Clock{}, "a maintenance window that recurs needs a duration, such as 2h")
		return errors.Join(all...)
	}
	add(w.Duration < 0 || w.Duration > longestWindow, "the duration must be more than 0 and at most %d days, not %s", longestWindow/(24*time.Hour), w.Duration)
	add(w.At.Hour < 0 || w.At.Hour > 23 || w.At.Minute < 0 || w.At.Minute > 59, "the start must be a time of day from 00:00 to 23:59, not %s", w.At)
	for _, d := range w.Days {
		add(d == 0 || d < -31 || d > 31, "%d is not a day of a month: write 1 to 31, or -1 for the last day", d)
	}
	for _, d := range w.Weekdays {
		add(d < time.Sunday || d > time.Saturday, "%d is not a day of the week", int(d))
	}
	for _, m := range w.Months {
		add(m < time.January || m > time.December, "%d is not a month", int(m))
	}
	if len(all) == 0 && !w.everBegins() {
		all = append(all, errors.New("no day is in all of the window's weekdays, days and months, within from and until: it never begins"))
	}
	return errors.Join(all...)
}

// everBegins looks for one occurrence, from a fixed day where the window has no
// beginning: the calendar repeats.
func (w Window) everBegins() bool {
	after := w.From
	if after.IsZero() {
		after = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		if !w.Until.IsZero() && w.Until.Before(after) {
			return false
		}
	}
	_, _, ok := w.Next(after.Add(-w.Duration))
	return ok
}

// Covers tells whether a moment lies in the window. The end does not.
func (w Window) Covers(at time.Time) bool {
	_, _, ok := w.occurrence(at)
	return ok
}

// Silence returns the window's occurrence at a moment as a silence, and whether
// there is one. Its ID is the same for the same occurrence, always.
func (w Window) Silence(at time.Time) (Silence, bool) {
	from, until, ok := w.occurrence(at)
	if !ok {
		return Silence{}, false
	}
	return Silence{
		ID: "window/" + w.Name + "/" + from.UTC().Format(time.RFC3339), Matchers: w.Matchers,
		From: from, Until: until, By: w.By, Why: w.Why,
	}, true
}

// Next returns the first occurrence that begins after a moment, and false where
// there is none in the next 40 years.
func (w Window) Next(after time.Time) (from, until time.Time, ok bool) {
	if !w.Recurring() {
		return w.From, w.Until, w.From.After(after)
	}
	if w.From.After(after) {
		// What began before the window's own beginning and still lasts then
		// begins with it.
		if from, until, ok = w.occurrence(w.From); ok {
			return from, until, true
		}
		after = w.From
	}
	day := w.day(after)
	for range farthest {
		if w.allows(day) {
			from, until = w.on(day)
			if !w.Until.IsZero() && !from.Before(w.Until) {
				return time.Time{}, time.Time{}, false
			}
			if from.After(after) {
				return from, until, true
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}, time.Time{}, false
}

// occurrence returns the occurrence that covers a moment; of several that
// overlap, the one that ends last.
func (w Window) occurrence(at time.Time) (from, until time.Time, ok bool) {
	if at.Before(w.From) || !w.Until.IsZero() && !at.Before(w.Until) {
		return from, until, false
	}
	if !w.Recurring() {
		return w.From, w.Until, true
	}
	// Today's may begin later than now or cover it; a day more for the hour by
	// which days differ.
	day := w.day(at)
	for range int(w.Duration/(24*time.Hour)) + 3 {
		if w.allows(day) {
			if from, until = w.on(day); !at.Before(from) && at.Before(until) {
				return from, until, true
			}
		}
		day = day.AddDate(0, 0, -1)
	}
	return time.Time{}, time.Time{}, false
}
