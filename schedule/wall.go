package schedule

import "time"

// robfig/cron counts in real hours, so that it leaves out what summer time
// skips and repeats what it repeats. Here it only ever sees the clock on the
// wall, written as if it were UTC, where no hour is missing or comes twice.
// What the wall shows becomes a real moment below.

const allHours = 1<<24 - 1

// freeHour tells whether every hour of the day is allowed.
func (s Spec) freeHour() bool { return s.cron.Hour&allHours == allHours }

// wall writes what the clock on the wall shows as a time in UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// nextOnWall returns the next time on the wall that fits; zero when there is
// none within 48 years, which is longer than any spec needs: the 1st of one
// month on one weekday comes every 12 years at worst.
func (s Spec) nextOnWall(shown time.Time) time.Time {
	for range 8 {
		if next := s.cron.Next(shown); !next.IsZero() {
			return next
		}
		// The library gives up at the end of the fifth year.
		shown = time.Date(shown.Year()+6, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second)
	}
	return time.Time{}
}

// nextShown returns the first moment after t at which the wall shows a time
// that fits. It goes from one change of the clocks to the next.
func (s Spec) nextShown(t time.Time) time.Time {
	for shown := wall(t); ; {
		next := s.nextOnWall(shown)
		if next.IsZero() {
			return time.Time{}
		}
		moment := t.Add(next.Sub(wall(t)))
		_, change := t.ZoneBounds()
		if change.IsZero() || moment.Before(change) {
			return moment
		}
		t = change
		shown = wall(t).Add(-time.Nanosecond) // what it shows just then may fit
	}
}

// nextTimeOfDay returns the first moment after t that stands for a time on the
// wall that fits.
func (s Spec) nextTimeOfDay(t time.Time) time.Time {
	for shown := s.nextOnWall(wall(t)); !shown.IsZero(); shown = s.nextOnWall(shown) {
		if moment := momentOf(shown, s.loc); moment.After(t) {
			return moment
		}
	}
	return time.Time{}
}

// momentOf is when the wall shows a time: the first time when it does so
// twice, the moment of the leap when the clocks leap over it.
func momentOf(shown time.Time, loc *time.Location) time.Time {
	t := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, loc)
	start, end := t.ZoneBounds()
	switch w := wall(t); {
	case w.After(shown): // Date chose the zone after the leap
		return start
	case w.Before(shown): // or the one before
		return end
	case start.IsZero():
		return t
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	if earlier := shown.Add(-time.Duration(before) * time.Second).In(loc); earlier.Before(start) {
		return earlier
	}
	return t
}
