package alerting_test

import (
	"strings"
	"testing"
	"time"

	"vitals/alerting"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func when(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

var everyAlert = []alerting.Matcher{{Name: "alertname", Op: "=~", Value: ".+"}}

// nightly recurs every day.
func nightly(t *testing.T, place, start string, lasts time.Duration) alerting.Window {
	t.Helper()
	at, err := alerting.ParseClock(start)
	if err != nil {
		t.Fatal(err)
	}
	return alerting.Window{Name: "nightly", Matchers: everyAlert, By: "ops", At: at, Duration: lasts, Location: zone(t, place)}
}

func TestWindowsInTheNightsOfTheClocks(t *testing.T) {
	const two = 2 * time.Hour
	for name, c := range map[string]struct {
		place, start string
		lasts        time.Duration
		after        string // the occurrence after this
		from, until  string
	}{
		"an ordinary night":           {"Europe/Berlin", "01:30", two, "2026-01-10T12:00:00+01:00", "2026-01-11T01:30:00+01:00", "2026-01-11T03:30:00+01:00"},
		"forward, across":             {"Europe/Berlin", "01:30", two, "2026-03-28T12:00:00+01:00", "2026-03-29T01:30:00+01:00", "2026-03-29T04:30:00+02:00"},
		"forward, at a time leapt":    {"Europe/Berlin", "02:30", two, "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T05:00:00+02:00"},
		"forward, the leap itself":    {"Europe/Berlin", "02:00", two, "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T05:00:00+02:00"},
		"forward, after":              {"Europe/Berlin", "03:00", two, "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T05:00:00+02:00"},
		"back, across":                {"Europe/Berlin", "01:30", two, "2026-10-24T12:00:00+02:00", "2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		"back, at a time shown twice": {"Europe/Berlin", "02:30", two, "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T03:30:00+01:00"},
		"back, after":                 {"Europe/Berlin", "03:00", two, "2026-10-24T12:00:00+02:00", "2026-10-25T03:00:00+01:00", "2026-10-25T05:00:00+01:00"},
		"New York, forward":           {"America/New_York", "01:30", two, "2026-03-07T12:00:00-05:00", "2026-03-08T01:30:00-05:00", "2026-03-08T04:30:00-04:00"},
		"New York, leapt":             {"America/New_York", "02:15", two, "2026-03-07T12:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T05:00:00-04:00"},
		"New York, back":              {"America/New_York", "01:30", two, "2026-10-31T12:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T02:30:00-05:00"},
		"India knows no summer time":  {"Asia/Kolkata", "01:30", two, "2026-03-28T12:00:00+05:30", "2026-03-29T01:30:00+05:30", "2026-03-29T03:30:00+05:30"},
		"half an hour, Lord Howe":     {"Australia/Lord_Howe", "02:15", two, "2026-10-03T12:00:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T04:30:00+11:00"},
		"midnight is leapt, Beirut":   {"Asia/Beirut", "00:00", two, "2026-03-28T12:00:00+02:00", "2026-03-29T01:00:00+03:00", "2026-03-29T03:00:00+03:00"},
	} {
		w := nightly(t, c.place, c.start, c.lasts)
		from, until, ok := w.Next(when(t, c.after))
		if !ok || !from.Equal(when(t, c.from)) || !until.Equal(when(t, c.until)) {
			t.Errorf("%s: %s to %s, %v; want %s to %s", name, from.Format(time.RFC3339), until.Format(time.RFC3339), ok, c.from, c.until)
			continue
		}
		for offset, want := range map[time.Duration]bool{-time.Second: false, 0: true, c.lasts - time.Second: true, c.lasts: false} {
			if got := w.Covers(from.Add(offset)); got != want {
				t.Errorf("%s: covers %s after its start: %v", name, offset, got)
			}
		}
	}
}

func TestWindowsRecur(t *testing.T) {
	base := nightly(t, "Europe/Berlin", "22:00", 4*time.Hour)
	base.Name = "db"
	for name, c := range map[string]struct {
		change func(*alerting.Window)
		after  string
		want   string // the next three starts, "" for none
	}{
		"every day":          {func(*alerting.Window) {}, "2026-01-01T22:00:00+01:00", "2026-01-02 2026-01-03 2026-01-04"},
		"on Sundays":         {func(w *alerting.Window) { w.Weekdays = []time.Weekday{time.Sunday} }, "2026-01-01T00:00:00+01:00", "2026-01-04 2026-01-11 2026-01-18"},
		"at the month's end": {func(w *alerting.Window) { w.Days = []int{-1} }, "2028-01-31T23:00:00+01:00", "2028-02-29 2028-03-31 2028-04-30"},
		"on the 31st":        {func(w *alerting.Window) { w.Days = []int{31} }, "2026-01-31T22:00:00+01:00", "2026-03-31 2026-05-31 2026-07-31"},
		"the first Sunday":   {func(w *alerting.Window) { w.Days, w.Weekdays = []int{1, 2, 3, 4, 5, 6, 7}, []time.Weekday{time.Sunday} }, "2026-01-04T22:00:00+01:00", "2026-02-01 2026-03-01 2026-04-05"},
		"in the holidays":    {func(w *alerting.Window) { w.Months, w.Days = []time.Month{time.December}, []int{24, 25} }, "2026-01-01T00:00:00Z", "2026-12-24 2026-12-25 2027-12-24"},
		"a Monday's leap day": {func(w *alerting.Window) {
			w.Months, w.Days, w.Weekdays = []time.Month{time.February}, []int{29}, []time.Weekday{time.Monday}
		}, "2026-01-01T00:00:00Z", "2044-02-29 2072-02-29 2112-02-29"},
		"until a day":             {func(w *alerting.Window) { w.Until = when(t, "2026-01-04T00:00:00+01:00") }, "2026-01-01T22:00:00+01:00", "2026-01-02 2026-01-03"},
		"from a day":              {func(w *alerting.Window) { w.From = when(t, "2026-02-01T12:00:00+01:00") }, "2026-01-01T22:00:00+01:00", "2026-02-01 2026-02-02 2026-02-03"},
		"from within an occurren": {func(w *alerting.Window) { w.From = when(t, "2026-02-01T23:00:00+01:00") }, "2026-01-01T22:00:00+01:00", "2026-02-01 2026-02-02 2026-02-03"},
	} {
		w := base
		c.change(&w)
		if err := w.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for at := when(t, c.after); len(got) < 3; {
			from, until, ok := w.Next(at)
			if !ok {
				break
			}
			if until.Sub(from) > w.Duration || !until.After(from) {
				t.Errorf("%s: %s to %s", name, from, until)
			}
			got, at = append(got, from.In(w.Location).Format(time.DateOnly)), from
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	// Over midnight: the window of Sunday covers the first hours of Monday.
	base.Weekdays = []time.Weekday{time.Sunday}
	for at, want := range map[string]bool{
		"2026-01-04T21:59:59+01:00": false, "2026-01-04T22:00:00+01:00": true, "2026-01-05T01:59:59+01:00": true, "2026-01-05T02:00:00+01:00": false,
		"2026-01-05T22:30:00+01:00": false, "2026-01-04T21:30:00Z": true,
	} {
		if got := base.Covers(when(t, at)); got != want {
			t.Errorf("%s is covered: %v", at, got)
		}
	}
}

func TestAWindowIsASilence(t *testing.T) {
	w := nightly(t, "Asia/Kolkata", "01:30", 2*time.Hour)
	w.Why = "backups"
	at := when(t, "2026-05-01T02:00:00+05:30")
	s, ok := w.Silence(at)
	if !ok || s.Validate() != nil || s.By != "ops" || s.Why != "backups" || !s.From.Equal(when(t, "2026-05-01T01:30:00+05:30")) {
		t.Fatalf("%v %+v: %v", ok, s, s.Validate())
	}
	if again, _ := w.Silence(at.Add(time.Hour)); again.ID != s.ID {
		t.Errorf("the same occurrence is %s and %s", s.ID, again.ID)
	}
	if next, _ := w.Silence(at.Add(24 * time.Hour)); next.ID == s.ID {
		t.Error("two occurrences share an ID")
	}
	if _, covered := alerting.Silenced([]alerting.Silence{s}, map[string]string{"alertname": "x"}, at); !covered {
		t.Error("the silence does not cover")
	}
	if _, ok := w.Silence(at.Add(2 * time.Hour)); ok {
		t.Error("a silence outside the window")
	}
	once := alerting.Window{Name: "move", Matchers: everyAlert, By: "ops", From: at, Until: at.Add(time.Hour)}
	if err := once.Validate(); err != nil || !once.Covers(at) || once.Covers(at.Add(time.Hour)) || once.Covers(at.Add(-time.Second)) {
		t.Errorf("one-off: %v", err)
	}
	if from, _, ok := once.Next(at.Add(-time.Hour)); !ok || !from.Equal(at) {
		t.Error("a one-off window is its own next")
	}
	if _, _, ok := once.Next(at); ok {
		t.Error("a one-off window does not come again")
	}
}

func TestWindowsThatCannotBeUsed(t *testing.T) {
	for want, change := range map[string]func(*alerting.Window){
		"needs at least one matcher":                func(w *alerting.Window) { w.Matchers = nil },
		"needs from and until, or a start and a d":  func(w *alerting.Window) { w.Duration, w.At = 0, alerting.Clock{} },
		"that recurs needs a duration":              func(w *alerting.Window) { w.Duration = 0 },
		"must end after it begins":                  func(w *alerting.Window) { w.From, w.Until = time.Unix(9, 0), time.Unix(9, 0) },
		"the duration must be more than 0 and at m": func(w *alerting.Window) { w.Duration = -time.Hour },
		"at most 31 days, not 800h0m0s":             func(w *alerting.Window) { w.Duration = 800 * time.Hour },
		"the start must be a time of day":           func(w *alerting.Window) { w.At.Hour = 24 },
		"0 is not a day of a month":                 func(w *alerting.Window) { w.Days = []int{0} },
		"7 is not a day of the week":                func(w *alerting.Window) { w.Weekdays = []time.Weekday{7} },
		"13 is not a month":                         func(w *alerting.Window) { w.Months = []time.Month{13} },
		"it never begins":                           func(w *alerting.Window) { w.Months, w.Days = []time.Month{time.February}, []int{30} },
	} {
		w := nightly(t, "UTC", "01:30", time.Hour)
		change(&w)
		if err := w.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWordsOfWindows(t *testing.T) {
	for text, want := range map[string]string{"01:30": "01:30", " 23:59 ": "23:59", "1:05": "01:05", "24:00": "", "01:60": "", "noon": "", "": "", "01:30:00": ""} {
		c, err := alerting.ParseClock(text)
		if (err == nil) != (want != "") || err == nil && c.String() != want {
			t.Errorf("%q: %s, %v", text, c, err)
		}
	}
	for text, want := range map[string]time.Weekday{"sunday": 0, "Sat": 6, "MONDAY": 1, "mo": -1, "": -1, "sunny": -1} {
		if d, err := alerting.ParseWeekday(text); (err == nil) != (want >= 0) || err == nil && d != want {
			t.Errorf("%q: %s, %v", text, d, err)
		}
	}
	for text, want := range map[string]time.Month{"january": 1, "Dec": 12, "MAY": 5, "13": 0, "": 0} {
		if m, err := alerting.ParseMonth(text); (err == nil) != (want > 0) || err == nil && m != want {
			t.Errorf("%q: %s, %v", text, m, err)
		}
	}
}
