package ruletest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"vitals/alerting"
)

// alerts evaluates the rules that the test names from its start on, and
// compares at the times that it names. It returns the last evaluation's moment.
func (r *run) alerts(ctx context.Context, s *store) (time.Time, error) {
	step, start := r.suite.Interval.Duration, r.test.Start.Time
	end := start.Add(r.test.end())
	rules, state := r.named(), map[string][]alerting.Alert{}
	last := start
	for at := start; !at.After(end); at = at.Add(step) {
		if err := ctx.Err(); err != nil {
			return last, err
		}
		last, s.until = at, at.UnixMilli()
		broken := map[string]error{}
		for _, rule := range rules {
			o := r.observe(ctx, s, rule, at)
			broken[rule.Name] = o.Err
			state[rule.Name], _ = alerting.Evaluate(rule, state[rule.Name], o, at)
		}
		for _, want := range r.test.Alerts {
			// What is asked between two evaluations was answered by the first.
			if age := start.Add(want.At.Duration).Sub(at); age >= 0 && age < step {
				r.compareAlerts(want, state[want.Alert.value], broken[want.Alert.value])
			}
		}
	}
	return last, nil
}

// named returns the rules that the test's expectations name.
func (r *run) named() []alerting.Rule {
	var rules []alerting.Rule
	for _, rule := range r.rules {
		if slices.ContainsFunc(r.test.Alerts, func(a alertTest) bool { return a.Alert.value == rule.Name }) {
			rules = append(rules, rule)
		}
	}
	return rules
}

func (r *run) compareAlerts(want alertTest, have []alerting.Alert, broken error) {
	r.out.Checked++
	f := Failure{Line: want.Alert.line, Subject: "alert " + want.Alert.value, At: want.At.Duration}
	if !slices.ContainsFunc(r.rules, func(rule alerting.Rule) bool { return rule.Name == want.Alert.value }) {
		f.Reason = "there is no rule of this name"
		r.fail(f)
		return
	}
	if broken != nil {
		f.Reason = "the rule cannot be evaluated: " + explain(broken)
		r.fail(f)
		return
	}
	var got, wanted, shown []string
	for _, a := range have {
		if a.Phase != alerting.Firing {
			continue
		}
		line := describe(a.Labels, texts(a))
		got = append(got, line)
		if a.Stale {
			line += " (no data: its last state is kept)"
		}
		shown = append(shown, line)
	}
	for _, a := range want.Want {
		l := map[string]string{}
		maps.Copy(l, a.Labels)
		l["alertname"] = want.Alert.value
		wanted = append(wanted, describe(l, a.Annotations))
	}
	if !slices.Equal(sorted(got), sorted(wanted)) {
		f.Got, f.Want = sorted(shown), wanted
		r.fail(f)
	}
}

// texts are an alert's annotations as the exported rule file has them: the runbook is
// one of them.
func texts(a alerting.Alert) map[string]string {
	if a.Runbook == "" || a.Annotations["runbook_url"] != "" {
		return a.Annotations
	}
	all := map[string]string{"runbook_url": a.Runbook}
	maps.Copy(all, a.Annotations)
	return all
}

// describe writes labels and annotations in one way; empty ones are as none.
func describe(l, annotations map[string]string) string {
	line := pairs(l)
	if text := pairs(annotations); text != "{}" {
		line += " with " + text
	}
	return line
}

func pairs(m map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if m[name] != "" {
			parts = append(parts, name+"="+strconv.Quote(m[name]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// point is one sample of an expression's answer.
type point struct {
	labels labels.Labels
	value  float64
}

// String writes the point as expectations have it: the name before the braces.
func (p point) String() string {
	name := p.labels.Get(model.MetricNameLabel)
	rest := labels.NewBuilder(p.labels).Del(model.MetricNameLabel).Labels()
	if name == "" || !rest.IsEmpty() {
		name += rest.String()
	}
	return name + " " + strconv.FormatFloat(p.value, 'g', -1, 64)
}

func (r *run) expression(ctx context.Context, s *store, want *expressionTest) {
	r.out.Checked++
	f := Failure{Line: want.Expr.line, Subject: fmt.Sprintf("expression %q", want.Expr.value), At: want.At.Duration}
	found, err := r.instant(ctx, s, want.Expr.value, r.test.Start.Add(want.At.Duration))
	if err != nil {
		f.Reason = "it cannot be evaluated: " + explain(err)
		r.fail(f)
		return
	}
	var got, wanted []point
	for _, one := range found {
		got = append(got, point{one.Metric, one.F})
	}
	for _, one := range want.Want {
		metric, _ := one.metric() // read once already
		wanted = append(wanted, point{metric, one.Value})
	}
	byLabels := func(a, b point) int { return labels.Compare(a.labels, b.labels) }
	slices.SortFunc(got, byLabels)
	slices.SortFunc(wanted, byLabels)
	if slices.EqualFunc(got, wanted, func(a, b point) bool {
		return labels.Equal(a.labels, b.labels) && r.equal(a.value, b.value)
	}) {
		return
	}
	for _, p := range got {
		f.Got = append(f.Got, p.String())
	}
	for _, p := range wanted {
		f.Want = append(f.Want, p.String())
	}
	r.fail(f)
}

// equal compares as promtool does: exactly, or to the next number beside it
// with fuzzy_compare. But two that are no numbers are equal.
func (r *run) equal(a, b float64) bool {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	return r.suite.FuzzyFloats && (math.Nextafter(a, math.Inf(-1)) == b || math.Nextafter(a, math.Inf(1)) == b)
}
