package history

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"vitals/checks"

	"vitals/alerting"
)

func TestNoData(t *testing.T) {
	tests := []struct {
		expr string
		want bool
	}{
		{`up == 0`, false},
		{`up == 7`, false}, // empty, and yet there is data
		{`up{job="db"} == 0`, true},
		{`no_such_metric`, true},
		{`no_such_metric or up`, false},
		{`no_such_metric + old`, true},
		{`old`, true},
		{`old offset 3m`, false},
		{`old offset 2m`, true},
		{`old @ 1800000060`, false},
		{`temperature @ 1799999999.999`, true},
		{`rate(old[5m])`, true},
		{`rate(old[7m])`, true}, // the left end is not part of a range
		{`rate(old[8m])`, false},
		{`rate(old[1h]) > 100`, false},
		{`max_over_time(old[3m:1m])`, false},
		{`max_over_time(old[1m:1m])`, true},
		{`max_over_time(old[1m:1m] offset 2m)`, false},
		{`absent(no_such_metric)`, true},
		{`vector(1)`, false},
		{`time() > bool 1`, false},
	}
	e, at := NewEngine(example(t), EngineOptions{}), t0.Add(10*time.Minute)
	round := e.Round(at)
	defer round.Close()
	for _, tt := range tests {
		if got, err := e.NoData(t.Context(), tt.expr, at); err != nil || got != tt.want {
			t.Errorf("%s: no data %v, %v; want %v", tt.expr, got, err, tt.want)
		}
		if got, err := round.NoData(t.Context(), tt.expr); err != nil || got != tt.want {
			t.Errorf("%s in a round: no data %v, %v; want %v", tt.expr, got, err, tt.want)
		}
	}
	if _, err := e.NoData(t.Context(), "up ==", at); err == nil {
		t.Error("nothing wrong with up ==")
	}
}

