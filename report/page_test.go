package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

var pageNow = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

func pageOf(t *testing.T, p StatusPage) string {
	t.Helper()
	if p.Now.IsZero() {
		p.Now = pageNow
	}
	var b bytes.Buffer
	if err := WriteStatusPage(&b, p, View{Location: time.UTC}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pageCheck(name string, status checks.Status, critical bool) PageCheck {
	return PageCheck{Result: checks.Result{Check: name, Status: status, Critical: critical, Summary: "summary of " + name, Started: pageNow.Add(-5 * time.Second)}}
}

// hostile is text that would do harm wherever it stood unescaped.
const hostile = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m\u202ejavascript:alert(3)"

// TestNothingFromOutsideBecomesMarkup puts hostile text into every field.
func TestNothingFromOutsideBecomesMarkup(t *testing.T) {
	c := pageCheck(hostile, checks.Unhealthy, true)
	c.Summary, c.Hint, c.Error, c.FailedDependencies = hostile, hostile, hostile+"!", []string{hostile}
	c.Facts = []checks.Fact{checks.Text(hostile, hostile)}
	c.Recent = []Point{{Time: pageNow, Status: checks.Unhealthy}}
	i := alerting.Incident{ID: hostile, Type: hostile, Severity: hostile, Description: hostile, Status: alerting.Acknowledged, AckedBy: hostile, OpenedBy: hostile, Runbook: "javascript:alert(1)", Labels: map[string]string{"a": hostile}}
	p := StatusPage{
		Environment: hostile, Version: hostile, Checks: []PageCheck{c}, Missing: []string{hostile}, Open: []alerting.Incident{i}, Past: []alerting.Incident{i}, Notes: []string{hostile},
		Alerts:   []PageAlert{{Alert: alerting.Alert{Rule: hostile, Severity: hostile, Labels: map[string]string{hostile: hostile}}, Muted: hostile}},
		Messages: []alerting.Outgoing{{State: "waiting", Notice: alerting.Notice{Channel: hostile, Message: alerting.Message{Title: hostile}}}},
	}
	var one bytes.Buffer
	err := WriteIncidentPage(&one, IncidentPage{Environment: hostile, Version: hostile, Now: pageNow, Incident: i, Timeline: []alerting.Entry{{Kind: hostile, Actor: hostile, Text: hostile}}}, View{})
	if err != nil {
		t.Fatal(err)
	}
	static := p
	static.Static = true
	for name, page := range map[string]string{"served": pageOf(t, p), "file": pageOf(t, static), "incident": one.String()} {
		if n := strings.Count(page, "<script"); n > 1 || name == "file" && n > 0 {
			t.Errorf("%s: %d scripts", name, n)
		}
		for _, bad := range []string{"<img", "\x1b", "\u202e", `href="javascript:`, "onerror=alert(2)>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: %q is in the page", name, bad)
			}
		}
		for _, m := range regexp.MustCompile(` (?:id|href|class)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if strings.ContainsAny(m[1], "<>'") {
				t.Errorf("%s: an attribute holds %q", name, m[1])
			}
		}
	}
}

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	for _, static := range []bool{true, false} {
		page := pageOf(t, StatusPage{Checks: []PageCheck{pageCheck("database", checks.Healthy, true)}, Static: static})
		if m := regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]*"|@import|url\(`).FindString(page); m != "" {
			t.Errorf("it asks for %s", m)
		}
		if static && (strings.Contains(page, "<script") || strings.Contains(page, "http-equiv=\"refresh\"") || !strings.Contains(page, "Content-Security-Policy")) {
			t.Error("a file asks for news, or brings no policy")
		}
	}
	policy, err := PagePolicy()
	if err != nil || !strings.Contains(policy, "script-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s %v", policy, err)
	}
}

