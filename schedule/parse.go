package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// shapes is what an error says a spec may look like.
const shapes = `write five fields (minute, hour, day of the month, month, day of the week) such as "30 2 * * *", ` +
	`six with the second first, @hourly, @daily, @weekly, @monthly, @yearly, or "@every 90s"`

// descriptors are the names that stand for five fields.
func descriptors() map[string]string {
	return map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
		"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
}

// Parse reads a cron spec: five fields, or six with the second first, or one of
// @hourly, @daily (@midnight), @weekly, @monthly and @yearly (@annually), or
// "@every" with a length such as 90s or 1h30m. Before it may stand
// "CRON_TZ=Europe/Berlin " or "TZ=Europe/Berlin ", which is stronger than loc;
// a nil loc is the machine's own zone.
//
// A field holds *, numbers, names (jan, mon), ranges (1-5), lists (1,3) and
// steps (*/15, 10-40/5). Sunday is 0 and 7.
//
// Refused, with an error that names the field and says what was expected: what
// cannot be read, what never comes (30 February), and an @every that is shorter
// than a second or not of whole seconds.
func Parse(text string, loc *time.Location) (Spec, error) {
	s, err := parse(strings.TrimSpace(text), loc)
	if err != nil {
		return Spec{}, fmt.Errorf("the schedule %q cannot be used: %w", text, err)
	}
	return s, nil
}

func parse(text string, loc *time.Location) (Spec, error) {
	if loc == nil {
		loc = time.Local
	}
	s := Spec{loc: loc}
	if strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=") {
		if err := s.takeZone(&text); err != nil {
			return s, err
		}
	}
	fields := strings.Fields(text)
	s.text = strings.Join(fields, " ")
	switch {
	case len(fields) == 0:
		return s, errors.New("it is empty: " + shapes)
	case fields[0] == "@every":
		return s, s.takeEvery(fields[1:])
	case strings.HasPrefix(fields[0], "@"):
		five, known := descriptors()[strings.ToLower(s.text)]
		if !known {
			return s, fmt.Errorf("%q is not known: %s", s.text, shapes)
		}
		fields = strings.Fields(five)
	}
	return s, s.takeFields(fields)
}

// takeZone moves the zone from the beginning of the text to the spec.
func (s *Spec) takeZone(text *string) error {
	_, rest, _ := strings.Cut(*text, "=")
	end := strings.IndexAny(rest, " \t")
	if end < 0 {
		return fmt.Errorf("after the time zone a space and the fields are missing: %s", shapes)
	}
	s.zone, *text = rest[:end], rest[end:]
	loc, err := time.LoadLocation(s.zone)
	if err != nil || s.zone == "" {
		return fmt.Errorf("%q is not a time zone that this machine knows: write a name such as Europe/Berlin or UTC", s.zone)
	}
	s.loc = loc
	return nil
}

// takeEvery reads the length of @every.
func (s *Spec) takeEvery(rest []string) error {
	if len(rest) != 1 {
		return errors.New("@every needs one length, such as @every 90s or @every 1h30m")
	}
	length, err := time.ParseDuration(rest[0])
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a length of time: write hours, minutes and seconds such as 90s, 15m or 36h", rest[0])
	case length < time.Second:
		return fmt.Errorf("@every %s is too often: a second (1s) is the least", rest[0])
	case length%time.Second != 0:
		return fmt.Errorf("@every %s is not of whole seconds: write %s", rest[0], length.Round(time.Second))
	}
	s.every = length
	return nil
}

// takeFields reads five or six fields. Each is tried alone first: the library
// does not say in which field it found fault, and lets some nonsense pass.
func (s *Spec) takeFields(fields []string) error {
	switch len(fields) {
	case 5:
		fields = append([]string{"0"}, fields...)
	case 6:
	default:
		return fmt.Errorf("it has %d fields: %s", len(fields), shapes)
	}
	sets := make([]*cron.SpecSchedule, len(fields))
	for i, f := range cronFields() {
		var err error
		if sets[i], err = f.parse(fields[i]); err != nil {
			return err
		}
	}
	s.cron = &cron.SpecSchedule{
		Second: sets[0].Second, Minute: sets[1].Minute, Hour: sets[2].Hour,
		Dom: sets[3].Dom, Month: sets[4].Month, Dow: sets[5].Dow, Location: time.UTC,
	}
	if s.nextOnWall(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Errorf("it never comes: there is no day %q of the month in month %q", fields[3], fields[4])
	}
	return nil
}
