package history

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"vitals/checks"
)

// What is read once and shared must be what each would have read for itself:
// random questions, in random order, short and long, against plain arithmetic
// over what was recorded.
func TestRandomQuestions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	db := open(t, Options{})
	recorded := scattered(t, random, db)
	e, at := NewEngine(db, EngineOptions{}), t0.Add(3*time.Hour)
	for i := range 10 {
		round := e.Round(at)
		exprs, wants := make([]string, 40), make([]string, 40)
		for j := range exprs {
			exprs[j], wants[j] = askAtRandom(random, recorded, at)
		}
		if i%2 == 0 {
			if err := round.Expect(t.Context(), append(exprs, "wrong (")); err != nil {
				t.Error(err)
			}
		}
		for j, expr := range exprs {
			want := wants[j]
			for name, f := range map[string]func() (Answer, error){
				"alone":      func() (Answer, error) { return e.Instant(t.Context(), expr, at) },
				"in a round": func() (Answer, error) { return round.Instant(t.Context(), expr) },
			} {
				if a, err := f(); err != nil || text(a) != want {
					t.Errorf("%s, %s\n got %s, %v\nwant %s", expr, name, text(a), err, want)
				}
			}
			none, err := round.NoData(t.Context(), expr)
			if err != nil || none != (want == "{} 0") {
				t.Errorf("%s: no data %v, %v; want %v", expr, none, err, want == "{} 0")
			}
		}
		round.Close()
	}
}

type past struct {
	job    string
	values []Value
}

// scattered records 20 series, three hours long, with samples at random times.
func scattered(t *testing.T, random *rand.Rand, db *DB) []past {
	var all []past
	for i := range 20 {
		p := past{job: fmt.Sprintf("job-%d", i)}
		r := checks.Result{Check: p.job, Started: t0}
		for at := t0; at.Before(t0.Add(3 * time.Hour)); at = at.Add(time.Duration(1+random.IntN(240_000)) * time.Millisecond) {
			v := Value{at, float64(random.IntN(1000))}
			p.values = append(p.values, v)
			r.Samples = append(r.Samples, checks.Sample{Name: "x", Labels: set{"job": p.job}, Value: v.Value, Time: v.Time})
		}
		record(t, db, r)
		all = append(all, p)
	}
	return all
}

// askAtRandom returns an expression that adds up the samples of some series in
// some time, and what it must come to.
func askAtRandom(random *rand.Rand, recorded []past, at time.Time) (expr, want string) {
	jobs := []string{".*", "job-.", "job-1.*", "job-7", "job-3|job-12", "nobody"}[random.IntN(6)]
	spans := []time.Duration{time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour}
	span := spans[random.IntN(len(spans))]
	back := []time.Duration{0, 0, 0, time.Minute, 7 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour}[random.IntN(8)]
	to := at.Add(-back)
	sum, pattern := 0.0, regexp.MustCompile("^(?:"+jobs+")$")
	for _, p := range recorded {
		for _, v := range p.values {
			if pattern.MatchString(p.job) && v.Time.After(to.Add(-span)) && !v.Time.After(to) {
				sum += v.Value + 1 // 0 is for none
			}
		}
	}
	selector := fmt.Sprintf(`x{job=~%q}[%dms] offset %dms`, jobs, span.Milliseconds(), back.Milliseconds())
	return fmt.Sprintf("sum(sum_over_time(%s) + count_over_time(%s)) or vector(0)", selector, selector), "{} " + digits(sum)
}
