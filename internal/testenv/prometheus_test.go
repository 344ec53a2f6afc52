package testenv

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

const oneRule = `groups:
  - name: vitals
    interval: 1s
    rules:
      - alert: down
        expr: vector(1) > 0
        for: 5m
        keep_firing_for: 10m
        labels: {severity: critical}
        annotations: {summary: it is down}
`

func TestPrometheusTakesAndAnswers(t *testing.T) {
	p := StartPrometheus(t, PrometheusOptions{})
	at := time.UnixMilli(1_700_000_000_113)
	var samples []PromSample
	for i := range 20_000 { // more than one request, and literals of more than 64 KiB
		samples = append(samples, PromSample{"up", map[string]string{"job": "ä\n", "none": ""}, float64(i), at.Add(time.Duration(i) * time.Millisecond)})
	}
	p.Write(t, append(samples, PromSample{Name: "other", Value: -2.5, Time: at}))
	a, err := p.Query(t, `{__name__!=""}`, at.Add(20*time.Second))
	if err != nil || a.Kind != "vector" || len(a.Series) != 2 || a.Series[0].Labels["__name__"] != "other" || a.Series[0].Points[0].Value != -2.5 ||
		a.Series[1].Labels["job"] != "ä\n" || a.Series[1].Points[0].Value != 19_999 {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = p.QueryRange(t, `up`, at, at.Add(time.Second), 500*time.Millisecond)
	if err != nil || a.Kind != "matrix" || len(a.Series) != 1 || len(a.Series[0].Points) != 3 || a.Series[0].Points[1] != (PromPoint{at.Add(500 * time.Millisecond), 500}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := p.Query(t, `"text"`, at); err != nil || a.Text != "text" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := p.Query(t, `time()`, at); err != nil || a.Kind != "scalar" || a.Series[0].Points[0].Value != 1_700_000_000.113 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := p.Query(t, `up +`, at); err == nil || !strings.Contains(err.Error(), "bad_data: ") {
		t.Errorf("what is no expression gives %v", err)
	}
	if p.Major(t) < 2 {
		t.Errorf("major %d", p.Major(t))
	}
}

func TestPrometheusLoadsRules(t *testing.T) {
	CheckRules(t, oneRule)
	p := StartPrometheus(t, PrometheusOptions{Rules: map[string]string{"vitals.yml": oneRule}})
	groups := p.Rules(t)
	if len(groups) != 1 || groups[0].Name != "vitals" || !strings.HasSuffix(groups[0].File, "/vitals.yml") || groups[0].Interval != 1 || len(groups[0].Rules) != 1 {
		t.Fatalf("%+v", groups)
	}
	r := groups[0].Rules[0]
	if r.Name != "down" || r.Type != "alerting" || r.Query != "vector(1) > 0" || r.Duration != 300 || r.KeepFiringFor != 600 ||
		r.Labels["severity"] != "critical" || r.Annotations["summary"] != "it is down" {
		t.Errorf("%+v", r)
	}
	for deadline := time.Now().Add(10 * time.Second); p.Rules(t)[0].Rules[0].State != "pending"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never pending: %+v", p.Rules(t))
		}
	}
	RunRuleTests(t, map[string]string{"rules.yml": oneRule, "test.yml": `rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    alert_rule_test:
      - {eval_time: 10m, alertname: down, exp_alerts: [{exp_labels: {severity: critical}, exp_annotations: {summary: it is down}}]}
`}, "test.yml")
}

// TestPrometheusEndsWithItsTest: the next test finds their ports free and no process behind.
func TestPrometheusEndsWithItsTest(t *testing.T) {
	var p *Prometheus
	var a *Alertmanager
	t.Run("uses them", func(t *testing.T) {
		p, a = StartPrometheus(t, PrometheusOptions{}), StartAlertmanager(t, AlertmanagerOptions{})
	})
	if p.process.running() || a.process.running() {
		t.Error("still there")
	}
	for _, url := range []string{p.URL, a.URL} {
		if listens(strings.TrimPrefix(url, "http://")) == nil {
			t.Errorf("%s still listens", url)
		}
	}
}

func TestAlertmanagerRecords(t *testing.T) {
	CheckAlertmanagerConfig(t, "route: {receiver: x}\nreceivers: [{name: x}]\n")
	a := StartAlertmanager(t, AlertmanagerOptions{Login: true, TLS: true})
	c := exec.Command(Amtool(t), "--alertmanager.url=http://"+AlertmanagerUser+":"+AlertmanagerPassword+"@"+strings.TrimPrefix(a.URL, "https://"), "alert", "add", "down", "severity=critical")
	if out, err := c.CombinedOutput(); err == nil {
		t.Errorf("over http it takes %s", out)
	}
	if held := a.Alerts(t); len(held) != 0 {
		t.Errorf("holds %+v", held)
	}
	b := StartAlertmanager(t, AlertmanagerOptions{})
	c = exec.Command(Amtool(t), "--alertmanager.url="+b.URL, "alert", "add", "down", "severity=critical", "--annotation=summary=it is down")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("amtool: %v\n%s", err, out)
	}
	n := b.Wait(t, 1)[0]
	if n.Status != "firing" || n.GroupLabels["alertname"] != "down" || len(n.Alerts) != 1 || n.Alerts[0].Labels["severity"] != "critical" || n.Alerts[0].Annotations["summary"] != "it is down" {
		t.Errorf("%+v", n)
	}
	if held := b.Alerts(t); len(held) != 1 || held[0].Status.State != "active" || held[0].Fingerprint != n.Alerts[0].Fingerprint {
		t.Errorf("holds %+v", held)
	}
}