func TestHeadlineSaysHowAllIs(t *testing.T) {
	critical := alerting.Incident{ID: "1", Severity: "critical", Status: alerting.Open, Description: "d"}
	for want, p := range map[string]StatusPage{
		"Nothing is known yet":      {},
		"Looking for the first":     {Missing: []string{"database"}},
		"All is well":               {Checks: []PageCheck{pageCheck("database", checks.Healthy, true)}},
		"1 check, and it is":        {Checks: []PageCheck{pageCheck("redis", checks.Healthy, true)}},
		"database is failing":       {Checks: []PageCheck{pageCheck("database", checks.Unhealthy, true), pageCheck("redis", checks.Degraded, true)}},
		"2 checks are failing":      {Checks: []PageCheck{pageCheck("database", checks.Unhealthy, true), pageCheck("redis", checks.Unhealthy, false)}},
		"One check needs attention": {Checks: []PageCheck{pageCheck("database", checks.Degraded, true)}},
		"One check cannot tell":     {Checks: []PageCheck{pageCheck("database", checks.Unknown, true)}},
		"An incident is open":       {Checks: []PageCheck{pageCheck("database", checks.Healthy, true)}, Open: []alerting.Incident{critical}},
		"is 2 h old: nothing seems": {Now: pageNow.Add(2 * time.Hour), Checks: []PageCheck{pageCheck("database", checks.Healthy, true)}},
	} {
		if page := pageOf(t, p); !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page[strings.Index(page, "<main>"):])
		}
	}
}

// TestWhatIsWrongComesFirst also holds that no colour is the only sign.
func TestWhatIsWrongComesFirst(t *testing.T) {
	bad := pageCheck("zebra", checks.Unhealthy, true)
	bad.Since, bad.Hint = pageNow.Add(-3*time.Minute), "start it"
	page := pageOf(t, StatusPage{Checks: []PageCheck{pageCheck("aardvark", checks.Healthy, true), bad, pageCheck("badger", checks.Degraded, true)}})
	at := func(s string) int { return strings.Index(page, s) }
	if at(`name">zebra`) < 0 || at(`name">zebra`) > at(`name">badger`) || at(`name">badger`) > at(`name">aardvark`) {
		t.Error("the order is wrong")
	}
	for _, want := range []string{"unhealthy for 3 min", "start it", "Needs attention", `<span class="unseen">unhealthy: </span>`} {
		if at(want) < 0 {
			t.Errorf("no %q", want)
		}
	}
}

func TestChartsSayInWordsWhatTheyDraw(t *testing.T) {
	c := pageCheck("database", checks.Healthy, true)
	for i := range 100 {
		status := checks.Healthy
		if i >= 90 {
			status = checks.Unhealthy
		}
		c.Recent = append(c.Recent, Point{Time: pageNow.Add(time.Duration(i-100) * time.Minute), Status: status, Duration: time.Duration(i) * time.Millisecond})
	}
	for i := range 90 {
		c.Days = append(c.Days, PageDay{Date: pageNow.AddDate(0, 0, i-89), Failed: map[bool]float64{true: -1, false: 0}[i < 80]})
	}
	c.Days[85].Failed, c.Days[86].Failed = 0.001, 0.5
	day, quarter := 99.999, 100.0
	c.Day, c.Quarter = &day, &quarter
	page := pageOf(t, StatusPage{Checks: []PageCheck{c}})
	for _, want := range []string{
		"Last 60 results: 50 healthy, 10 unhealthy", "from 40 ms to 99 ms", "Of the last 90 days 10 are known, with failures on 2", "99.99 %", "100 %", "results of 59 min",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "ZgotmplZ") {
		t.Error("a number or a text did not get into the page")
	}
}

func TestIncidentPageTellsTheStory(t *testing.T) {
	i := alerting.Incident{
		ID: "3f2a91bc-0000-4000-8000-000000000000", Type: "database_down", Severity: "critical", Description: "The database does not answer", Status: alerting.Settled,
		OpenedAt: pageNow.Add(-time.Hour), AckedAt: pageNow.Add(-58 * time.Minute), AckedBy: "Ada", ResolvedAt: pageNow.Add(-30 * time.Minute), ResolvedBy: "Ada", Runbook: "https://wiki.example.com/db?a=1&b=2",
	}
	var b bytes.Buffer
	err := WriteIncidentPage(&b, IncidentPage{Now: pageNow, Incident: i, Timeline: []alerting.Entry{{At: pageNow.Add(-58 * time.Minute), Kind: alerting.EntryAcknowledged, Actor: "Ada", Text: "on it"}}}, View{Location: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="https://wiki.example.com/db?a=1&amp;b=2"`, "lasted 30 min", "after 2 min, by Ada", "<b>Acknowledged</b> by <bdi>Ada</bdi>: <bdi>on it</bdi>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}