func TestLookbackCanBeChosen(t *testing.T) {
	e := NewEngine(example(t), EngineOptions{Lookback: time.Hour})
	a, err := e.Instant(t.Context(), "old", t0.Add(10*time.Minute))
	if got := text(a); err != nil || got != "old{} 4" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWrongExpressions(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`up ==`, `the expression "up ==" is wrong at character 6: unexpected end of input`},
		{`rate(up)`, `the expression "rate(up)" is wrong at character 6: expected type range vector in call to function "rate", got instant vector`},
		{``, `the expression "" is wrong at character 1: no expression found in input`},
		{`{}`, `the expression "{}" is wrong at character 1: vector selector must contain at least one non-empty matcher`},
		{"up\n  and (", `the expression "up\n  and (" is wrong at line 2, character 8: unclosed left parenthesis`},
		{`nonsense(up)`, `the expression "nonsense(up)" is wrong at character 1: unknown function with name "nonsense"`},
	}
	e := NewEngine(example(t), EngineOptions{})
	for _, tt := range tests {
		_, instant := e.Instant(t.Context(), tt.expr, t0)
		_, ranged := e.Range(t.Context(), tt.expr, t0, t0, time.Minute)
		for _, err := range []error{alerting.ParseExpression(tt.expr), instant, ranged} {
			if err == nil || err.Error() != tt.want {
				t.Errorf("%s\n got %v\nwant %s", tt.expr, err, tt.want)
			}
		}
	}
	if err := alerting.ParseExpression(`sum by (job) (rate(up[5m])) > 0`); err != nil {
		t.Error(err)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	db, at := example(t), t0.Add(10*time.Minute)
	_, err := NewEngine(db, EngineOptions{MaxSamples: 5}).Instant(t.Context(), "sum_over_time(requests_total[10m])", at)
	if err == nil || !strings.Contains(err.Error(), "more than 5 samples") {
		t.Errorf("got %v, want that it needs too many samples", err)
	}
	small := NewEngine(db, EngineOptions{MaxSamples: 40}).Round(at)
	defer small.Close()
	for _, expr := range []string{"sum(up)", `max(last_over_time(up[10m]))`} { // 20 samples, though all together are more
		if a, err := small.Instant(t.Context(), expr); err != nil || text(a) != "{} 1" {
			t.Errorf("%s in a round: %s, %v", expr, text(a), err)
		}
	}
	_, err = small.Instant(t.Context(), `count(last_over_time({__name__=~".+"}[10m]))`)
	if err == nil || !strings.Contains(err.Error(), "more than 40 samples") {
		t.Errorf("got %v, want that it needs too many samples", err)
	}
	_, err = NewEngine(db, EngineOptions{Timeout: time.Nanosecond}).Instant(t.Context(), "up", at)
	if err == nil || !strings.Contains(err.Error(), "time ran out before it was answered (a query has 1ns") {
		t.Errorf("got %v, want that time ran out", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = NewEngine(db, EngineOptions{}).Instant(ended, "up", at); err == nil {
		t.Error("an answer after the context had ended")
	}
	for _, step := range []time.Duration{0, -1} {
		if _, err := NewEngine(db, EngineOptions{}).Range(t.Context(), "up", t0, at, step); err == nil {
			t.Errorf("a range in steps of %s", step)
		}
	}
	if _, err := NewEngine(db, EngineOptions{}).Range(t.Context(), "up", at, t0, time.Minute); err == nil {
		t.Error("a range that ends before it starts")
	}
	if a, err := NewEngine(db, EngineOptions{}).Instant(t.Context(), "count(up)", at); err != nil || text(a) != "{} 2" {
		t.Errorf("after all that: %s, %v", text(a), err)
	}
}

func TestLabelNamesAndValues(t *testing.T) {
	q, err := example(t).Queryable().Querier(0, t0.Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	web := labels.MustNewMatcher(labels.MatchEqual, "job", "web")
	values := func(name string, m ...*labels.Matcher) []string {
		list, _, err := q.LabelValues(t.Context(), name, nil, m...)
		if err != nil {
			t.Error(err)
		}
		return list
	}
	names, _, err := q.LabelNames(t.Context(), nil)
	// "check" is on the samples that every result has.
	if want := []string{"__name__", "check", "instance", "job", "le"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("names %v, %v; want %v", names, err, want)
	}
	if got, want := values("job"), []string{"api", "web"}; !slices.Equal(got, want) {
		t.Errorf("jobs %v, want %v", got, want)
	}
	if got, want := values("__name__", web), []string{"requests_total", "up"}; !slices.Equal(got, want) {
		t.Errorf("metrics of web %v, want %v", got, want)
	}
	if got := values("nothing"); len(got) != 0 {
		t.Errorf("values of a label that nobody has: %v", got)
	}
}

// A round shows one moment, whatever is recorded meanwhile, here or by another
// process; and recording does not wait for it.
func TestRoundIsOneMoment(t *testing.T) {
	db := example(t)
	other := open(t, Options{Path: db.path})
	e, at := NewEngine(db, EngineOptions{}), t0.Add(10*time.Minute)
	count := func(f func(context.Context, string) (Answer, error), want string) {
		t.Helper()
		for _, expr := range []string{`count(up)`, `count(last_over_time(up[1h]))`} {
			if a, err := f(t.Context(), expr); err != nil || text(a) != want {
				t.Errorf("%s: %s, %v; want %s", expr, text(a), err, want)
			}
		}
	}
	round := e.Round(at)
	defer round.Close()
	if _, err := round.Instant(t.Context(), "up"); err != nil {
		t.Fatal(err)
	}
	recordSeries(t, db, "up", set{"job": "db"}, steps(1, 0, 10)...)
	recordSeries(t, other, "up", set{"job": "cache"}, steps(1, 0, 10)...)
	count(round.Instant, "{} 2")
	count(func(ctx context.Context, expr string) (Answer, error) { return e.Instant(ctx, expr, at) }, "{} 4")
	count(e.Round(at).Instant, "{} 4")
}

// Two rows of the file can be one series for PromQL, which knows no difference
// between an empty label and none.
func TestEmptyLabelIsNone(t *testing.T) {
	db := open(t, Options{})
	recordSeries(t, db, "x", set{"a": ""}, 1, 2)
	recordSeries(t, db, "x", nil, 5)
	a, err := NewEngine(db, EngineOptions{}).Range(t.Context(), "x", t0, t0.Add(time.Minute), time.Minute)
	if want := "x{} 5@0 2@60"; err != nil || text(a) != want {
		t.Errorf("got %s, %v; want %s", text(a), err, want)
	}
}

func TestQueryAfterPruning(t *testing.T) {
	now := t0.Add(10 * time.Minute)
	db := open(t, Options{Retention: 24 * time.Hour, Now: func() time.Time { return now }})
	e := NewEngine(db, EngineOptions{})
	recordSeries(t, db, "x", set{"job": "gone"}, 1)
	recordSeries(t, db, "x", set{"job": "stays"}, 1)
	if a, err := e.Instant(t.Context(), "count(x)", t0); err != nil || text(a) != "{} 2" {
		t.Fatalf("%s, %v", text(a), err)
	}
	now = now.Add(72 * time.Hour)
	r := checks.Result{Check: "later", Started: now, Samples: []checks.Sample{{Name: "x", Labels: set{"job": "stays"}, Value: 2, Time: now}}}
	record(t, db, r)
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err := e.Instant(t.Context(), "x", now); err != nil || text(a) != `x{job="stays"} 2` {
		t.Errorf("%s, %v", text(a), err)
	}
	q, _ := db.Queryable().Querier(0, 0)
	defer q.Close()
	if jobs, _, err := q.LabelValues(t.Context(), "job", nil); err != nil || !slices.Equal(jobs, []string{"stays"}) {
		t.Errorf("jobs %v, %v; want only the one that is left", jobs, err)
	}
}

// A query follows the file as recording does: when it was replaced, and when
// it turns out to be damaged.
func TestQueriesFollowTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), DefaultName)
	db := open(t, Options{Path: path})
	e := NewEngine(db, EngineOptions{})
	recordSeries(t, db, "x", set{"file": "first"}, 1)
	if a, err := e.Instant(t.Context(), "x", t0); err != nil || text(a) != `x{file="first"} 1` {
		t.Fatalf("%s, %v", text(a), err)
	}
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, path+".away"+suffix); err != nil {
			t.Fatal(err)
		}
	}
	recordSeries(t, db, "x", set{"file": "second"}, 2)
	if a, err := e.Instant(t.Context(), "x", t0); err != nil || text(a) != `x{file="second"} 2` {
		t.Errorf("%s, %v", text(a), err)
	}
}

func TestQueryOfADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), DefaultName)
	filled := open(t, Options{Path: path})
	recordSeries(t, filled, "x", nil, steps(1, 1, 1000)...)
	bringIn(t, filled)
	db := open(t, Options{Path: path})
	damage(t, path)
	e := NewEngine(db, EngineOptions{})
	if _, err := e.Instant(t.Context(), "x", t0); KindOf(err) != Broken {
		t.Errorf("got %v, want that the file is damaged", err)
	}
	onlyAside(t, path)
	recordSeries(t, db, "x", nil, 7)
	if a, err := e.Instant(t.Context(), "x", t0); err != nil || text(a) != "x{} 7" {
		t.Errorf("after that: %s, %v", text(a), err)
	}
}

func TestManyAtOnce(t *testing.T) {
	db := example(t)
	e := NewEngine(db, EngineOptions{})
	round := e.Round(t0.Add(10 * time.Minute))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				for _, f := range []func() (Answer, error){
					func() (Answer, error) { return round.Instant(t.Context(), "sum(rate(requests_total[5m]))") },
					func() (Answer, error) {
						return e.Instant(t.Context(), "sum(rate(requests_total[5m]))", t0.Add(10*time.Minute))
					},
				} {
					if a, err := f(); err != nil || text(a) != "{} 1.6" {
						t.Errorf("%s, %v", text(a), err)
					}
				}
				record(t, db, at("database", time.Now()))
			}
		})
	}
	all.Wait()
	round.Close()
	if _, err := round.Instant(t.Context(), "up"); err == nil {
		t.Error("an answer from a round that was closed")
	}
}

// 200 rules over 10,000 series take a third of a second on two quiet cores;
// the bound leaves room for a busy machine and the race detector.
func TestRulesAreQuick(t *testing.T) {
	db := open(t, Options{})
	at := fleet(t, db, 4)
	began := time.Now()
	evaluate(t, NewEngine(db, EngineOptions{}), rules(), at)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("200 rules over 10,000 series took %s", took)
	}
}
