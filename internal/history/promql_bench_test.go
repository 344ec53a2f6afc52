package history

import (
	"fmt"
	"testing"
	"time"

	"vitals/checks"
)

// fleet records 10,000 series, 200 of each of 50 metrics, at some moments 15 s
// apart, the last of them at the time it returns.
func fleet(t testing.TB, db *DB, moments int) time.Time {
	t.Helper()
	for m := range moments {
		fleetAt(t, db, t0.Add(time.Duration(m)*15*time.Second), m)
	}
	return t0.Add(time.Duration(moments-1) * 15 * time.Second)
}

// fleetAt records one of the fleet's moments.
func fleetAt(t testing.TB, db *DB, at time.Time, m int) {
	results := make([]checks.Result, 50)
	for i := range results {
		r := checks.Result{Check: fmt.Sprintf("check-%d", i), Started: at}
		for j := range 200 {
			r.Samples = append(r.Samples, checks.Sample{
				Name: fmt.Sprintf("metric_%d_total", i), Value: float64(m*j + i), Time: at,
				Labels: map[string]string{"instance": fmt.Sprintf("host-%d", j), "job": fmt.Sprintf("job-%d", j%7), "environment": "production"},
			})
		}
		results[i] = r
	}
	record(t, db, results...)
}

// rules are 200 expressions, each over 200 of the fleet's series.
func rules() []string {
	var list []string
	for i := range 50 {
		m := fmt.Sprintf("metric_%d_total", i)
		list = append(list,
			m+" > 1e6",
			"rate("+m+"[5m]) > 100",
			"sum by (job) (increase("+m+`{environment="production"}[5m])) > 1e6`,
			"max_over_time("+m+`{instance=~"host-.*[05]"}[2m]) - `+m+" > 1e6")
	}
	return list
}

// What a daemon pays each time it evaluates its rules.
func BenchmarkRules(b *testing.B) {
	db := open(b, Options{})
	at := fleet(b, db, 20)
	e := NewEngine(db, EngineOptions{})
	for b.Loop() {
		evaluate(b, e, rules(), at)
	}
}

// What it would pay for 200 rules that each look at all 10,000 series.
func BenchmarkRulesOverEverything(b *testing.B) {
	db := open(b, Options{})
	at := fleet(b, db, 20)
	e := NewEngine(db, EngineOptions{})
	list := make([]string, 200)
	for i := range list {
		list[i] = fmt.Sprintf(`{__name__=~"metric_.*"} > 1e6+%d`, i)
	}
	for b.Loop() {
		evaluate(b, e, list, at)
	}
}

// evaluate runs a round of rules that nothing fires.
func evaluate(t testing.TB, e *Engine, rules []string, at time.Time) {
	round := e.Round(at)
	defer round.Close()
	for _, rule := range rules {
		a, err := round.Instant(t.Context(), rule)
		if err != nil || len(a.Vector) != 0 {
			t.Fatalf("%s: %d, %v", rule, len(a.Vector), err)
		}
		if none, err := round.NoData(t.Context(), rule); none || err != nil {
			t.Fatalf("%s: no data %v, %v", rule, none, err)
		}
	}
}

// Twenty objectives with their four windows each, over three days of what
// fifty checks find every minute: all in one round, told before or not.
func BenchmarkObjectives(b *testing.B) {
	db := open(b, Options{})
	for m := range 3 * 24 * 60 {
		results := make([]checks.Result, 50)
		for i := range results {
			results[i] = at(fmt.Sprintf("check-%d", i), t0.Add(time.Duration(m)*time.Minute))
		}
		record(b, db, results...)
	}
	e, at := NewEngine(db, EngineOptions{}), t0.Add(3*24*time.Hour)
	var list []string
	for i := range 20 {
		for _, span := range []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"} {
			list = append(list, fmt.Sprintf(`avg_over_time(probe_seconds{target="check-%d"}[%s]) > 0`, i, span))
		}
	}
	for name, told := range map[string][]string{"told": list, "untold": nil} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				round := e.Round(at)
				if err := round.Expect(b.Context(), told); err != nil {
					b.Fatal(err)
				}
				for _, expr := range list {
					if a, err := round.Instant(b.Context(), expr); err != nil || len(a.Vector) != 1 {
						b.Fatalf("%s: %+v, %v", expr, a, err)
					}
				}
				round.Close()
			}
		})
	}
}
