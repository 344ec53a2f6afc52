package cmd

import (
	"time"
)

// parseMoment reads a moment as people type it: RFC 3339; a date with or
// without a time of day, in the configured time zone; or a time of day alone,
// which is the next such time.
func parseMoment(flag, text string, now time.Time, location *time.Location) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		if at, err := time.ParseInLocation(form, text, location); err == nil {
			return at, nil
		}
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, usageError("Write 18:30, 2026-11-23 18:30 or 2026-11-23T18:30:00+01:00.", "--%s %q is no moment", flag, text)
	}
	today := now.In(location)
	for day := 0; ; day++ {
		at := time.Date(today.Year(), today.Month(), today.Day()+day, clock.Hour(), clock.Minute(), 0, 0, location)
		if at.After(now) {
			return at, nil
		}
	}
}
