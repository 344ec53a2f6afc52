// Package ruletest runs tests of alert rules. The files are those of promtool
// test rules; the rules are Vitals' own, evaluated as Vitals evaluates them, by
// Prometheus' query engine over the series that the file gives.
//
// It differs from promtool where Vitals does: rules whose series have no sample
// at all keep their last alerts, since silence is no proof of recovery; and an
// alertname that no rule has is a failure, since such a test cannot fail.
package ruletest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"vitals/alerting"
)

// Outcome is what a file of tests came to.
type Outcome struct {
	Tests    int // groups of the file
	Checked  int // expectations of alerts and of expressions
	Failures []Failure
	Notes    []string // what the file says and Vitals does not use
}

// OK tells whether all expectations were met.
func (o Outcome) OK() bool { return len(o.Failures) == 0 }

// Failure is one expectation that was not met.
type Failure struct {
	File    string
	Line    int // of the expectation
	Test    string
	Subject string // alert NAME, or expression EXPR
	At      time.Duration
	Want    []string // sorted; nil with Reason
	Got     []string
	Reason  string // why it could not be compared; "" where Want and Got tell
}

// String is the failure in a few lines: where, what was got and what wanted.
func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s: %s at %s", f.File, f.Line, f.Test, f.Subject, model.Duration(f.At))
	if f.Reason != "" {
		return b.String() + ": " + f.Reason
	}
	for _, part := range []struct {
		word  string
		lines []string
	}{{"got ", f.Got}, {"want", f.Want}} {
		if len(part.lines) == 0 {
			fmt.Fprintf(&b, "\n  %s nothing", part.word)
		}
		for _, line := range part.lines {
			fmt.Fprintf(&b, "\n  %s %s", part.word, line)
		}
	}
	return b.String()
}

// Run runs the tests of a file against rules. The name is the file's, for what
// is said about it. An error means that the file cannot be used; all that is
// wrong with it is in one error, each line with its place. Expectations that
// are not met are in the Outcome.
func Run(ctx context.Context, file []byte, name string, rules []alerting.Rule) (Outcome, error) {
	f, err := parse(file, name)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Tests: len(f.Tests), Notes: f.notes(name)}
	engine := newEngine()
	for i := range f.Tests {
		r := &run{file: name, suite: f, test: &f.Tests[i], engine: engine, rules: rules, out: &out}
		r.title = r.test.Name
		if r.title == "" {
			r.title = fmt.Sprintf("test %d", i+1)
		}
		if err := r.all(ctx); err != nil {
			return out, err
		}
	}
	return out, nil
}

// newEngine has the options of the history's engine.
func newEngine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Timeout: 30 * time.Second, MaxSamples: 10_000_000, LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{}),
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
}

// run is one test of a file under way.
type run struct {
	file   string
	title  string
	suite  *suite
	test   *group
	engine *promql.Engine
	rules  []alerting.Rule
	out    *Outcome
}

func (r *run) all(ctx context.Context) error {
	s := newStore(r.test.series)
	last, err := r.alerts(ctx, s)
	if err != nil {
		return err
	}
	s.until = last.UnixMilli() // as in promtool, later samples have not come yet
	for i := range r.test.Expressions {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.expression(ctx, s, &r.test.Expressions[i])
	}
	return nil
}

func (r *run) fail(f Failure) {
	f.File, f.Test = r.file, r.title
	r.out.Failures = append(r.out.Failures, f)
}

// sorted returns texts in their order; want and got are compared so.
func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
