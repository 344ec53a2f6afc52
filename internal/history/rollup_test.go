package history

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"vitals/checks"
)

// TestRolledUp compares answers over samples with those over the hours that
// were made of them.
func TestRolledUp(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	clock := now.Add(-3 * 24 * time.Hour)
	o := Options{Retention: 400 * 24 * time.Hour, RawRetention: 24 * time.Hour, Now: func() time.Time { return clock }}
	db := open(t, o)
	recordMinutes(t, db, clock, now)
	e := NewEngine(db, EngineOptions{})
	old, mixed, recent := now.Add(-40*time.Hour), now.Add(-10*time.Hour), now.Add(-time.Hour)
	type asked struct {
		expr string
		at   time.Time
		off  float64 // how far the answers may lie apart, of the first
	}
	var questions []asked
	for _, at := range []time.Time{old, mixed, recent} {
		at = at.Add(-time.Millisecond) // ranges of whole hours
		questions = append(questions,
			asked{`min_over_time(gauge[12h])`, at, 0}, asked{`max_over_time(gauge[12h])`, at, 0},
			asked{`avg_over_time(gauge[12h])`, at, 1e-9}, asked{`sum_over_time(gauge[12h])`, at, 1e-9}, asked{`count_over_time(gauge[12h])`, at, 0},
			asked{`increase(work_total[12h])`, at, 0.02}, asked{`increase(restarted_total[12h])`, at, 0.03}, asked{`rate(work_total[24h])`, at, 0.02},
			asked{`avg_over_time(vitals_check_failed[24h])`, at, 1e-9}, asked{`gauge`, at, 0.6}, asked{`work_total`, at, 0.01})
	}
	before := map[asked]float64{}
	for _, q := range questions {
		before[q] = value(t, e, q.expr, q.at)
	}
	clock = now
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		after := value(t, e, q.expr, q.at)
		if math.Abs(after-before[q]) > q.off*math.Abs(before[q]) {
			t.Errorf("%s at %s: %v by the hour, %v by the sample", q.expr, q.at.Format(time.DateTime), after, before[q])
		}
	}
	steady(t, e, now)
}

// recordMinutes records a gauge that swings, a counter and a check, once a minute.
func recordMinutes(t *testing.T, db *DB, from, to time.Time) {
	t.Helper()
	var batch []checks.Result
	for at, i := from, 0; at.Before(to); at, i = at.Add(time.Minute), i+1 {
		r := checks.OK("").Measure("gauge", 50+40*math.Sin(float64(i)/97)).Measure("work_total", float64(i)*3).Measure("restarted_total", float64(i%100)*3)
		r.Check, r.Started = "web", at
		if i%100 == 0 {
			r.Status = checks.Unhealthy
		}
		if batch = append(batch, r); len(batch) == 500 {
			record(t, db, batch...)
			batch = nil
		}
	}
	record(t, db, batch...)
}

func value(t *testing.T, e *Engine, expr string, at time.Time) float64 {
	t.Helper()
	a, err := e.Instant(t.Context(), expr, at)
	if err != nil || len(a.Vector) != 1 {
		t.Fatalf("%s at %s: %+v, %v", expr, at, a, err)
	}
	return a.Vector[0].Value.Value
}

// steady: a chart over hours and samples has neither gap nor jump.
func steady(t *testing.T, e *Engine, now time.Time) {
	t.Helper()
	a, err := e.Range(t.Context(), "work_total", now.Add(-60*time.Hour), now.Add(-time.Minute), 3*time.Minute)
	if err != nil || len(a.Matrix) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	values := a.Matrix[0].Values
	if want := 60*20 - 1; len(values) < want {
		t.Errorf("the chart has %d of %d points", len(values), want)
	}
	for i := 1; i < len(values); i++ {
		if step := values[i].Value - values[i-1].Value; step < 0 || step > 40 {
			t.Errorf("at %s the counter jumps by %v", values[i].Time, step)
		}
	}
}

// TestRolledUpOnce: several who prune at once, and late samples, double nothing.
func TestRolledUpOnce(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	o := Options{Retention: 400 * 24 * time.Hour, RawRetention: 24 * time.Hour, Now: func() time.Time { return now }, BusyTimeout: 30 * time.Second, Path: filepath.Join(t.TempDir(), "history.db")}
	db := open(t, o)
	recordMinutes(t, db, now.Add(-50*time.Hour), now)
	failed := make(chan error, 4)
	for range 4 {
		other := open(t, o)
		go func() { failed <- other.Prune(t.Context()) }()
	}
	for range 4 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	e := NewEngine(db, EngineOptions{})
	if n := value(t, e, "count_over_time(gauge[48h])", now.Add(-time.Second)); n != 48*60 {
		t.Errorf("%v samples in two days, want %d", n, 48*60)
	}
	late := checks.OK("").Measure("gauge", 1000)
	late.Check, late.Started = "web", now.Add(-40*time.Hour).Add(17*time.Second)
	record(t, db, late)
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, most := value(t, e, "count_over_time(gauge[48h])", now.Add(-time.Second)), value(t, e, "max_over_time(gauge[48h])", now.Add(-time.Second)); n != 48*60+1 || most != 1000 {
		t.Errorf("with a late sample there are %v, the largest %v", n, most)
	}
}

// TestNothingToRollUp: NaN is no number, and an hour of nothing else answers
// nothing.
func TestNothingToRollUp(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	db := open(t, Options{Retention: 400 * 24 * time.Hour, RawRetention: time.Hour, Now: func() time.Time { return now }})
	for i := range 30 {
		r := checks.OK("").Measure("odd", math.NaN()).Measure("mixed", []float64{math.NaN(), 4}[i%2])
		r.Check, r.Started = fmt.Sprint("c", i), now.Add(-10*time.Hour).Add(time.Duration(i)*time.Second)
		record(t, db, r)
	}
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := NewEngine(db, EngineOptions{})
	at := now.Add(-9 * time.Hour)
	if a, err := e.Instant(t.Context(), "count_over_time(odd[2h])", at); err != nil || len(a.Vector) != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if n := value(t, e, "count_over_time(mixed[2h])", at); n != 15 {
		t.Errorf("%v values, want 15", n)
	}
}
