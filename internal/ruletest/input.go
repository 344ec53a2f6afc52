package ruletest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Bounds on what one file may ask for, so that a slip of the keyboard does not
// fill the memory or run for a day.
const (
	mostValues = 1_000_000  // of one series
	mostRounds = 10_000_000 // evaluations of one test
)

// complete fills in defaults, reads the series and expressions, and returns
// what is wrong, each as "line: sentence".
func (f *suite) complete() []string {
	var all []string
	if f.Interval.Duration == 0 {
		f.Interval.Duration = time.Minute // promtool's default
	}
	if len(f.Tests) == 0 {
		return []string{"1: there are no tests in it"}
	}
	for i := range f.Tests {
		t := &f.Tests[i]
		if t.Interval.Duration == 0 {
			t.Interval.Duration = f.Interval.Duration
		}
		if t.Start.IsZero() {
			t.Start.Time = time.Unix(0, 0).UTC()
		}
		all = append(all, t.read()...)
		all = append(all, t.wants()...)
		if t.end()/f.Interval.Duration > mostRounds {
			all = append(all, fmt.Sprintf("%d: an eval_time of %s means more than %d evaluations, one every %s: raise evaluation_interval",
				f.Interval.line, t.end(), mostRounds, f.Interval.Duration))
		}
	}
	return all
}

// end is the time of the last expectation.
func (t *group) end() time.Duration {
	var end time.Duration
	for _, a := range t.Alerts {
		end = max(end, a.At.Duration)
	}
	for _, e := range t.Expressions {
		end = max(end, e.At.Duration)
	}
	return end
}

// read reads the input series.
func (t *group) read() (problems []string) {
	given := map[string]int{}
	for _, in := range t.Input {
		line := max(in.Series.line, 1)
		s, err := t.readSeries(in)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%d: the series %s: %s", line, in.Series.value, explain(err)))
			continue
		}
		if before := given[s.labels.String()]; before > 0 {
			problems = append(problems, fmt.Sprintf("%d: the series %s is given in line %d already", line, in.Series.value, before))
			continue
		}
		given[s.labels.String()] = line
		t.series = append(t.series, s)
	}
	return problems
}

var repeated = regexp.MustCompile(`x\s*(\d+)`)

func (t *group) readSeries(in input) (series, error) {
	for _, m := range repeated.FindAllStringSubmatch(in.Values.value, -1) {
		if n, err := strconv.ParseUint(m[1], 10, 64); err != nil || n > mostValues {
			return series{}, fmt.Errorf("x%s is too often: a series may have %d values", m[1], mostValues)
		}
	}
	ls, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(in.Series.value + " " + in.Values.value)
	if err != nil {
		return series{}, err
	}
	if len(values) > mostValues {
		return series{}, fmt.Errorf("it has %d values; a series may have %d", len(values), mostValues)
	}
	s := series{labels: ls}
	at := t.Start.UnixMilli()
	for _, v := range values {
		if v.Histogram != nil {
			return series{}, errors.New("the history keeps no native histograms: give a histogram's _bucket, _sum and _count")
		}
		if !v.Omitted {
			s.times, s.values = append(s.times, at), append(s.values, v.Value)
		}
		at += t.Interval.Milliseconds()
	}
	return s, nil
}

// wants reads what the expectations name.
func (t *group) wants() (problems []string) {
	for _, a := range t.Alerts {
		if a.Alert.value == "" {
			problems = append(problems, fmt.Sprintf("%d: an item of alert_rule_test needs an alertname", max(a.At.line, 1)))
		}
	}
	for _, e := range t.Expressions {
		line := max(e.Expr.line, e.At.line, 1)
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(e.Expr.value); err != nil {
			problems = append(problems, fmt.Sprintf("%d: the expression %q: %s", line, e.Expr.value, explain(err)))
		}
		for _, s := range e.Want {
			if s.Histogram.value != "" {
				problems = append(problems, fmt.Sprintf("%d: the history keeps no native histograms", s.Histogram.line))
			}
			if _, err := s.metric(); err != nil {
				problems = append(problems, fmt.Sprintf("%d: the labels %s: %s", max(s.Labels.line, line), s.Labels.value, explain(err)))
			}
		}
	}
	return problems
}

// metric reads the labels of an expected sample; none stand for {}.
func (s sample) metric() (labels.Labels, error) {
	if s.Labels.value == "" {
		return labels.EmptyLabels(), nil
	}
	return parser.NewParser(parser.Options{}).ParseMetric(s.Labels.value)
}

// explain leaves out the parser's own count of lines, which are not the file's.
func explain(err error) string {
	if list, ok := errors.AsType[parser.ParseErrors](err); ok && len(list) > 0 {
		return list[0].Err.Error()
	}
	if one, ok := errors.AsType[*parser.ParseErr](err); ok {
		return one.Err.Error()
	}
	return err.Error()
}
