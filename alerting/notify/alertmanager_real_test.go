package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/alerting/notify"
	"vitals/checks"
	"vitals/internal/testenv"
)

// to makes the channel that leads to a real Alertmanager.
func to(t *testing.T, address string, change func(*notify.AlertmanagerOptions)) notify.Channel {
	t.Helper()
	o := options[*notify.AlertmanagerOptions](t, "alertmanager")
	o.Name, o.URL = "central", checks.Secret(address)
	if change != nil {
		change(o)
	}
	return channel(t, o)
}

func send(t *testing.T, c notify.Channel, m notify.Message) {
	t.Helper()
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// now is this moment, in the milliseconds that are kept.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// news is a message with alerts of one rule, for each of the instances.
func news(kind notify.Kind, fired time.Time, instances ...string) notify.Message {
	m := notify.Message{Key: string(kind), Group: "incident-1", Kind: kind, Severity: "critical", Title: "Databases", At: now(), StartedAt: fired, Link: "https://vitals.example.com/incidents/1"}
	for _, instance := range instances {
		a := alerting.Alert{
			ID: instance, Rule: "database_down", Severity: "critical", Phase: alerting.Firing, Value: 1, ActiveAt: fired.Add(-time.Minute), FiredAt: fired,
			Labels:      map[string]string{"alertname": "database_down", "severity": "critical", "instance": instance, "empty": ""},
			Annotations: map[string]string{"summary": "the database <" + instance + "> is gone: \"größer\""}, Runbook: "https://runbooks.example.com/db",
		}
		if kind == notify.Resolved {
			a.Phase, a.ResolvedAt = alerting.Resolved, m.At
		}
		m.Alerts = append(m.Alerts, a)
	}
	return m
}

// TestAlertmanagerHearsOfAnAlertOnce: it fires, is told again and again, and is
// over; whoever is behind Alertmanager hears of it twice.
func TestAlertmanagerHearsOfAnAlertOnce(t *testing.T) {
	t.Parallel()
	a := testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{})
	c := to(t, a.URL+"/", nil)
	fired := now().Add(-5 * time.Second)
	send(t, c, news(notify.Firing, fired, "db1"))
	n := a.Wait(t, 1)[0]
	if n.Status != "firing" || len(n.Alerts) != 1 {
		t.Fatalf("told %+v", n)
	}
	got := n.Alerts[0]
	wantLabels := map[string]string{"alertname": "database_down", "severity": "critical", "instance": "db1"}
	wantNotes := map[string]string{"summary": "the database <db1> is gone: \"größer\"", "runbook_url": "https://runbooks.example.com/db"}
	if !equal(got.Labels, wantLabels) || !equal(got.Annotations, wantNotes) || !got.StartsAt.Equal(fired) || !got.EndsAt.IsZero() ||
		got.GeneratorURL != "https://vitals.example.com/incidents/1" {
		t.Errorf("told %+v, want it since %s", got, fired)
	}

	send(t, c, news(notify.Firing, fired, "db1")) // a second copy
	send(t, c, news(notify.Reminder, fired, "db1"))
	a.WaitLonger(t, 1)
	held := a.Alerts(t)
	if len(held) != 1 || held[0].Status.State != "active" || held[0].Fingerprint != got.Fingerprint || !held[0].StartsAt.Equal(fired) {
		t.Errorf("holds %+v, want the one alert", held)
	}
	if left := time.Until(held[0].EndsAt); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("takes it for over in %s, want valid_for", left)
	}

	over := news(notify.Resolved, fired, "db1")
	send(t, c, over)
	send(t, c, over)
	n = a.WaitLonger(t, 2)[1]
	if n.Status != "resolved" || len(n.Alerts) != 1 || n.Alerts[0].Fingerprint != got.Fingerprint || !n.Alerts[0].StartsAt.Equal(fired) || !n.Alerts[0].EndsAt.Equal(over.At) {
		t.Errorf("told %+v, want it over at %s", n, over.At)
	}
	if held := a.Alerts(t); len(held) != 0 {
		t.Errorf("still holds %+v", held)
	}

	again := now()
	send(t, c, news(notify.Firing, again, "db1"))
	if n := a.Wait(t, 3)[2]; n.Status != "firing" || !n.Alerts[0].StartsAt.Equal(again) {
		t.Errorf("told %+v, want it firing anew", n)
	}
}

// TestAlertmanagerTakesSeveralAlertsAtOnce: a message with many is one request,
// and each of them has a life of its own.
func TestAlertmanagerTakesSeveralAlertsAtOnce(t *testing.T) {
	t.Parallel()
	a := testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{})
	c := to(t, a.URL, nil)
	fired := now()
	send(t, c, news(notify.Firing, fired, "db1", "db2", "db3"))
	if n := a.Wait(t, 1)[0]; !slices.Equal(instances(n), []string{"db1 firing", "db2 firing", "db3 firing"}) {
		t.Errorf("told %v", instances(n))
	}
	m := news(notify.Firing, fired, "db1", "db2", "db4")
	m.Alerts[1].Phase, m.Alerts[1].ResolvedAt = alerting.Resolved, m.At
	send(t, c, m)
	if n := a.Wait(t, 2)[1]; n.Status != "firing" || !slices.Equal(instances(n), []string{"db1 firing", "db2 resolved", "db3 firing", "db4 firing"}) {
		t.Errorf("told %v", instances(n))
	}
	send(t, c, news(notify.Resolved, fired, "db1", "db3", "db4"))
	if n := a.WaitLonger(t, 3)[2]; n.Status != "resolved" || !slices.Equal(instances(n), []string{"db1 resolved", "db3 resolved", "db4 resolved"}) {
		t.Errorf("told %v", instances(n))
	}
}

