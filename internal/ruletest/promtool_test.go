package ruletest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/ruletest"
	"vitals/report"
)

// rules are what the cases below test: every part of a rule that changes what
// fires, and the default rules.
func rules() []alerting.Rule {
	return append(alerting.DefaultRules(),
		alerting.Rule{Name: "at_once", Expr: "x > 1", Severity: "warning"},
		alerting.Rule{Name: "lasting", Expr: "x > 1", For: 2 * time.Minute, Severity: "critical"},
		alerting.Rule{Name: "odd_for", Expr: "x > 1", For: 90 * time.Second},
		alerting.Rule{Name: "labelled", Expr: `x > 1`, Severity: "info", Labels: map[string]string{"team": "db", "braces": "a {{ $value }}"}},
		alerting.Rule{Name: "told", Expr: "x > 1", Runbook: "https://wiki.example/x", Annotations: map[string]string{
			"summary": "{{ $labels.host }} is at {{ $value }}, {{$labels.nothing}}{{ $what }} {{"}},
		alerting.Rule{Name: "gone", Expr: "absent(x)"},
		alerting.Rule{Name: "subquery", Expr: "max_over_time(x[10m:30s]) > 5"},
		alerting.Rule{Name: "joined", Expr: "x > 1 and on (host) y == 1"},
		alerting.Rule{Name: "number", Expr: "1 > bool 0"},
		alerting.Rule{Name: "conflict", Expr: `sum(x) / sum(y)`},
	)
}

// cases are tests in promtool's format, the part below "tests:". Each says
// whether its expectations are met.
var cases = map[string]struct {
	met  bool
	yaml string
}{
	"at once":                   {true, one(`x{host="a"}`, "1 2 2 1", alert("1m", "at_once", `{host: a, severity: warning}`))},
	"not yet":                   {true, one(`x{host="a"}`, "1 2 2 1", alert("0m", "at_once"))},
	"no more":                   {true, one(`x{host="a"}`, "1 2 2 1", alert("3m", "at_once"))},
	"between two evaluations":   {true, one(`x{host="a"}`, "1 2 2 1", alert("2m59s", "at_once", `{host: a, severity: warning}`))},
	"missed":                    {false, one(`x{host="a"}`, "1 2 2 1", alert("1m", "at_once"))},
	"expected too early":        {false, one(`x{host="a"}`, "1 2 2 1", alert("0m", "at_once", `{host: a, severity: warning}`))},
	"wrong label":               {false, one(`x{host="a"}`, "1 2 2 1", alert("1m", "at_once", `{host: b, severity: warning}`))},
	"severity forgotten":        {false, one(`x{host="a"}`, "1 2 2 1", alert("1m", "at_once", `{host: a}`))},
	"for not over":              {true, one(`x{host="a"}`, "2x9", alert("1m", "lasting"))},
	"for over":                  {true, one(`x{host="a"}`, "2x9", alert("2m", "lasting", `{host: a, severity: critical}`))},
	"for begins again":          {true, one(`x{host="a"}`, "2 2 1 2 2 2", alert("4m", "lasting"))},
	"for over after the gap":    {true, one(`x{host="a"}`, "2 2 1 2 2 2", alert("5m", "lasting", `{host: a, severity: critical}`))},
	"for between evaluations":   {true, one(`x{host="a"}`, "2x9", alert("1m", "odd_for"), alert("2m", "odd_for", `{host: a}`))},
	"labels and their braces":   {true, one(`x{host="a"}`, "2x9", alert("1m", "labelled", `{host: a, severity: info, team: db, braces: "a {{ $value }}"}`))},
	"a label is overridden":     {true, one(`x{host="a", team="web"}`, "2x9", alert("1m", "labelled", `{host: a, severity: info, team: db, braces: "a {{ $value }}"}`))},
	"annotations":               {true, one(`x{host="a"}`, "2.5x9", alert("1m", "told", `{host: a}`, `{summary: "a is at 2.5, {{ $what }} {{", runbook_url: "https://wiki.example/x"}`))},
	"annotations cut the value": {true, one(`x{host="a"}`, "3.14159x9", alert("1m", "told", `{host: a}`, `{summary: "a is at 3.142, {{ $what }} {{", runbook_url: "https://wiki.example/x"}`))},
	"annotations forgotten":     {false, one(`x{host="a"}`, "2.5x9", alert("1m", "told", `{host: a}`))},
	"absent":                    {true, one(`y`, "1x9", alert("1m", "gone", `{}`))},
	"ended by a marker":         {true, one(`x{host="a"}`, "2 2 stale", alert("1m", "at_once", `{host: a, severity: warning}`), alert("2m", "at_once"))},
	"a hole is looked over":     {true, one(`x{host="a"}`, "2 _ _ _ 2", alert("3m", "at_once", `{host: a, severity: warning}`))},
	"counting up":               {true, one(`x{host="a"}`, "0+1x9", alert("1m", "at_once"), alert("2m", "at_once", `{host: a, severity: warning}`))},
	"counting down":             {true, one(`x{host="a"}`, "3-1x2 _x2 7", alert("1m", "at_once", `{host: a, severity: warning}`), alert("2m", "at_once"), alert("5m", "at_once", `{host: a, severity: warning}`))},
	"subquery":                  {true, one(`x{host="a"}`, "1 9 1x20", alert("5m", "subquery", `{host: a}`), alert("15m", "subquery"))},
	"joined":                    {true, many(in(`x{host="a"}`, "2x9")+in(`x{host="b"}`, "2x9")+in(`y{host="b", k="v"}`, "0 0 1x9"), alert("1m", "joined"), alert("2m", "joined", `{host: b}`))},
	"two series":                {true, many(in(`x{host="a"}`, "2x9")+in(`x{host="b"}`, "1 1 2 1"), alert("2m", "at_once", `{host: a, severity: warning}`, ``, `{host: b, severity: warning}`))},
	"one of two forgotten":      {false, many(in(`x{host="a"}`, "2x9")+in(`x{host="b"}`, "1 1 2 1"), alert("2m", "at_once", `{host: b, severity: warning}`))},
	"a single number":           {true, one(`x`, "1x9", alert("1m", "number", `{}`))},
	"division by zero":          {true, many(in("x", "0x9")+in("y", "0x9"), alert("1m", "conflict", `{}`))},
	"expression": {true, many(in(`x{host="a"}`, "0+60x9"), `    promql_expr_test:
      - {expr: "rate(x[3m1s])", eval_time: 5m, exp_samples: [{labels: '{host="a"}', value: 1}]}
      - {expr: "x", eval_time: 2m, exp_samples: [{labels: 'x{host="a"}', value: 120}]}
      - {expr: "x > 1e9", eval_time: 2m}
      - {expr: "1 + 1", eval_time: 2m, exp_samples: [{labels: '{}', value: 2}]}
      - {expr: "x offset 1m", eval_time: 90s, exp_samples: [{labels: 'x{host="a"}', value: 0}]}
`)},
	"expression with another value": {false, many(in(`x`, "1x9"), "    promql_expr_test: [{expr: x, eval_time: 2m, exp_samples: [{labels: x, value: 2}]}]\n")},
	"expression without a name":     {false, many(in(`x`, "1x9"), "    promql_expr_test: [{expr: x, eval_time: 2m, exp_samples: [{labels: '{}', value: 1}]}]\n")},
	"expression with one too few":   {false, many(in(`x{a="1"}`, "1x9")+in(`x{a="2"}`, "1x9"), "    promql_expr_test: [{expr: x, eval_time: 2m, exp_samples: [{labels: 'x{a=\"1\"}', value: 1}]}]\n")},
	"what is yet to come": {true, many(in(`x`, "1 2 3 4 5"), `    promql_expr_test:
      - {expr: "x offset -2m", eval_time: 90s, exp_samples: [{labels: x, value: 2}]}
`)},
	"health check failures": {true, one(`vitals_check_failed{check="web"}`, "0 0 0 0 0 0 1 1 1 1 0 0", alert("7m", "health_check_failures"),
		alert("8m", "health_check_failures", webFailed("3")...), alert("9m", "health_check_failures", webFailed("4")...), alert("10m", "health_check_failures"))},
	"database unavailable": {true, many(in(`vitals_check_failed{check="database@replica"}`, "0 1 0")+in(`vitals_check_failed{check="database.pool"}`, "1x9"), alert("1m", "database_unavailable",
		`{check: database@replica, severity: critical}`, `{summary: "The database (database@replica) does not answer", description: "Run vitals check database: it says why. Is the server up, its disk full, its connections used up?"}`),
		alert("2m", "database_unavailable"))},
	"no requests, no rates": {true, many(in(`http_requests_total{status_code="500"}`, "7x30")+in(`http_requests_total{status_code="200"}`, "9x30")+
		in("http_request_duration_seconds_sum", "5x30")+in("http_request_duration_seconds_count", "5x30")+in(`payments_total{status="failed"}`, "1x30"),
		alert("25m", "high_error_rate"), alert("25m", "high_response_time"), alert("25m", "payment_failure_rate"))},
}

