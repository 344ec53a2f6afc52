package alerting_test

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"vitals/alerting"
)

// The contract's table, section 4.
func TestDefaultRulesAreTheContracts(t *testing.T) {
	want := []struct {
		name, shorthand, severity, measure string
		threshold                          float64
		window                             time.Duration
	}{
		{"database_unavailable", "1 failure in 1m", "critical", "database_failures", 1, time.Minute},
		{"db_pool_usage", "80 % or more now", "warning", "pool_checked_out_percent", 80, 0},
		{"failed_logins", "more than 10 in 1h", "warning", "failed_logins_per_address", 10, time.Hour},
		{"health_check_failures", "3 failures in 5m", "critical", "check_failures", 3, 5 * time.Minute},
		{"high_error_rate", "above 5 % over 10m", "warning", "error_rate_percent", 5, 10 * time.Minute},
		{"high_memory_usage", "above 80 % over 10m", "warning", "memory_used_percent", 80, 10 * time.Minute},
		{"high_response_time", "above 2000 ms over 5m", "warning", "response_time_ms", 2000, 5 * time.Minute},
		{"payment_failure_rate", "above 10 % over 15m", "critical", "payment_failure_percent", 10, 15 * time.Minute},
		{"slow_queries", "above 1000 ms now", "warning", "slow_query_mean_ms", 1000, 0},
	}
	rules := alerting.DefaultRules()
	if len(rules) != len(want) {
		t.Fatalf("%d rules, want %d", len(rules), len(want))
	}
	for i, w := range want {
		r := rules[i]
		expr, err := alerting.Expand(w.measure, w.threshold, w.window)
		if r.Name != w.name || r.Shorthand != w.shorthand || r.Severity != w.severity || r.Expr != expr || err != nil {
			t.Errorf("%+v, %v\nwant %+v\n%s", r, err, w, expr)
		}
		if r.Measure != w.measure || r.Threshold != w.threshold || r.Window != w.window {
			t.Errorf("%s: its shorthand cannot be changed in part: %+v", r.Name, r)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s says nothing to whom it wakes", r.Name)
		}
	}
}

// The contract, section 5.
func TestDetectionRulesOpenTheContractsIncidents(t *testing.T) {
	want := map[string]string{
		"database_unavailable":  "database_down, critical, 1 failure in 1m",
		"error_rate_incident":   "high_error_rate, warning, above 10 % over 10m",
		"health_check_failures": "health_check_failures, critical, 3 failures in 5m",
		"high_response_time":    "performance_degradation, warning, above 2000 ms over 5m",
	}
	rules := alerting.DetectionRules()
	for _, r := range rules {
		if got := r.Incident + ", " + r.Severity + ", " + r.Shorthand; got != want[r.Name] {
			t.Errorf("%s: %s, want %s", r.Name, got, want[r.Name])
		}
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr); err != nil || r.Expr == "" {
			t.Errorf("%s: %q: %v", r.Name, r.Expr, err)
		}
	}
	if len(rules) != len(want) || !slices.IsSortedFunc(rules, func(a, b alerting.Rule) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) }) {
		t.Errorf("%d rules, want %d, sorted", len(rules), len(want))
	}
}
