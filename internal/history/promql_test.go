package history

import (
	"testing"
	"time"

	"vitals/checks"
)

// t0 is a round moment: 1,800,000,000 s after 1970.
var t0 = time.UnixMilli(1_800_000_000_000)

// recordSeries keeps one value of a series every step from t0 on.
func recordSeries(t testing.TB, db *DB, step time.Duration, name string, labels map[string]string, values ...float64) {
	t.Helper()
	results := make([]checks.Result, len(values))
	for i, v := range values {
		at := t0.Add(time.Duration(i) * step)
		results[i] = checks.Result{Check: "test " + name, Started: at, Samples: []checks.Sample{{Name: name, Labels: labels, Value: v, Time: at}}}
	}
	record(t, db, results...)
}

func TestRateOfACounter(t *testing.T) {
	db := open(t, Options{})
	recordSeries(t, db, time.Minute, "requests_total", map[string]string{"job": "api"}, 0, 60, 120, 180, 240, 300)
	e := NewEngine(db, EngineOptions{})
	a, err := e.Instant(t.Context(), "rate(requests_total[5m])", t0.Add(5*time.Minute))
	if err != nil || len(a.Vector) != 1 || a.Vector[0].Value.Value != 1 || a.Vector[0].Labels["job"] != "api" {
		t.Errorf("got %+v, %v; want 1 a second", a, err)
	}
}