func webFailed(times string) []string {
	return []string{`{check: web, severity: critical}`, `{summary: "Check web failed ` + times + ` times and still fails", description: "Run vitals check web: it says what is wrong and what to do next."}`}
}

func in(series, values string) string {
	return "      - {series: '" + series + "', values: '" + values + "'}\n"
}

func one(series, values string, alerts ...string) string { return many(in(series, values), alerts...) }

func many(inputs string, expectations ...string) string {
	text := "  - interval: 1m\n    input_series:\n" + inputs
	if strings.HasPrefix(expectations[0], "    promql") {
		return text + expectations[0]
	}
	return text + "    alert_rule_test:\n" + strings.Join(expectations, "")
}

// alert expects alerts of a rule at a time: labels and annotations in turn.
func alert(at, name string, want ...string) string {
	text := "- {eval_time: " + at + ", alertname: " + name + ", exp_alerts: ["
	for i, w := range want {
		switch {
		case w == "":
		case i%2 == 0:
			text += "{exp_labels: " + w
		default:
			text += ", exp_annotations: " + w
		}
		if i%2 == 1 || i == len(want)-1 {
			text += "},"
		}
	}
	return "      " + text + "]}\n"
}

// promtool is the real one. It comes with Prometheus: scripts/services install
// prometheus, or the package prometheus of Debian.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is needed to compare with: scripts/services install prometheus, or apt-get install prometheus")
	}
	return path
}

func TestVerdictsAreThoseOfPromtool(t *testing.T) {
	tool, dir := promtool(t), t.TempDir()
	var exported bytes.Buffer
	if err := report.WritePrometheusRules(&exported, rules()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "rules.yml"), exported.String())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n" + c.yaml
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+".yml")
			write(t, file, text)
			said, err := exec.Command(tool, "test", "rules", file).CombinedOutput()
			if (err == nil) != c.met || !c.met && !strings.Contains(string(said), "got:") {
				t.Errorf("promtool: met %v, want %v:\n%s\n%s", err == nil, c.met, said, text)
			}
			out, err := ruletest.Run(t.Context(), []byte(text), "tests.yml", rules())
			if err != nil {
				t.Fatal(err)
			}
			if out.OK() != c.met || out.Checked == 0 {
				t.Errorf("met %v of %d, want %v: %v", out.OK(), out.Checked, c.met, out.Failures)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
