package ruletest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/ruletest"
)

func TestFailuresSayWhatWasGotAndWanted(t *testing.T) {
	file := `tests:
  - name: the web site
    input_series: [{series: 'x{host="a"}', values: '2x9'}]
    alert_rule_test:
      - eval_time: 1m
        alertname: told
        exp_alerts: [{exp_labels: {host: b}}]
      - eval_time: 90s
        alertname: at_onec
    promql_expr_test:
      - expr: x
        eval_time: 1m
        exp_samples: [{labels: 'x{host="a"}', value: 3}]
      - {expr: 'x * on () (x or y{a="b"})', eval_time: 1m}
  - input_series: [{series: 'x{host="a"}', values: '2'}, {series: 'x{host="b"}', values: '2'}, {series: 'x{host="a", b="c"}', values: '2'}]
    alert_rule_test: [{eval_time: 1m, alertname: broken, exp_alerts: []}]
`
	out, err := ruletest.Run(t.Context(), []byte(file), "f.yml", append(rules(), alerting.Rule{Name: "broken", Expr: "x * on (host) x"}))
	if err != nil || out.OK() || out.Tests != 2 || out.Checked != 5 {
		t.Fatalf("%v: %+v", err, out)
	}
	want := []string{
		`f.yml:6: the web site: alert told at 1m
  got  {alertname="told", host="a"} with {runbook_url="https://wiki.example/x", summary="a is at 2, {{ $what }} {{"}
  want {alertname="told", host="b"}`,
		`f.yml:9: the web site: alert at_onec at 1m30s: there is no rule of this name`,
		`f.yml:11: the web site: expression "x" at 1m
  got  x{host="a"} 2
  want x{host="a"} 3`,
		`f.yml:14: the web site: expression "x * on () (x or y{a=\"b\"})" at 1m
  got  {} 4
  want nothing`,
		`f.yml:16: test 2: alert broken at 1m: the rule cannot be evaluated: found duplicate series for the match group`,
	}
	if len(out.Failures) != len(want) {
		t.Fatalf("%d failures: %v", len(out.Failures), out.Failures)
	}
	for i, f := range out.Failures {
		if got := f.String(); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got\n%s\nwant\n%s", got, want[i])
		}
	}
}

// Where Vitals and promtool differ, on purpose.
func TestSilenceKeepsTheLastState(t *testing.T) {
	file := `tests:
  - input_series: [{series: 'x{host="a"}', values: '1 2 2'}]
    alert_rule_test:
      - {eval_time: 7m, alertname: at_once, exp_alerts: [{exp_labels: {host: a, severity: warning}}]}
      - {eval_time: 1h, alertname: at_once, exp_alerts: [{exp_labels: {host: a, severity: warning}}]}
      - {eval_time: 1h, alertname: at_once}
`
	out, err := ruletest.Run(t.Context(), []byte(file), "f.yml", rules())
	if err != nil || len(out.Failures) != 1 {
		t.Fatalf("%v: %v", err, out.Failures)
	}
	if got := out.Failures[0].String(); !strings.Contains(got, "(no data: its last state is kept)") {
		t.Errorf("it does not say why the alert is still there: %s", got)
	}
}

func TestKeepFiringForHoldsAnAlert(t *testing.T) {
	keep := []alerting.Rule{{Name: "keep", Expr: "x > 1", KeepFiringFor: 5 * time.Minute}}
	file := `
evaluation_interval: 15s
tests:
  - interval: 1m
    start_timestamp: 2026-03-01T12:00:00Z
    input_series: [{series: x, values: '2 1x20'}]
    alert_rule_test:
      - {eval_time: 4m, alertname: keep, exp_alerts: [{}]}
      - {eval_time: 7m, alertname: keep, exp_alerts: []}
    promql_expr_test:
      - {expr: timestamp(x), eval_time: 1m, exp_samples: [{labels: '{}', value: 1772366460}]}
`
	out, err := ruletest.Run(t.Context(), []byte(file), "f.yml", keep)
	if err != nil || !out.OK() || out.Checked != 3 {
		t.Fatalf("%v: %v", err, out.Failures)
	}
}

