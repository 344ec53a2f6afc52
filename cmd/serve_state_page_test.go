package cmd

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/report"
)

// countingEngine fails a check for a tenth of each stretch that it is asked of.
type countingEngine struct{ asked []time.Time }

func (e *countingEngine) Instant(_ context.Context, _ string, at time.Time) (history.Answer, error) {
	e.asked = append(e.asked, at)
	return history.Answer{Kind: history.Vector, Vector: []history.Element{{Labels: map[string]string{"check": "database"}, Value: history.Value{Time: at, Value: 0.1}}}}, nil
}

// TestDaysThatAreOverAreAskedForOnce also goes through the night in which clocks
// change.
func TestDaysThatAreOverAreAskedForOnce(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, zone)
	u, engine := newUptime(t.Context()), &countingEngine{}
	if err := u.look(t.Context(), engine, now, zone); err != nil {
		t.Fatal(err)
	}
	if len(engine.asked) != 1+uptimeDays {
		t.Errorf("the first look asked %d times", len(engine.asked))
	}
	for _, at := range engine.asked[2:] {
		if h, m, s := at.In(zone).Clock(); h+m+s != 0 {
			t.Errorf("a day ends at %s", at.In(zone))
		}
	}
	engine.asked = nil
	if err := u.look(t.Context(), engine, now.Add(time.Minute), zone); err != nil || len(engine.asked) != 3 {
		t.Errorf("the second look asked %d times, %v", len(engine.asked), err)
	}
	p := report.StatusPage{Now: now, Checks: []report.PageCheck{{Result: checks.Result{Check: "database"}}, {Result: checks.Result{Check: "other"}}}}
	u.onto(&p)
	if c := p.Checks[0]; *c.Day != 90 || *c.Quarter < 89.999 || *c.Quarter > 90.001 || len(c.Days) != uptimeDays || c.Days[89].Date.Day() != 23 || c.Days[0].Failed != 0.1 {
		t.Errorf("%+v", c)
	}
	if c := p.Checks[1]; c.Day != nil || c.Quarter != nil || c.Days != nil {
		t.Errorf("of a check that nothing is known of: %+v", c)
	}
}

func TestSinceWhenSomethingFails(t *testing.T) {
	db, err := history.Open(t.Context(), history.Options{Path: filepath.Join(t.TempDir(), "history.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	began := time.Now().Add(-2 * time.Hour).Truncate(time.Second)
	record := func(from, n int, status checks.Status) {
		var all []checks.Result
		for i := range n {
			all = append(all, checks.Result{Check: "database", Status: status, Summary: "s", Started: began.Add(time.Duration(from+i) * time.Second)})
		}
		if err := db.Record(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	book := &sinceBook{}
	since := func(at int, status checks.Status) (int, bool) {
		p := report.StatusPage{Now: began.Add(time.Duration(at) * time.Second), Checks: []report.PageCheck{{Result: checks.Result{Check: "database", Status: status, Started: began.Add(time.Duration(at) * time.Second)}}}}
		if err := pageTrends(t.Context(), &p, db, book); err != nil {
			t.Fatal(err)
		}
		return int(p.Checks[0].Since.Sub(began).Seconds()), p.Checks[0].SinceAtLeast
	}
	record(0, 10, checks.Healthy)
	record(10, 200, checks.Unhealthy) // longer ago than the page's bars reach
	for range 2 {                     // looked up, then remembered
		if s, atLeast := since(209, checks.Unhealthy); s != 10 || atLeast {
			t.Errorf("since %d, %v", s, atLeast)
		}
	}
	record(210, 5, checks.Healthy)
	record(215, 70, checks.Unhealthy) // what is remembered has ended meanwhile
	if s, atLeast := since(284, checks.Unhealthy); s != 215 || atLeast {
		t.Errorf("the second time since %d, %v", s, atLeast)
	}
	record(285, pageBack+10, checks.Degraded)
	if s, atLeast := since(285+pageBack+9, checks.Degraded); s != 295 || !atLeast {
		t.Errorf("beyond what is looked through: since %d, %v", s, atLeast)
	}
}
