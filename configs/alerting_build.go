package configs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vitals/alerting"
)

// AlertPolicy is what the configuration says about alerts. NewID and Link are
// left to the caller.
func (c *Config) AlertPolicy() alerting.Policy { return c.policy }

// policyBuilder makes the policy and reports what keeps it from being made.
type policyBuilder struct {
	*Config
	p *problems
}

// buildPolicy is called once everything that it reads is known to be right by
// itself.
func (c *Config) buildPolicy(p *problems) {
	b := policyBuilder{c, p}
	o := c.Alerting
	c.positive(p, "alerting.interval", int64(o.Interval))
	c.notNegative(p, "alerting.no_data_after", int64(o.NoDataAfter))
	b.channels()
	c.policy = alerting.Policy{
		Rules: b.rules(), Routes: b.routes(), Inhibit: b.inhibitions(), Windows: b.windows(), Escalation: b.escalation(),
		Environment: c.Environment, NoDataAfter: o.NoDataAfter, IgnoreFlaps: !o.FlapDetection,
	}
	c.jobs = b.jobs()
	b.responses()
	if o.Fallback != "" {
		b.knownChannel("alerting.fallback", o.Fallback)
	}
	if !p.any() {
		c.policy.Depends = c.dependencies()
	}
}

func (c *Config) dependencies() map[string][]string {
	on := map[string][]string{}
	for _, check := range c.Checks() {
		if len(check.DependsOn) > 0 {
			on[check.Name] = check.DependsOn
		}
		if check.Close != nil {
			check.Close()
		}
	}
	return on
}

func (b policyBuilder) matchers(key string, texts []string) []alerting.Matcher {
	var all []alerting.Matcher
	for i, text := range texts {
		m, err := alerting.ParseMatcher(text)
		if err != nil {
			b.problem(b.p, index(key, i), err.Error())
			continue
		}
		all = append(all, m)
	}
	return all
}

