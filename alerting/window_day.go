package alerting

import (
	"slices"
	"time"
)

// day is the calendar day of a moment in the window's location, as noon in UTC:
// days are counted where there is no summer time.
func (w Window) day(at time.Time) time.Time {
	y, m, d := at.In(w.location()).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

func (w Window) location() *time.Location {
	if w.Location == nil {
		return time.UTC
	}
	return w.Location
}

// allows tells whether the window begins on a day.
func (w Window) allows(day time.Time) bool {
	if len(w.Months) > 0 && !slices.Contains(w.Months, day.Month()) {
		return false
	}
	if len(w.Weekdays) > 0 && !slices.Contains(w.Weekdays, day.Weekday()) {
		return false
	}
	if len(w.Days) == 0 {
		return true
	}
	last := time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
	return slices.Contains(w.Days, day.Day()) || slices.Contains(w.Days, day.Day()-last-1)
}

// on returns the occurrence of a day, cut to the window's From and Until.
func (w Window) on(day time.Time) (from, until time.Time) {
	from = wall(day, w.At, w.location())
	until = from.Add(w.Duration)
	if from.Before(w.From) {
		from = w.From
	}
	if !w.Until.IsZero() && until.After(w.Until) {
		until = w.Until
	}
	return from, until
}

// wall is the moment at which the clocks of a location show a time of a day:
// the first such moment, and where they leap over it the moment of the leap.
func wall(day time.Time, c Clock, location *time.Location) time.Time {
	shown := time.Date(day.Year(), day.Month(), day.Day(), c.Hour, c.Minute, 0, 0, time.UTC)
	// With the offset from before a change, and with that from after it.
	_, before := shown.Add(-24 * time.Hour).In(location).Zone()
	_, after := shown.Add(24 * time.Hour).In(location).Zone()
	early := shown.Add(-time.Duration(before) * time.Second).In(location)
	late := shown.Add(-time.Duration(after) * time.Second).In(location)
	if late.Before(early) {
		early, late = late, early
	}
	switch {
	case shows(early, c):
		return early
	case shows(late, c):
		return late
	}
	leap, _ := late.ZoneBounds()
	return leap.In(location)
}

func shows(t time.Time, c Clock) bool { return t.Hour() == c.Hour && t.Minute() == c.Minute }
