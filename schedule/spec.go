// Package schedule decides when something is to be run and sees to it that it
// is run once: cron specs, the policy for missed times, a scheduler that any
// number of processes may run over one store, crontab lines and systemd units
// for those who run no daemon, and the checklists of a team's routine.
//
// What is run, and where runs are kept, is handed to it.
package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Spec says when something is to be run. Parse makes one; the zero value never
// comes.
//
// Two kinds of specs treat the nights in which clocks change differently:
//
//   - Where the hour is free (*, or 0-23), the spec means moments that come all
//     day long. They follow the clock on the wall: "*/15 * * * *" comes every
//     real quarter of an hour, in the hour that the clock shows twice too, and
//     there is nothing to make up for the hour that it leaps over.
//   - Where the hour is given, the spec means times of the day, and each comes
//     once. One that the clock leaps over comes at the first moment after the
//     leap (several such times are one). One that the clock shows twice comes
//     the first time it is shown.
//
// "@every" knows no clock on the wall: its moments are the multiples of its
// length since 1970-01-01 00:00 UTC, the same in every process.
//
// Where both days of the month and days of the week are given, either will do;
// where one of them begins with *, such as */2, both have to fit. So says
// crontab(5).
type Spec struct {
	text  string // as it was written, without the zone
	zone  string // the zone as it was written, "" for the one that Parse was given
	loc   *time.Location
	every time.Duration      // of @every, else 0
	cron  *cron.SpecSchedule // nil for @every
}

// String returns the spec as Parse reads it: cleaned of needless spaces, with
// CRON_TZ= before it where it names its own zone.
func (s Spec) String() string {
	if s.zone != "" {
		return "CRON_TZ=" + s.zone + " " + s.text
	}
	return s.text
}

// IsZero tells whether the spec was never parsed.
func (s Spec) IsZero() bool { return s.every == 0 && s.cron == nil }

// Location is the zone whose clock the spec means; nil for the zero value.
func (s Spec) Location() *time.Location { return s.loc }

// Every is the length of an @every spec, 0 for all others.
func (s Spec) Every() time.Duration { return s.every }

// Next returns the first moment later than the one given, in the spec's zone.
// It is the zero time for the zero Spec only.
func (s Spec) Next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return nextMultiple(after, s.every).In(s.loc)
	case s.cron == nil:
		return time.Time{}
	case s.freeHour():
		return s.nextShown(after.In(s.loc))
	}
	return s.nextTimeOfDay(after.In(s.loc))
}

// Latest returns the last moment that is later than after and not later than
// until; the zero time when there is none. It takes some 40 steps, however many
// moments lie between.
func (s Spec) Latest(after, until time.Time) time.Time {
	first := s.Next(after)
	if first.IsZero() || first.After(until) {
		return time.Time{}
	}
	// Next(low) is always within, Next(high) never. Moments are whole seconds.
	low, high := after, until
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2)
		if s.Next(middle).After(until) {
			high = middle
		} else {
			low = middle
		}
	}
	return s.Next(low)
}

// nextMultiple is the first multiple of the length since the epoch that is
// later than the moment. Lengths are whole seconds.
func nextMultiple(after time.Time, length time.Duration) time.Time {
	step := int64(length / time.Second)
	count := after.Unix() / step
	if after.Unix()%step < 0 {
		count--
	}
	return time.Unix((count+1)*step, 0)
}
