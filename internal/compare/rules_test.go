package compare

import (
	"maps"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/testenv"
	"vitals/report"
)

// TestPrometheusLoadsTheExportedRules: the rules that Vitals brings, and an
// SLO's, run in a real Prometheus as they are.
func TestPrometheusLoadsTheExportedRules(t *testing.T) {
	slo := alerting.SLO{Name: "checkout", Objective: 99.9, Good: `requests_total{code!~"5.."}`, Total: `requests_total`}
	files, want := map[string]string{}, map[string]alerting.Rule{}
	for name, rules := range map[string][]alerting.Rule{"default.yml": append(alerting.DefaultRules(), slo.Rules()...), "detection.yml": alerting.DetectionRules()} {
		var b strings.Builder
		if err := report.WritePrometheusRules(&b, rules); err != nil {
			t.Fatal(err)
		}
		testenv.CheckRules(t, b.String())
		files[name] = b.String()
		for _, r := range rules {
			want[name+" "+r.Name] = r
		}
	}
	if len(want) < 15 {
		t.Fatalf("only %d rules", len(want))
	}
	p := testenv.StartPrometheus(t, testenv.PrometheusOptions{Config: "global: {evaluation_interval: 100ms}", Rules: files})
	for deadline := time.Now().Add(20 * time.Second); !evaluated(t, p); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not evaluated: %+v", p.Rules(t))
		}
	}
	missing := maps.Clone(want)
	for _, g := range p.Rules(t) {
		for _, got := range g.Rules {
			key := g.File[strings.LastIndex(g.File, "/")+1:] + " " + got.Name
			delete(missing, key)
			r, known := want[key]
			if !known || got.Type != "alerting" || got.Health != "ok" || got.LastError != "" || got.Duration != r.For.Seconds() ||
				got.KeepFiringFor != r.KeepFiringFor.Seconds() || got.Labels["severity"] != r.Severity {
				t.Errorf("%s: Prometheus has %+v\nof %+v", key, got, r)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("not loaded: %v", missing)
	}
}

// evaluated tells whether every rule has been.
func evaluated(t *testing.T, p *testenv.Prometheus) bool {
	t.Helper()
	for _, g := range p.Rules(t) {
		for _, r := range g.Rules {
			if r.Health == "unknown" {
				return false
			}
		}
	}
	return true
}