// TestAlertmanagerTakesWhatIsNoAlert: trying the channel, and what is told
// without a rule, such as an incident that was opened by hand.
func TestAlertmanagerTakesWhatIsNoAlert(t *testing.T) {
	t.Parallel()
	a := testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{})
	c := to(t, a.URL, nil)
	send(t, c, notify.Message{Kind: notify.Test, Title: "A test\x1b[31m", Text: "Nothing is wrong.", At: now()})
	n := a.Wait(t, 1)[0]
	if n.GroupLabels["alertname"] != "vitals_test" || n.Alerts[0].Annotations["description"] != "Nothing is wrong." {
		t.Errorf("told %+v", n)
	}
	if left := time.Until(a.Alerts(t)[0].EndsAt); left > 5*time.Minute {
		t.Errorf("the test stays for %s", left)
	}
	byHand := notify.Message{Kind: notify.Firing, Group: "incident-7", Severity: "warning", Title: "Slow checkout", At: now(), StartedAt: now()}
	send(t, c, byHand)
	byHand.Kind, byHand.At, byHand.EndedAt = notify.Resolved, now(), now()
	a.Wait(t, 2)
	send(t, c, byHand)
	if n := a.Wait(t, 3)[2]; n.Status != "resolved" || n.Alerts[0].Labels["group"] != "incident-7" || n.Alerts[0].Annotations["summary"] != "Slow checkout" {
		t.Errorf("told %+v, want that incident-7 is over", n)
	}
}

// TestAlertmanagerIsGoneForAWhile: the error says that it is worth another try,
// and the same message sent then is all that is needed.
func TestAlertmanagerIsGoneForAWhile(t *testing.T) {
	t.Parallel()
	a := testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{})
	c := to(t, a.URL, nil)
	a.Stop()
	m := news(notify.Firing, now(), "db1")
	if e := failure(t, c.Send(t.Context(), m)); !e.Retry || e.Status != 0 || !strings.Contains(e.Error(), "refuses connections") {
		t.Errorf("%+v", e)
	}
	a.Start()
	send(t, c, m)
	a.Wait(t, 1)
}

// TestWhatIsWrongOnTheWayToAlertmanager: each has words of its own and tells
// whether to try again.
func TestWhatIsWrongOnTheWayToAlertmanager(t *testing.T) {
	t.Parallel()
	open, closed := testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{}), testenv.StartAlertmanager(t, testenv.AlertmanagerOptions{TLS: true, Login: true})
	login := func(user, password, ca string) func(*notify.AlertmanagerOptions) {
		return func(o *notify.AlertmanagerOptions) {
			o.Username, o.Password, o.CAFile = user, checks.Secret(password), ca
		}
	}
	good := news(notify.Firing, now(), "db1")
	bad := news(notify.Firing, now(), "db1")
	bad.Alerts[0].Labels = map[string]string{"no-label-name": "x"}
	for name, c := range map[string]struct {
		url    string
		change func(*notify.AlertmanagerOptions)
		m      notify.Message
		status int
		retry  bool
		says   string
		hint   string
	}{
		"wrong path":      {url: open.URL + "/alertmanager", m: good, status: 404, says: "404 Not Found", hint: "The address is wrong"},
		"old API":         {url: open.URL + "/api/v1", m: good, status: 404, says: "404 Not Found"},
		"bad label":       {url: open.URL, m: bad, status: 400, says: "invalid label set"},
		"no login":        {url: closed.URL, change: login("", "", closed.CAFile), m: good, status: 401, says: "401 Unauthorized", hint: "password"},
		"wrong password":  {url: closed.URL, change: login(testenv.AlertmanagerUser, "wrong", closed.CAFile), m: good, status: 401, says: "401 Unauthorized", hint: "password"},
		"unknown CA":      {url: closed.URL, change: login(testenv.AlertmanagerUser, testenv.AlertmanagerPassword, ""), m: good, retry: true, says: "certificate"},
		"http to https":   {url: strings.Replace(closed.URL, "https", "http", 1), m: good, status: 400, says: "HTTPS"},
		"https to http":   {url: strings.Replace(open.URL, "http", "https", 1), m: good, retry: true, says: "does not speak TLS on this port", hint: "http://"},
		"not its address": {url: "http://127.0.0.1:1", m: good, retry: true, says: "refuses connections"},
	} {
		t.Run(name, func(t *testing.T) {
			e := failure(t, to(t, c.url, c.change).Send(t.Context(), c.m))
			if e.Retry != c.retry || e.Status != c.status || !strings.Contains(e.Error(), c.says) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("retry %v, status %d, %q, hint %q", e.Retry, e.Status, e, e.Hint)
			}
		})
	}
	send(t, to(t, closed.URL, login(testenv.AlertmanagerUser, testenv.AlertmanagerPassword, closed.CAFile)), good)
	closed.Wait(t, 1)
	if held := open.Alerts(t); len(held) != 0 {
		t.Errorf("what was wrong was taken all the same: %+v", held)
	}
}

func instances(n testenv.Notification) []string {
	var all []string
	for _, a := range n.Alerts {
		all = append(all, a.Labels["instance"]+" "+a.Status)
	}
	slices.Sort(all)
	return all
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}
