package report_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/report"
)

func exportedRules() []alerting.Rule {
	slo := alerting.SLO{Name: "checkout", Objective: 99.9, Good: `http_requests_total{endpoint="/pay",status_code!~"5.."}`, Total: `http_requests_total{endpoint="/pay"}`}
	return append(append(alerting.DefaultRules(), slo.Rules()...), alerting.Rule{
		Name: "Ünusual: \"all\" of it", Expr: "# why\nup{job=\"a\\\\b\"}\n  == 0", For: 90 * time.Minute, KeepFiringFor: 1500 * time.Millisecond,
		Severity: "info", Labels: map[string]string{"team": "no", "severity": "ignored", "price": "{{ $value }} %"}, Runbook: "https://wiki.example/{{x}}",
		Annotations: map[string]string{"summary": "{{$value}} of {{ $labels.job }} {{ $labels.a.b }} {{ .Foo }} {{ {{", "colon": "a: b # c\n- d"},
	}, alerting.Rule{Name: "bare", Expr: "vector(1)"})
}

func TestRulesForPrometheus(t *testing.T) {
	var b bytes.Buffer
	if err := report.WritePrometheusRules(&b, exportedRules()); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "promrules.yml")
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("not as %s (-update writes it anew):\n%s", golden, b.String())
	}
}

// promtool comes with Prometheus: scripts/services install prometheus, or the
// package prometheus of Debian.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is needed to check with: scripts/services install prometheus, or apt-get install prometheus")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPromtoolTakesTheRules(t *testing.T) {
	for name, rules := range map[string][]alerting.Rule{"all": exportedRules(), "none": nil, "detection": alerting.DetectionRules()} {
		file := filepath.Join(t.TempDir(), "rules.yml")
		var b bytes.Buffer
		if err := report.WritePrometheusRules(&b, rules); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		said := promtool(t, "check", "rules", file)
		if want := map[string]string{"all": "15 rules found", "none": "0 rules found", "detection": "4 rules found"}[name]; !strings.Contains(said, want) {
			t.Errorf("%s: %s, want %s", name, said, want)
		}
	}
}

// What Prometheus makes of labels and annotations is what Vitals makes of them.
func TestPrometheusExpandsTheSameTexts(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	rule := exportedRules()[13]
	rule.Expr, rule.For = "x * 1", 0
	if err := report.WritePrometheusRules(&b, []alerting.Rule{rule}); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	alerts, _ := alerting.Evaluate(rule, nil, alerting.Observation{Series: []alerting.Series{{Labels: map[string]string{"job": "web"}, Value: 12.3456}}}, now)
	if want := "12.35 of web  {{ .Foo }} {{ {{"; alerts[0].Annotations["summary"] != want {
		t.Fatalf("%q, want %q", alerts[0].Annotations["summary"], want)
	}
	files := map[string]string{"rules.yml": b.String(), "test.yml": `rule_files: [rules.yml]
tests:
  - input_series: [{series: 'x{job="web"}', values: '12.3456 12.3456'}]
    interval: 1m
    alert_rule_test:
      - eval_time: 1m
        alertname: 'Ünusual: "all" of it'
        exp_alerts:
          - exp_labels: {job: web, team: "no", severity: info, price: "{{ $value }} %"}
            exp_annotations:
              summary: "12.35 of web  {{ .Foo }} {{ {{"
              colon: "a: b # c\n- d"
              runbook_url: "https://wiki.example/{{x}}"
`}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, "test", "rules", filepath.Join(dir, "test.yml"))
}

func TestRulesThatPrometheusWouldRefuse(t *testing.T) {
	for want, rules := range map[string][]alerting.Rule{
		`the rule with the expression "up" has no name`: {{Expr: "up"}},
		`the rule a has no expression`:                  {{Name: "a", Expr: " "}},
		`two rules have the name "a"`:                   {{Name: "a", Expr: "up"}, {Name: "b", Expr: "up"}, {Name: "a", Expr: "down"}},
		`the rule a has a label or annotation "b-c"`:    {{Name: "a", Expr: "up", Labels: map[string]string{"b-c": ""}}},
		`the rule a has a label or annotation "d e"`:    {{Name: "a", Expr: "up", Annotations: map[string]string{"d e": ""}}},
	} {
		var b bytes.Buffer
		err := report.WritePrometheusRules(&b, rules)
		if err == nil || !strings.HasPrefix(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%v and %d bytes, want %s", err, b.Len(), want)
		}
	}
}
