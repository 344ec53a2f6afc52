// Package compare holds Vitals' answers to PromQL against those of a real
// Prometheus that was given the same samples.
package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"vitals/internal/history"
	"vitals/internal/testenv"
)

// moments are those that each expression is asked at: amid the first samples,
// while all is there, in a gap, after the day has changed, while the last
// samples still count, and when they no longer do.
func moments() []time.Time {
	var all []time.Time
	for _, after := range []time.Duration{time.Minute, 37 * time.Minute, 47 * time.Minute, 109 * time.Minute, 2*time.Hour + 2*time.Minute, 2*time.Hour + 20*time.Minute} {
		all = append(all, start.Truncate(time.Second).Add(after+7300*time.Millisecond))
	}
	return all
}

// stretch is what a range query asks for.
type stretch struct {
	from, to time.Time
	step     time.Duration
}

// stretches are all of it in large steps, and a part, with a gap, in small ones.
func stretches() []stretch {
	from := start.Truncate(time.Second).Add(7300 * time.Millisecond)
	return []stretch{
		{from.Add(-10 * time.Minute), from.Add(140 * time.Minute), 97 * time.Second},
		{from.Add(40 * time.Minute), from.Add(44 * time.Minute), 7 * time.Second},
	}
}

// TestAnswersAreThoseOfPrometheus: a rule or a dashboard that somebody brings
// along means the same here. What does not is in the list of differences.
func TestAnswersAreThoseOfPrometheus(t *testing.T) {
	all := everything()
	engine, prometheus := recorded(t, all), written(t, all)
	t.Run("moments", func(t *testing.T) { t.Parallel(); compareMoments(t, engine, prometheus) })
	t.Run("stretches", func(t *testing.T) { t.Parallel(); compareStretches(t, engine, prometheus) })
	t.Run("refusals", func(t *testing.T) { t.Parallel(); compareRefusals(t, engine, prometheus) })
	t.Run("differences", func(t *testing.T) { t.Parallel(); compareDifferences(t, engine, prometheus) })
	t.Run("over HTTP", func(t *testing.T) { t.Parallel(); compareHTTP(t, engine, prometheus) })
}

func compareMoments(t *testing.T, engine *history.Engine, prometheus *testenv.Prometheus) {
	both, only := expressions(), lines(momentary)
	if len(both) < 250 || len(only) < 5 {
		t.Fatalf("only %d and %d expressions", len(both), len(only))
	}
	values := map[string]int{}
	for _, at := range moments() {
		// As rules are asked: all at one moment.
		round := engine.Round(at)
		defer round.Close()
		if err := round.Expect(t.Context(), some(both)); err != nil {
			t.Fatal(err)
		}
		for _, expr := range some(append(both, only...)) {
			got, err := round.Instant(t.Context(), expr)
			want, wantErr := prometheus.Query(t, expr, at)
			values[expr] += compare(t, fmt.Sprintf("%s\nat %s", expr, at.UTC()), got, err, want, wantErr, strings.HasPrefix(expr, "sort"))
		}
	}
	counted(t, values)
}

func compareStretches(t *testing.T, engine *history.Engine, prometheus *testenv.Prometheus) {
	values := map[string]int{}
	for _, s := range stretches() {
		for _, expr := range some(expressions()) {
			got, err := engine.Range(t.Context(), expr, s.from, s.to, s.step)
			want, wantErr := prometheus.QueryRange(t, expr, s.from, s.to, s.step)
			values[expr] += compare(t, fmt.Sprintf("%s\nfrom %s to %s each %s", expr, s.from.UTC(), s.to.UTC(), s.step), got, err, want, wantErr, false)
		}
	}
	counted(t, values)
}

// counted sees to it that every expression had values that could differ.
func counted(t *testing.T, values map[string]int) {
	t.Helper()
	all := 0
	for expr, n := range values {
		if all += n; n == 0 {
			t.Errorf("%s is empty everywhere: it compares nothing", expr)
		}
	}
	t.Logf("%d expressions, %d values", len(values), all)
}

// some is each oneIn-th.
func some(exprs []string) []string {
	var all []string
	for i := 0; i < len(exprs); i += oneIn {
		all = append(all, exprs[i])
	}
	return all
}

// compare reports how two answers differ, and returns how many values were the
// same.
func compare(t *testing.T, question string, got history.Answer, err error, want testenv.PromAnswer, wantErr error, ordered bool) int {
	t.Helper()
	if err != nil || wantErr != nil {
		t.Errorf("%s\nVitals: %v\nPrometheus: %v", question, err, wantErr)
		return 0
	}
	difference, values := compared(answerOf(got), want, ordered)
	if difference != "" {
		t.Errorf("%s\n%s", question, difference)
	}
	return values
}

// compared says how two answers differ, "" if they do not, and how many values
// they have in common.
func compared(got, want testenv.PromAnswer, ordered bool) (difference string, values int) {
	if got.Kind != want.Kind || got.Text != want.Text {
		return fmt.Sprintf("Vitals answers with a %s %q, Prometheus with a %s %q", got.Kind, got.Text, want.Kind, want.Text), 0
	}
	if !ordered {
		sortSeries(got.Series)
		sortSeries(want.Series)
	}
	if a, b := names(got), names(want); !slices.Equal(a, b) {
		return fmt.Sprintf("Vitals has %d series and Prometheus %d\nVitals:     %s\nPrometheus: %s", len(a), len(b), strings.Join(a, " "), strings.Join(b, " ")), 0
	}
	for i, w := range want.Series {
		g := got.Series[i]
		if len(g.Points) != len(w.Points) {
			return fmt.Sprintf("%s: Vitals has %d points and Prometheus %d", name(w), len(g.Points), len(w.Points)), values
		}
		for j, p := range w.Points {
			if !g.Points[j].Time.Equal(p.Time) || !same(g.Points[j].Value, p.Value) {
				return fmt.Sprintf("%s: Vitals has %v at %s, Prometheus %v at %s", name(w), g.Points[j].Value, g.Points[j].Time.UTC(), p.Value, p.Time.UTC()), values
			}
			values++
		}
	}
	if want.Kind == "string" {
		values++
	}
	return "", values
}

// same allows for the order in which things are added up.
func same(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

// answerOf brings an answer of Vitals into the form of one of Prometheus.
func answerOf(a history.Answer) testenv.PromAnswer {
	to := testenv.PromAnswer{Kind: string(a.Kind), Text: a.String}
	point := func(v history.Value) testenv.PromPoint { return testenv.PromPoint(v) }
	switch a.Kind {
	case history.Scalar:
		to.Series = []testenv.PromSeries{{Points: []testenv.PromPoint{point(a.Scalar)}}}
	case history.Vector:
		for _, e := range a.Vector {
			to.Series = append(to.Series, testenv.PromSeries{Labels: e.Labels, Points: []testenv.PromPoint{point(e.Value)}})
		}
	case history.Matrix:
		for _, l := range a.Matrix {
			s := testenv.PromSeries{Labels: l.Labels}
			for _, v := range l.Values {
				s.Points = append(s.Points, point(v))
			}
			to.Series = append(to.Series, s)
		}
	}
	return to
}

func sortSeries(all []testenv.PromSeries) {
	slices.SortFunc(all, func(a, b testenv.PromSeries) int { return strings.Compare(name(a), name(b)) })
}

func names(a testenv.PromAnswer) []string {
	var all []string
	for _, s := range a.Series {
		all = append(all, name(s))
	}
	return all
}

func name(s testenv.PromSeries) string {
	var pairs []string
	for _, label := range slices.Sorted(maps.Keys(s.Labels)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", label, s.Labels[label]))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}
