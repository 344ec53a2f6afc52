package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func mustParse(t *testing.T, text string, loc *time.Location) Spec {
	t.Helper()
	s, err := Parse(text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestNext(t *testing.T) {
	tests := []struct {
		name, spec, zone, after string
		want                    []string
	}{
		{"every quarter", "*/15 * * * *", "UTC", "2026-11-23T10:07:31Z", []string{"2026-11-23T10:15:00Z", "2026-11-23T10:30:00Z"}},
		{"seconds first", "*/20 * * * * *", "UTC", "2026-11-23T10:07:40Z", []string{"2026-11-23T10:08:00Z", "2026-11-23T10:08:20Z"}},
		{"strictly later", "0 10 * * *", "UTC", "2026-11-23T10:00:00Z", []string{"2026-11-24T10:00:00Z"}},
		{"fraction of a second", "0 10 * * *", "UTC", "2026-11-23T09:59:59.999Z", []string{"2026-11-23T10:00:00Z"}},
		{"its own zone", "CRON_TZ=Asia/Kolkata 30 2 * * *", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-24T02:30:00+05:30"}},
		{"the other name of the zone", "TZ=America/New_York 0 9 * * MON", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-23T09:00:00-05:00", "2026-11-30T09:00:00-05:00"}},
		{"Sunday is 7", "0 0 * * 7", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"}},
		{"Saturday to Sunday", "0 0 * * sat-sun", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", "2026-12-05T00:00:00Z"}},
		{"Friday to 7 by 2", "0 0 * * 5-7/2", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-27T00:00:00Z", "2026-11-29T00:00:00Z"}},
		{"either day will do", "0 0 25 * 1", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-25T00:00:00Z", "2026-11-30T00:00:00Z"}},
		{"both days where one begins with a star", "0 0 */2 * 1", "UTC", "2026-11-23T00:00:00Z", []string{"2026-12-07T00:00:00Z", "2026-12-21T00:00:00Z"}},
		{"leap day", "0 0 29 2 *", "UTC", "2026-11-23T00:00:00Z", []string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
		{"leap day across 2100", "0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z", []string{"2104-02-29T00:00:00Z"}},
		{"a 1st of June on a Monday", "0 0 */31 6 1", "UTC", "2026-06-01T00:00:00Z", []string{"2037-06-01T00:00:00Z"}},
		{"daily", "@daily", "Asia/Kolkata", "2026-11-23T00:00:00Z", []string{"2026-11-24T00:00:00+05:30"}},
		{"weekly", "@weekly", "UTC", "2026-11-23T00:00:00Z", []string{"2026-11-29T00:00:00Z"}},
		{"every 90 s", "@every 90s", "UTC", "2026-11-23T00:00:10Z", []string{"2026-11-23T00:01:30Z", "2026-11-23T00:03:00Z"}},
		{"every 90 s, before 1970", "@every 90s", "UTC", "1969-12-31T23:58:31Z", []string{"1970-01-01T00:00:00Z"}},

		// Clocks forward: 2027-03-28 02:00 CET → 03:00 CEST.
		{"Berlin, skipped", "30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"}},
		{"Berlin, several skipped are one", "*/15 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:00:00+02:00"}},
		{"Berlin, skipped and on time are one", "0 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00+01:00", []string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:00:00+02:00"}},
		{"Berlin, quarters forward", "*/15 * * * *", "Europe/Berlin", "2027-03-28T01:40:00+01:00", []string{"2027-03-28T01:45:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:15:00+02:00"}},
		{"Berlin, half hours forward", "30 * * * *", "Europe/Berlin", "2027-03-28T01:00:00+01:00", []string{"2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"}},
		// Clocks back: 2026-10-25 03:00 CEST → 02:00 CET.
		{"Berlin, repeated", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"Berlin, within the second showing", "45 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", []string{"2026-10-26T02:45:00+01:00"}},
		{"Berlin, quarters back", "*/15 * * * *", "Europe/Berlin", "2026-10-25T02:30:00+02:00", []string{"2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:15:00+01:00"}},
		{"Berlin, hourly back", "@hourly", "Europe/Berlin", "2026-10-25T01:30:00+02:00", []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}},
		{"Berlin, after the hour", "0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", []string{"2026-10-25T03:00:00+01:00"}},

		// 2027-03-14 02:00 EST → 03:00 EDT, 2026-11-01 02:00 EDT → 01:00 EST.
		{"New York, skipped", "30 2 * * *", "America/New_York", "2027-03-13T12:00:00-05:00", []string{"2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"}},
		{"New York, repeated", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00", []string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		{"New York, quarters back", "*/15 * * * *", "America/New_York", "2026-11-01T01:45:00-04:00", []string{"2026-11-01T01:00:00-05:00"}},

		// Half an hour: 2026-10-04 02:00 +10:30 → 02:30 +11, 2027-04-04 02:00 +11 → 01:30 +10:30.
		{"Lord Howe, skipped", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", []string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"Lord Howe, not skipped", "45 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", []string{"2026-10-04T02:45:00+11:00"}},
		{"Lord Howe, repeated", "45 1 * * *", "Australia/Lord_Howe", "2027-04-03T12:00:00+11:00", []string{"2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"}},
		{"Lord Howe, quarters forward", "*/15 * * * *", "Australia/Lord_Howe", "2026-10-04T01:45:00+10:30", []string{"2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00"}},
		{"Lord Howe, quarters back", "*/15 * * * *", "Australia/Lord_Howe", "2027-04-04T01:45:00+11:00", []string{"2027-04-04T01:30:00+10:30", "2027-04-04T01:45:00+10:30", "2027-04-04T02:00:00+10:30"}},

		{"Kolkata knows no summer time", "30 2 * * *", "Asia/Kolkata", "2027-03-27T12:00:00+05:30", []string{"2027-03-28T02:30:00+05:30", "2027-03-29T02:30:00+05:30"}},
		{"midnight skipped in Cairo", "@daily", "Africa/Cairo", "2026-04-23T12:00:00+02:00", []string{"2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"}},
		{"a day skipped in Samoa", "30 2 * * *", "Pacific/Apia", "2011-12-29T12:00:00-10:00", []string{"2011-12-31T00:00:00+14:00", "2011-12-31T02:30:00+14:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, moment := mustParse(t, tt.spec, zone(t, tt.zone)), at(t, tt.after)
			for _, want := range tt.want {
				moment = s.Next(moment)
				if moment.Format(time.RFC3339) != want {
					t.Fatalf("Next is %s, want %s", moment.Format(time.RFC3339), want)
				}
			}
		})
	}
}

// TestEachDayOnce counts over whole years, whatever the nights bring.
func TestEachDayOnce(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago"} {
		loc := zone(t, name)
		from, until := time.Date(2026, 1, 1, 0, 0, 0, 0, loc), time.Date(2028, 1, 1, 0, 0, 0, 0, loc)
		for spec, want := range map[string]int{"30 2 * * *": 730, "45 1 * * *": 730, "0 0 * * *": 730, "*/15 * * * *": 730 * 96} {
			s, count := mustParse(t, spec, loc), 0
			var before time.Time
			for m := s.Next(from.Add(-time.Second)); m.Before(until); m = s.Next(m) {
				if !before.IsZero() && spec == "*/15 * * * *" && m.Sub(before) != 15*time.Minute {
					t.Errorf("%s: %s comes %s after %s", name, m, m.Sub(before), before)
				}
				before = m
				count++
			}
			if count != want {
				t.Errorf("%s %q: %d times in two years, want %d", name, spec, count, want)
			}
		}
	}
}

func TestLatest(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	tests := []struct{ spec, after, until, want string }{
		{"0 * * * *", "2026-11-23T00:00:00Z", "2026-11-23T10:59:59Z", "2026-11-23T10:00:00Z"},
		{"0 * * * *", "2026-11-23T10:00:00Z", "2026-11-23T10:59:59Z", ""},
		{"0 * * * *", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"},
		{"* * * * * *", "1990-11-23T09:00:00Z", "2026-11-23T10:00:00.9Z", "2026-11-23T10:00:00Z"},
		{"@every 7s", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T09:59:58Z"},
		{"30 2 * * *", "2027-03-01T00:00:00Z", "2027-03-28T20:00:00Z", "2027-03-28T01:00:00Z"},
		{"30 2 * * *", "2027-03-01T00:00:00Z", "2027-03-28T00:59:59Z", "2027-03-27T01:30:00Z"},
		{"0 0 1 1 *", "2027-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""},
	}
	for _, tt := range tests {
		got := mustParse(t, tt.spec, berlin).Latest(at(t, tt.after), at(t, tt.until))
		if text := got.UTC().Format(time.RFC3339); (tt.want == "") != got.IsZero() || tt.want != "" && text != tt.want {
			t.Errorf("%q after %s until %s: %s, want %q", tt.spec, tt.after, tt.until, text, tt.want)
		}
	}
}

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		"  */5  *\t* * * ":                "*/5 * * * *",
		"CRON_TZ=Europe/Berlin  @daily":   "CRON_TZ=Europe/Berlin @daily",
		"TZ=UTC 0 0 * * *":                "CRON_TZ=UTC 0 0 * * *",
		"@every 90s":                      "@every 90s",
		"CRON_TZ=Asia/Kolkata\t0 0 * * *": "CRON_TZ=Asia/Kolkata 0 0 * * *",
	} {
		s := mustParse(t, text, time.UTC)
		if s.String() != want {
			t.Errorf("%q is written %q, want %q", text, s, want)
		}
		if again := mustParse(t, s.String(), time.UTC); again.String() != want || !again.Next(time.Now()).Equal(s.Next(time.Now())) {
			t.Errorf("%q does not read back", s)
		}
	}
	if (Spec{}).String() != "" || !(Spec{}).Next(time.Now()).IsZero() || !(Spec{}).IsZero() {
		t.Error("the zero Spec must be empty and never come")
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ spec, want string }{
		{"", "it is empty: write five fields"},
		{"CRON_TZ=UTC", "a space and the fields are missing"},
		{"CRON_TZ=UTC ", "a space and the fields are missing"},
		{"TZ=", "a space and the fields are missing"},
		{"CRON_TZ= 0 0 * * *", `"" is not a time zone`},
		{"CRON_TZ=Mars/Base 0 0 * * *", `"Mars/Base" is not a time zone`},
		{"CRON_TZ=../../etc/passwd 0 0 * * *", "is not a time zone"},
		{"0 0 30 2 *", `it never comes: there is no day "30" of the month in month "2"`},
		{"0 0 31 4,6,9,11 *", "it never comes"},
		{"* * * *", "it has 4 fields"},
		{"0 0 * * * * *", "it has 7 fields"},
		{"60 * * * *", `the minute "60" is wrong: use *, numbers from 0 to 59`},
		{"0 24 * * *", `the hour "24" is wrong: use *, numbers from 0 to 23`},
		{"0 0 0 * *", `the day of the month "0" is wrong: use *, numbers from 1 to 31`},
		{"0 0 * 13 *", `the month "13" is wrong: use *, numbers from 1 to 12, names from jan to dec`},
		{"0 0 * * 8", `the day of the week "8" is wrong`},
		{"0 0 * * foo", `the day of the week "foo" is wrong`},
		{"0 0 L * *", `the day of the month "L" is wrong`},
		{"60 * * * * *", `the second "60" is wrong`},
		{"-1 * * * *", `the minute "-1" is wrong`},
		{"1- * * * *", `the minute "1-" is wrong`},
		{"1-2-3 * * * *", `the minute "1-2-3" is wrong`},
		{"1/2/3 * * * *", `the minute "1/2/3" is wrong`},
		{"0 10-8 * * *", "the range 10-8 ends before it begins"},
		{"0 0 * * fri-mon", "the range fri-mon ends before it begins"},
		{", * * * *", "nothing between two commas"},
		{"1,,2 * * * *", "nothing between two commas"},
		{"*-5 * * * *", "* is no beginning of a range"},
		{"*/0 * * * *", "the step after / must be a number of 1 or more"},
		{"*/x * * * *", "the step after / must be a number of 1 or more"},
		{"*/90 * * * *", "a step of 90 leads out of the minute at once; for other intervals there is @every"},
		{"@reboot", `"@reboot" is not known`},
		{"@every", "@every needs one length"},
		{"@every 1 h", "@every needs one length"},
		{"@every 30d", `"30d" is not a length of time`},
		{"@every 100ms", "@every 100ms is too often: a second (1s) is the least"},
		{"@every -5m", "is too often"},
		{"@every 1500ms", "is not of whole seconds: write 2s"},
		{"0 0 TZ=UTC * *", `"TZ=UTC" is not a day of the month`},
		{"@daily 0 0 * *", "is not known"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.spec, time.UTC)
		if err == nil {
			t.Errorf("%q was accepted", tt.spec)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %q does not say %q", tt.spec, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"*/5 * * * *", "CRON_TZ=UTC 0 0 1-5/2 jan *", "@every 5s", "0 0 29 2 1,7", "TZ=", "? ? ? ? ?"} {
		f.Add(seed)
	}
	now := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, time.UTC)
		if err != nil {
			return
		}
		next := s.Next(now)
		if !next.After(now) {
			t.Errorf("%q: next is %s", text, next)
		}
		again, err := Parse(s.String(), time.UTC)
		if err != nil || !again.Next(now).Equal(next) {
			t.Errorf("%q was written %q: %v", text, s, err)
		}
	})
}