// labels reads name=value pairs.
func (b policyBuilder) labels(key string, texts []string) map[string]string {
	all := map[string]string{}
	for i, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		switch {
		case !ok || !alerting.IsLabelName(name):
			b.problem(b.p, index(key, i), fmt.Sprintf("%q is no label; write name=value, such as team=payments", text))
		case name == "alertname" || name == "severity":
			b.problem(b.p, index(key, i), fmt.Sprintf("%q is set by Vitals from the rule's own %s", name, map[string]string{"alertname": "name", "severity": "severity"}[name]))
		default:
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}

// severities reports words that are none.
func (b policyBuilder) severities(key string, words []string) {
	for i, word := range words {
		b.severity(index(key, i), word)
	}
}

func (b policyBuilder) severity(key, word string) {
	if !slices.Contains(alerting.Severities(), word) {
		b.problem(b.p, key, fmt.Sprintf("%q is not a severity; use critical, warning or info", word))
	}
}

// rules are those that come with Vitals, as changed, and one's own, by name.
func (b policyBuilder) rules() []alerting.Rule {
	all := map[string]alerting.Rule{}
	if b.Alerting.DefaultRules {
		for _, r := range slices.Concat(alerting.DefaultRules(), alerting.DetectionRules(), alerting.JobRules()) {
			all[r.Name] = r
		}
	}
	written := map[string]string{}
	for i, o := range b.Alerting.Rules {
		path := index("alerting.rules", i)
		if first, twice := written[o.Name]; twice && o.Name != "" {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is the name of two rules; %s has it already", o.Name, b.describe(first)))
			continue
		}
		written[o.Name] = path
		base, changes := all[o.Name]
		if o.Disabled {
			if !changes && o.Expr == "" && o.Measure == "" {
				b.problem(b.p, path+".name", fmt.Sprintf("no rule is called %q, so there is nothing to disable%s", o.Name, didYouMean(o.Name, slices.Sorted(maps.Keys(all)))))
			}
			delete(all, o.Name)
			continue
		}
		all[o.Name] = b.rule(path, o, base, changes)
	}
	for i, o := range b.Alerting.SLOs {
		for _, r := range b.slo(index("alerting.slos", i), o) {
			if _, twice := all[r.Name]; twice {
				b.problem(b.p, index("alerting.slos", i)+".name", fmt.Sprintf("makes a rule called %q, which there is already", r.Name))
			}
			all[r.Name] = r
		}
	}
	rules := slices.Collect(maps.Values(all))
	slices.SortFunc(rules, func(x, y alerting.Rule) int { return strings.Compare(x.Name, y.Name) })
	return rules
}

// rule makes one rule, on top of the one that it changes, if any.
func (b policyBuilder) rule(path string, o RuleOptions, r alerting.Rule, changes bool) alerting.Rule {
	if !alerting.IsLabelName(o.Name) {
		b.problem(b.p, path+".name", fmt.Sprintf("%q is no name for a rule; use letters, digits and _, such as queue_too_long", o.Name))
	}
	r.Name = o.Name
	b.expression(path, o, &r, changes)
	if o.For != nil {
		b.notNegative(b.p, path+".for", int64(*o.For))
		r.For = *o.For
	}
	if o.KeepFiringFor != nil {
		b.notNegative(b.p, path+".keep_firing_for", int64(*o.KeepFiringFor))
		r.KeepFiringFor = *o.KeepFiringFor
	}
	if o.Severity != "" {
		b.severity(path+".severity", o.Severity)
		r.Severity = o.Severity
	} else if !changes {
		r.Severity = "warning"
	}
	if len(o.Labels) > 0 {
		r.Labels = b.labels(path+".labels", o.Labels)
	}
	r.Annotations = maps.Clone(r.Annotations)
	if r.Annotations == nil {
		r.Annotations = map[string]string{}
	}
	if o.Summary != "" {
		r.Annotations["summary"] = o.Summary
	}
	if o.Description != "" {
		r.Annotations["description"] = o.Description
	}
	r.Runbook = or(o.Runbook, r.Runbook)
	if o.Incident != nil {
		r.Incident = *o.Incident
	}
	if o.IncidentBy != nil {
		r.IncidentBy = o.IncidentBy
	}
	return r
}

// expression settles what the rule asks.
func (b policyBuilder) expression(path string, o RuleOptions, r *alerting.Rule, changes bool) {
	shorthand := o.Measure != "" || o.Threshold != nil || o.Window != nil
	switch {
	case o.Expr != "" && shorthand:
		b.problem(b.p, path+".expr", "stands beside measure, threshold or window; keep one of the two ways")
	case o.Expr != "":
		if err := alerting.ParseExpression(o.Expr); err != nil {
			b.problem(b.p, path+".expr", err.Error())
		}
		r.Expr, r.Measure, r.Shorthand = o.Expr, "", ""
		r.WantsNoData = alerting.AsksForAbsence(o.Expr)
	case shorthand:
		r.Measure = or(o.Measure, r.Measure)
		if o.Threshold != nil {
			r.Threshold = *o.Threshold
		} else if o.Measure != "" && !changes {
			b.problem(b.p, path+".threshold", "is missing; a measure is compared with a threshold")
			return
		}
		if o.Window != nil {
			r.Window = *o.Window
		}
		if r.Measure == "" {
			b.problem(b.p, path+".measure", "is missing; threshold and window belong to a measure, such as check_failures")
			return
		}
		if err := r.FromMeasure(); err != nil {
			b.problem(b.p, path+".measure", err.Error())
		}
	case !changes:
		b.problem(b.p, path, "has neither expr nor measure, so it asks nothing; write PromQL in expr, or measure, threshold and window")
	}
}

func (b policyBuilder) slo(path string, o SLOOptions) []alerting.Rule {
	s := alerting.SLO{
		Name: o.Name, Objective: o.Objective, Good: o.Good, Total: o.Total, Checks: o.Checks, Runbook: o.Runbook,
		Labels: b.labels(path+".labels", o.Labels),
	}
	if err := s.Validate(); err != nil {
		for line := range strings.Lines(err.Error()) {
			b.problem(b.p, path, strings.TrimSpace(line))
		}
		return nil
	}
	return s.Rules()
}

func (b policyBuilder) inhibitions() []alerting.Inhibition {
	all := []alerting.Inhibition{{
		// The first says what the second says again, for the same check.
		Source: []alerting.Matcher{{Name: "alertname", Op: "=", Value: "database_unavailable"}},
		Target: []alerting.Matcher{{Name: "alertname", Op: "=", Value: "health_check_failures"}},
		Equal:  []string{"check"},
	}, {
		Source: []alerting.Matcher{{Name: "alertname", Op: "=", Value: "error_rate_incident"}},
		Target: []alerting.Matcher{{Name: "alertname", Op: "=", Value: "high_error_rate"}},
	}}
	for i, o := range b.Alerting.Inhibit {
		path := index("alerting.inhibit", i)
		one := alerting.Inhibition{Source: b.matchers(path+".source", o.Source), Target: b.matchers(path+".target", o.Target), Equal: o.Equal}
		if len(o.Source) == 0 || len(o.Target) == 0 {
			b.problem(b.p, path, "needs a source and a target, such as source: [check=database], target: [team=web]")
		}
		all = append(all, one)
	}
	return all
}

func (b policyBuilder) windows() []alerting.Window {
	var all []alerting.Window
	for i, o := range b.Alerting.Maintenance {
		all = append(all, b.window(index("alerting.maintenance", i), o))
	}
	return all
}

func (b policyBuilder) window(path string, o MaintenanceWindow) alerting.Window {
	w := alerting.Window{Name: o.Name, Matchers: b.matchers(path+".match", o.Match), Why: o.Why, By: "configuration", Days: o.Days, Duration: o.Duration, Location: b.location}
	if o.Name == "" {
		b.problem(b.p, path+".name", "is missing; a window needs a name by which people know it")
	}
	if o.Timezone != "" {
		location, err := loadLocation(o.Timezone)
		if err != nil {
			b.problem(b.p, path+".timezone", fmt.Sprintf("%q is not a time zone; write one such as Europe/Berlin or UTC", o.Timezone))
			return w
		}
		w.Location = location
	}
	w.From, w.Until = b.moment(path+".from", o.From, w.Location), b.moment(path+".until", o.Until, w.Location)
	if o.Start != "" {
		at, err := alerting.ParseClock(o.Start)
		b.report(path+".start", err)
		w.At = at
	}
	for n, text := range o.Weekdays {
		day, err := alerting.ParseWeekday(text)
		b.report(index(path+".weekdays", n), err)
		w.Weekdays = append(w.Weekdays, day)
	}
	for n, text := range o.Months {
		month, err := alerting.ParseMonth(text)
		b.report(index(path+".months", n), err)
		w.Months = append(w.Months, month)
	}
	if !b.p.blames(path) {
		b.report(path, w.Validate())
	}
	return w
}

func (b policyBuilder) report(key string, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		b.problem(b.p, key, strings.TrimSpace(line))
	}
}

// moment reads a point in time, with or without a time zone of its own.
func (b policyBuilder) moment(key, text string, location *time.Location) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err := time.ParseInLocation(form, text, location); err == nil {
			return at
		}
	}
	b.problem(b.p, key, fmt.Sprintf("%q is no moment; write 2026-11-23 22:00 or 2026-11-23T22:00:00+01:00", text))
	return time.Time{}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
