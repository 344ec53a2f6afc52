package alerting

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Evaluate moves the alerts of one rule on to a moment. Known are the alerts
// that an earlier call returned; next are those to hand to the following call,
// sorted by ID: pending, firing, and resolved ones whose ups and downs are
// still remembered, see Flaps. The transitions are what happened, in the same
// order.
//
// A rule without data keeps the state of its alerts, marked stale: a silent
// history is no proof of recovery. It raises an alert of its own by NoDataRule.
func Evaluate(rule Rule, known []Alert, o Observation, now time.Time) (next []Alert, done []Transition) {
	if o.Err != nil || o.NoData {
		for _, a := range known {
			a.Stale = true
			next = append(next, a)
		}
		return next, nil
	}
	seen := map[string]Alert{}
	for _, s := range o.Series {
		a := newAlert(rule, s, now)
		seen[a.ID] = a
	}
	before := map[string]Alert{}
	for _, a := range known {
		before[a.ID] = a
	}
	for _, id := range slices.Sorted(maps.Keys(union(seen, before))) {
		fresh, holds := seen[id]
		a, t := step(rule, before[id], fresh, holds, now)
		if a.Live() || a.Flaps.History != 0 {
			next = append(next, a)
		}
		if t.To != "" {
			done = append(done, t)
		}
	}
	return next, done
}

// step moves one alert on. The transition's To is empty when nothing is worth
// writing down.
func step(rule Rule, old, fresh Alert, holds bool, now time.Time) (Alert, Transition) {
	from, a := old.Phase, old
	if holds {
		a = merge(old, fresh)
	}
	a.Stale = false
	switch {
	case holds && a.Phase != Firing && now.Sub(a.ActiveAt) >= rule.For:
		a.Phase, a.FiredAt = Firing, now
	case holds:
	case a.Phase == Pending:
		a.Phase = "" // it did not fire: nobody was told and nobody need be
		if a.Flaps.History != 0 {
			a.Phase = Resolved // as it was before
		}
	case a.Phase == Firing:
		if a.GoneAt.IsZero() {
			a.GoneAt = now // from here on keep_firing_for counts, as in Prometheus
		}
		if now.Sub(a.GoneAt) >= rule.KeepFiringFor {
			a.Phase, a.ResolvedAt = Resolved, now
		}
	}
	var flap FlapChange
	a.Flaps, flap = a.Flaps.Add(a.Phase == Firing)
	if flap == FlapSame && (a.Phase == from || a.Phase == "" || from == Pending && a.Phase == Resolved) {
		return a, Transition{}
	}
	if from == Resolved && a.Phase != Resolved {
		from = "" // a new life of the same alert
	}
	return a, Transition{Alert: a, From: from, To: a.Phase, At: now, Flap: flap}
}

// merge takes what is new of an alert that goes on, or begins again.
func merge(old, fresh Alert) Alert {
	fresh.Flaps = old.Flaps
	if old.Live() {
		fresh.Phase, fresh.ActiveAt, fresh.FiredAt, fresh.IncidentID = old.Phase, old.ActiveAt, old.FiredAt, old.IncidentID
	}
	return fresh
}

func newAlert(rule Rule, s Series, now time.Time) Alert {
	labels := map[string]string{}
	maps.Copy(labels, s.Labels)
	delete(labels, "__name__")
	maps.Copy(labels, rule.Labels)
	labels["alertname"], labels["severity"] = rule.Name, rule.Severity
	a := Alert{
		ID: alertID(rule.Name, labels), Rule: rule.Name, Severity: rule.Severity, Labels: labels,
		Runbook: rule.Runbook, Incident: rule.Incident, Phase: Pending, Value: s.Value, ActiveAt: now, SeenAt: now,
	}
	a.Annotations = make(map[string]string, len(rule.Annotations))
	for name, text := range rule.Annotations {
		a.Annotations[name] = expand(text, a)
	}
	return a
}

// expand fills in the two placeholders that rule files use most. Anything else
// between braces stays as it is written.
func expand(text string, a Alert) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		inside, after, closed := strings.Cut(rest, "}}")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if !closed {
			return b.String() + "{{" + rest
		}
		b.WriteString(placeholder(inside, a))
		text = after
	}
}

func placeholder(inside string, a Alert) string {
	name := strings.TrimSpace(inside)
	if name == "$value" {
		return formatValue(a.Value)
	}
	if label, ok := strings.CutPrefix(name, "$labels."); ok {
		return a.Labels[label]
	}
	return "{{" + inside + "}}"
}

func union(a, b map[string]Alert) map[string]struct{} {
	all := make(map[string]struct{}, len(a)+len(b))
	for id := range a {
		all[id] = struct{}{}
	}
	for id := range b {
		all[id] = struct{}{}
	}
	return all
}
