package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"vitals/alerting"
)

// promRuleFile is the part of Prometheus' rule files in use.
type promRuleFile struct {
	Groups []promRuleGroup `yaml:"groups"`
}

type promRuleGroup struct {
	Name  string     `yaml:"name"`
	Rules []promRule `yaml:"rules"`
}

type promRule struct {
	Alert         string            `yaml:"alert"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for,omitempty"`
	KeepFiringFor string            `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]string `yaml:"labels,omitempty"`
	Annotations   map[string]string `yaml:"annotations,omitempty"`
}

// WritePrometheusRules writes rules as a rule file for Prometheus 2.42 and
// later (keep_firing_for is that young), sorted by name in one group. A rule's
// runbook becomes the annotation runbook_url. It fails, before anything is
// written, for rules that Prometheus would refuse: without a name or an
// expression, two of one name, a label's name of other characters than letters,
// digits and _.
func WritePrometheusRules(w io.Writer, rules []alerting.Rule) error {
	group := promRuleGroup{Name: "vitals", Rules: []promRule{}}
	rules = slices.Clone(rules)
	slices.SortStableFunc(rules, func(a, b alerting.Rule) int { return cmp.Compare(a.Name, b.Name) })
	for i, r := range rules {
		if i > 0 && rules[i-1].Name == r.Name {
			return fmt.Errorf("two rules have the name %q: the names in a rule file must differ", r.Name)
		}
		p, err := promRuleOf(r)
		if err != nil {
			return err
		}
		group.Rules = append(group.Rules, p)
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(promRuleFile{Groups: []promRuleGroup{group}}); err != nil {
		return err
	}
	return e.Close()
}

func promRuleOf(r alerting.Rule) (promRule, error) {
	switch {
	case r.Name == "":
		return promRule{}, fmt.Errorf("the rule with the expression %q has no name", r.Expr)
	case strings.TrimSpace(r.Expr) == "":
		return promRule{}, fmt.Errorf("the rule %s has no expression", r.Name)
	}
	p := promRule{Alert: Clean(r.Name), Expr: r.Expr, For: promDuration(r.For), KeepFiringFor: promDuration(r.KeepFiringFor),
		Labels: map[string]string{}, Annotations: map[string]string{}}
	for name, value := range r.Labels {
		p.Labels[name] = promLiteral(value)
	}
	if r.Severity != "" {
		p.Labels["severity"] = r.Severity
	}
	if r.Runbook != "" {
		p.Annotations["runbook_url"] = promLiteral(r.Runbook)
	}
	for name, text := range r.Annotations {
		p.Annotations[name] = promTemplate(text)
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(p.Labels)), slices.Sorted(maps.Keys(p.Annotations))) {
		if !promLabelName.MatchString(name) {
			return promRule{}, fmt.Errorf("the rule %s has a label or annotation %q: Prometheus' names are made of letters, digits and _", r.Name, name)
		}
	}
	return p, nil
}

var (
	promLabelName   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	promPlaceholder = regexp.MustCompile(`\{\{\s*(?:(\$value)|\$labels\.([^\s{}]+))\s*\}\}|\{\{`)
)

// promTemplate turns an annotation into Prometheus' template language. The
// value is cut to four digits, as Vitals shows it; braces that mean nothing to
// Vitals mean nothing there either.
func promTemplate(text string) string {
	return promPlaceholder.ReplaceAllStringFunc(text, func(found string) string {
		m := promPlaceholder.FindStringSubmatch(found)
		switch {
		case m[1] != "":
			return `{{ printf "%.4g" $value }}`
		case promLabelName.MatchString(m[2]):
			return "{{ $labels." + m[2] + " }}"
		case m[2] != "":
			return fmt.Sprintf("{{ index $labels %q }}", m[2])
		}
		return promBraces
	})
}

// promBraces is a template for two braces.
const promBraces = `{{ "{{" }}`

// promLiteral keeps Prometheus from expanding what Vitals does not.
func promLiteral(text string) string { return strings.ReplaceAll(text, "{{", promBraces) }

// promDuration writes a time as Prometheus does, "" for none. Prometheus knows
// no less than a millisecond.
func promDuration(d time.Duration) string {
	if d < time.Millisecond {
		return ""
	}
	return model.Duration(d).String()
}
