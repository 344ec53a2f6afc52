package alerting

import (
	"maps"
	"slices"
	"time"
)

// Step moves everything on to a moment: what the rules were found to say comes
// in, and what follows from it goes out. Observations are by the rule's name;
// rules without one stay as they are. Nothing that was handed in is changed.
//
// A moment before the last one, from a process whose evaluation took longer
// than another's, changes nothing about the rules that were evaluated since.
func (p Policy) Step(s State, seen map[string]Observation, now time.Time) Changes {
	w := &work{policy: p, now: now, rules: maps.Clone(s.Rules), silences: s.Silences, alerts: map[string]Alert{}, byRule: map[string][]Alert{}}
	if w.rules == nil {
		w.rules = map[string]RuleState{}
	}
	w.incidents = newBook(s.Incidents)
	for _, a := range s.Alerts {
		w.byRule[a.Rule] = append(w.byRule[a.Rule], a)
	}
	w.evaluate(seen)
	w.missingData()
	w.forget()
	for _, a := range s.Alerts {
		if _, kept := w.alerts[a.ID]; !kept {
			w.out.Gone = append(w.out.Gone, a.ID)
		}
	}
	w.joinIncidents()
	w.leaveIncidents()
	w.group(s.Groups)
	w.escalate()
	w.out.Rules = w.rules
	w.out.Alerts = slices.SortedFunc(maps.Values(w.alerts), func(a, b Alert) int { return compare(a.ID, b.ID) })
	w.out.Incidents = w.incidents.changed()
	return w.out
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// work is one step under way.
type work struct {
	policy    Policy
	now       time.Time
	rules     map[string]RuleState
	byRule    map[string][]Alert // before the step
	alerts    map[string]Alert   // after it
	incidents *book
	silences  []Silence
	out       Changes
}

// evaluate moves the alerts of all rules on that were looked at.
func (w *work) evaluate(seen map[string]Observation) {
	for _, rule := range w.policy.Rules {
		state := w.rules[rule.Name]
		o, looked := seen[rule.Name]
		if !looked || !w.now.After(state.EvaluatedAt) {
			w.keep(w.byRule[rule.Name])
			continue
		}
		state.EvaluatedAt, state.Err, state.Took = w.now, "", o.Took
		switch {
		case o.Err != nil:
			state.Err = o.Err.Error()
		case !o.NoData || rule.WantsNoData:
			state.DataAt = w.now
		}
		o.NoData = o.NoData && !rule.WantsNoData
		w.rules[rule.Name] = state
		w.take(Evaluate(rule, w.byRule[rule.Name], o, w.now))
	}
}

func (w *work) keep(alerts []Alert) {
	for _, a := range alerts {
		w.alerts[a.ID] = a
	}
}

func (w *work) take(alerts []Alert, done []Transition) {
	w.keep(alerts)
	w.out.Transitions = append(w.out.Transitions, done...)
}

// missingData raises and ends the alerts about rules without data.
func (w *work) missingData() {
	rule := Rule{
		Name: NoDataRule, Severity: "warning",
		Annotations: map[string]string{"summary": "Rule {{ $labels.rule }} has had no data for a while: nobody can tell whether it is well"},
	}
	var o Observation
	for _, r := range w.policy.Rules {
		state := w.rules[r.Name]
		silent := w.now.Sub(state.DataAt)
		if w.policy.NoDataAfter > 0 && !state.DataAt.IsZero() && silent >= w.policy.NoDataAfter && silent < w.policy.NoDataAfter+noDataFor {
			o.Series = append(o.Series, Series{Labels: map[string]string{"rule": r.Name}, Value: silent.Seconds()})
		}
	}
	w.take(Evaluate(rule, w.byRule[NoDataRule], o, w.now))
}

// forget ends the alerts of rules that nobody has evaluated for a while: they
// were taken out of the configuration.
func (w *work) forget() {
	known := map[string]bool{NoDataRule: true}
	for _, r := range w.policy.Rules {
		known[r.Name] = true
	}
	for name, alerts := range w.byRule {
		if known[name] {
			continue
		}
		if w.now.Sub(w.rules[name].EvaluatedAt) < forgottenAfter {
			w.keep(alerts)
			continue
		}
		next, done := Evaluate(Rule{Name: name}, alerts, Observation{}, w.now)
		w.take(next, done)
	}
	for name, state := range w.rules {
		if !known[name] && w.now.Sub(state.EvaluatedAt) >= forgottenAfter {
			delete(w.rules, name)
		}
	}
}

// firing lists the alerts that fire, in the order of their IDs.
func (w *work) firing() []Alert {
	var firing []Alert
	for _, id := range slices.Sorted(maps.Keys(w.alerts)) {
		if a := w.alerts[id]; a.Phase == Firing {
			firing = append(firing, a)
		}
	}
	return firing
}

// Muted tells why nobody is told of an alert at a moment; firing are all that
// fire, and silences those in force.
func (p Policy) Muted(a Alert, firing []Alert, silences []Silence, now time.Time) (Mute, bool) {
	if s, ok := Silenced(silences, a.Labels, now); ok {
		return Mute{"silenced", s.ID}, true
	}
	for _, w := range p.Windows {
		if w.Covers(now) && MatchAll(w.Matchers, a.Labels) {
			return Mute{"maintenance", w.Name}, true
		}
	}
	if source, ok := p.inhibitor(a, firing); ok {
		return Mute{"inhibited", source.ID}, true
	}
	if a.Flaps.Flapping && !p.IgnoreFlaps {
		return Mute{"flapping", a.ID}, true
	}
	return Mute{}, false
}

// audible lists the alerts that fire and that people are told of.
func (w *work) audible() []Alert {
	firing := w.firing()
	return slices.DeleteFunc(slices.Clone(firing), func(a Alert) bool {
		_, muted := w.policy.Muted(a, firing, w.silences, w.now)
		return muted
	})
}

func (w *work) rule(name string) Rule {
	for _, r := range w.policy.Rules {
		if r.Name == name {
			return r
		}
	}
	return Rule{Name: name}
}
