package alerting_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/ruletest"
)

var requests = alerting.SLO{Name: "api", Objective: 99.9, Good: `http_requests_total{status_code!~"5.."}`, Total: "http_requests_total"}

func TestSLORules(t *testing.T) {
	s := requests
	s.Labels, s.Runbook = map[string]string{"team": "web", "slo": "not this"}, "https://wiki.example/slo"
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"api_burn_1h critical 1h/5m > 14.4", "api_burn_6h critical 6h/30m > 6", "api_burn_1d warning 1d/2h > 3", "api_burn_3d warning 3d/6h > 1",
	}
	rules := s.Rules()
	if len(rules) != len(want) {
		t.Fatalf("%d rules", len(rules))
	}
	for i, r := range rules {
		_, limit, _ := strings.Cut(r.Expr[strings.Index(r.Expr, "/ 0.001"):], " > ")
		limit, _, _ = strings.Cut(limit, "\n")
		got := fmt.Sprintf("%s %s %s/%s > %s", r.Name, r.Severity, r.Labels["long_window"], r.Labels["short_window"], limit)
		if got != want[i] || r.Labels["slo"] != "api" || r.Labels["team"] != "web" || r.Runbook != s.Runbook {
			t.Errorf("%s, labels %v; want %s", got, r.Labels, want[i])
		}
		for _, window := range []string{r.Labels["long_window"], r.Labels["short_window"]} {
			if strings.Count(r.Expr, "["+window+"]") != 2 {
				t.Errorf("%s: the window %s belongs into it twice: %s", r.Name, window, r.Expr)
			}
		}
	}
	if got := len(alerting.SLO{Name: "a", Objective: 90, Checks: "x"}.Rules()); got != 3 {
		t.Errorf("%d rules for 90 %%, want 3: nothing burns 14.4 times as fast as a tenth", got)
	}
}

func TestSLOsThatCannotBeUsed(t *testing.T) {
	for want, change := range map[string]func(*alerting.SLO){
		`"a b" is not a name for an SLO`:                                     func(s *alerting.SLO) { s.Name = "a b" },
		`the objective must lie between 0 and 100 percent`:                   func(s *alerting.SLO) { s.Objective = 100 },
		`an SLO counts results of checks, or good and total, not both`:       func(s *alerting.SLO) { s.Checks = "x" },
		`an SLO must say what it counts`:                                     func(s *alerting.SLO) { s.Good, s.Total = "", "" },
		`total is missing: write a counter`:                                  func(s *alerting.SLO) { s.Total = "" },
		`good: "up{" is not PromQL`:                                          func(s *alerting.SLO) { s.Good = "up{" },
		`good: write a counter, such as http_requests_total, or an expressi`: func(s *alerting.SLO) { s.Good = "sum(rate(x[5m]))" },
		`total: write a counter`:                                             func(s *alerting.SLO) { s.Total = "x offset 5m" },
		`total: "x[$window]" must come to numbers of the moment`:             func(s *alerting.SLO) { s.Total = "x[$window]" },
		`checks: the pattern "(" cannot be read`:                             func(s *alerting.SLO) { s.Good, s.Total, s.Checks = "", "", "(" },
	} {
		s := requests
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestSLOsFireWhileTheBudgetBurns(t *testing.T) {
	latency := alerting.SLO{Name: "api", Objective: 99, Good: `sum(rate(t_bucket{le="0.5"}[$window]))`, Total: `sum(rate(t_count[$window]))`}
	uptime := alerting.SLO{Name: "api", Objective: 99, Checks: "probe[.].*"}
	for name, c := range map[string]struct {
		slo   alerting.SLO
		input string
		at    time.Duration
		fires []string
	}{
		"all is well":            {requests, "  - {series: 'http_requests_total{status_code=\"200\"}', values: '0+10x4400'}\n", 72 * time.Hour, nil},
		"nothing happens":        {requests, "  - {series: 'http_requests_total{status_code=\"200\"}', values: '9x4400'}\n", 72 * time.Hour, nil},
		"nothing succeeds, ever": {requests, "  - {series: 'http_requests_total{status_code=\"500\"}', values: '0+10x70'}\n", time.Hour, []string{"1h", "6h", "1d", "3d"}},
		"an hour of 2 %": {requests, "  - {series: 'http_requests_total{status_code=\"200\"}', values: '0+100x1380 138000+98x200'}\n  - {series: 'http_requests_total{status_code=\"500\"}', values: '0x1380 0+2x200'}\n",
			24 * time.Hour, []string{"1h"}},
		"it is over": {requests, "  - {series: 'http_requests_total{status_code=\"200\"}', values: '0+100x1380 138000+98x60 143880+100x60'}\n  - {series: 'http_requests_total{status_code=\"500\"}', values: '0x1380 0+2x60 120x60'}\n",
			24*time.Hour + 10*time.Minute, nil},
		"slow for two days": {latency, "  - {series: 't_bucket{le=\"0.5\"}', values: '0+96x4400'}\n  - {series: 't_count', values: '0+100x4400'}\n", 72 * time.Hour, []string{"1d", "3d"}},
		"one of two probes": {uptime, "  - {series: 'vitals_check_failed{check=\"probe.a\"}', values: '1x70'}\n  - {series: 'vitals_check_failed{check=\"probe.b\"}', values: '0x70'}\n  - {series: 'vitals_check_failed{check=\"c\"}', values: '0x70'}\n",
			time.Hour, []string{"1h", "6h", "1d", "3d"}},
	} {
		if err := c.slo.Validate(); err != nil {
			t.Fatal(err)
		}
		text := "evaluation_interval: 1h\ntests:\n- interval: 1m\n  input_series:\n" + c.input + "  alert_rule_test:\n"
		rules := c.slo.Rules()
		for i, r := range rules {
			rules[i].Annotations = nil
			text += fmt.Sprintf("  - eval_time: %dm\n    alertname: %s\n    exp_alerts: [", int(c.at.Minutes()), r.Name)
			for _, window := range c.fires {
				if r.Labels["long_window"] == window {
					text += fmt.Sprintf("{exp_labels: {severity: %s, slo: api, long_window: %s, short_window: %s}}", r.Severity, window, r.Labels["short_window"])
				}
			}
			text += "]\n"
		}
		text = strings.Replace(text, "interval: 1h", fmt.Sprintf("interval: %dm", int(c.at.Minutes())), 1)
		out, err := ruletest.Run(t.Context(), []byte(text), name, rules)
		if err != nil || !out.OK() || out.Checked != len(rules) {
			t.Errorf("%v, %d checked: %v", err, out.Checked, out.Failures)
		}
	}
}