func TestNotesOnWhatIsNotUsed(t *testing.T) {
	file := `
rule_files: [a.yml]
group_eval_order: [a]
fuzzy_compare: true
tests:
  - external_labels: {a: b}
    input_series: [{series: x, values: '0.1 0.3'}]
    promql_expr_test: [{expr: x * 3, eval_time: 0m, exp_samples: [{value: 0.3}]}]
`
	out, err := ruletest.Run(t.Context(), []byte(file), "f.yml", nil)
	if err != nil || !out.OK() || len(out.Notes) != 2 || !strings.Contains(out.Notes[0], "rule_files is not read") {
		t.Errorf("%v: %+v", err, out)
	}
	strict := strings.Replace(file, "fuzzy_compare: true", "", 1)
	if out, err := ruletest.Run(t.Context(), []byte(strict), "f.yml", nil); err != nil || out.OK() {
		t.Errorf("0.1 * 3 is 0.3 exactly? %v", err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	one := func(input, expectation string) string {
		return "tests:\n- input_series:\n  - " + input + "\n" + expectation
	}
	for want, file := range map[string]string{
		"f.yml: the file is empty":                                                  "",
		"f.yml:1: there are no tests in it":                                         "evaluation_interval: 1m",
		"f.yml:2: the key \"test\" is not known here":                               "tests:\ntest: []",
		"f.yml:3: the key \"alert_rules_test\" is not known here":                   "tests:\n- name: a\n  alert_rules_test: []",
		"f.yml:1: \"soon\" is not a time: write it as in 30s":                       "evaluation_interval: soon\ntests: [{}]",
		"f.yml:1: the text `a` does not belong here":                                "tests: a",
		"f.yml:4: the text `one` does not belong here":                              one("{series: x, values: 1}", "  promql_expr_test: [{expr: x, exp_samples: [{value: one}]}]"),
		"f.yml:3: the series x{: ":                                                  one("{series: 'x{', values: 1}", ""),
		"f.yml:3: the series x: unexpected identifier \"five\"":                     one("{series: x, values: five}", ""),
		"f.yml:4: the series x is given in line 3 already":                          one("{series: x, values: 1}\n  - {series: x, values: 2}", ""),
		"f.yml:3: the series x: x99999999999999999999 is too often":                 one("{series: x, values: 1x99999999999999999999}", ""),
		"f.yml:3: the series x: x2000000 is too often":                              one("{series: x, values: _x2000000}", ""),
		"f.yml:3: the series x: the history keeps no native histograms":             one("{series: x, values: '{{schema:0 sum:1 count:1 buckets:[1]}}'}", ""),
		"f.yml:4: an item of alert_rule_test needs an alertname":                    one("{series: x, values: 1}", "  alert_rule_test: [{eval_time: 1m}]"),
		"f.yml:4: the expression \"x ==\": unexpected end of input":                 one("{series: x, values: 1}", "  promql_expr_test: [{expr: x ==, eval_time: 1m}]"),
		"f.yml:4: the labels x{a}: ":                                                one("{series: x, values: 1}", "  promql_expr_test: [{expr: x, exp_samples: [{labels: 'x{a}', value: 1}]}]"),
		"f.yml:4: \"yesterday\" is not a moment":                                    one("{series: x, values: 1}", "  start_timestamp: yesterday"),
		"f.yml:1: an eval_time of 876000h0m0s means more than 10000000 evaluations": "evaluation_interval: 1s\ntests: [{alert_rule_test: [{alertname: a, eval_time: 100y}]}]",
		"f.yml: only one document":                                                  "tests: [{}]\n---\ntests: [{}]\n",
		"f.yml:2: found character that cannot start":                                "tests:\n\t- {}",
	} {
		_, err := ruletest.Run(t.Context(), []byte(file), "f.yml", rules())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	_, err := ruletest.Run(t.Context(), []byte("tests:\n- {nam: a}\n- {name: b, input_serie: []}\n"), "f.yml", nil)
	if err == nil || strings.Count(err.Error(), "is not known here") != 2 {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestRunStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := "tests: [{alert_rule_test: [{alertname: a, eval_time: 10d}]}]"
	if _, err := ruletest.Run(ctx, []byte(file), "f.yml", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("tests:\n- input_series: [{series: x, values: '1 2 stale _x2'}]\n  alert_rule_test: [{eval_time: 3m, alertname: at_once}]\n  promql_expr_test: [{expr: x, eval_time: 1m}]\n")
	for _, c := range cases {
		f.Add("tests:\n" + c.yaml)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		out, err := ruletest.Run(ctx, []byte(text), "f.yml", rules())
		for _, failure := range out.Failures {
			if failure.String() == "" || err != nil && out.Tests == 0 {
				t.Errorf("%+v", failure)
			}
		}
	})
}
