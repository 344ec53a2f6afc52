package cmd_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	_ "modernc.org/sqlite"

	"vitals/internal/testenv"
)

const serveToken = "a-long-enough-token"

// ask sends a request with the token and reads the JSON of its answer.
func ask(t *testing.T, method, url, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+serveToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatalf("%s %s: %d: %v", method, url, res.StatusCode, err)
	}
	return res.StatusCode, doc
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 150 {
		if is() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("after 15 s still not: %s", what)
}

// TestIncidentsByRequestAreThoseOfTheCommands opens one over HTTP, sees it with
// the command, works on it with both, and follows what the receiver is told,
// with the history in a file and in PostgreSQL.
func TestIncidentsByRequestAreThoseOfTheCommands(t *testing.T) {
	for name, config := range map[string]string{"file": "", "PostgreSQL": "history: {url: '" + testenv.Postgres(t).NewDatabase(t) + "'}\n"} {
		t.Run(name, func(t *testing.T) { incidentsByRequest(t, config) })
	}
}

func incidentsByRequest(t *testing.T, config string) {
	var mu sync.Mutex
	var told []string
	heard := func(word string) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return strings.Contains(strings.Join(told, "\n"), word) }
	}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		told = append(told, string(text))
	}))
	defer receiver.Close()
	dir := t.TempDir()
	writeConfig(t, dir, quiet+config+"probes: [{name: yes, kind: command, command: ['true']}]\nserve: {token: "+serveToken+", public_url: 'https://ops.example.com'}\n"+
		"channels: [{name: hook, kind: webhook, url: '"+receiver.URL+"'}]\nalerting: {routes: [{channels: [hook]}]}\n")
	base := startServe(t, dir)

	code, doc := ask(t, "POST", base+"/api/incidents", `{"type":"payment_provider_down","severity":"critical","description":"The bank is closed","labels":{"team":"pay"}}`)
	record, _ := doc["incident"].(map[string]any)
	id, _ := record["id"].(string)
	if code != 201 || len(id) != 36 || record["status"] != "open" || record["type"] != "payment_provider_down" || record["opened_by"] != "api" {
		t.Fatalf("%d %v", code, doc)
	}
	eventually(t, "the receiver is told", heard("The bank is closed"))
	if _, out, _ := runSplit(dir, "incident", "list", "--open", "-o", "json"); !strings.Contains(out, id) {
		t.Errorf("the command does not list it: %s", out)
	}
	if exit, _, errOut := runSplit(dir, "incident", "ack", id[:8], "--by", "Ada"); exit != 0 {
		t.Error(errOut)
	}
	for _, step := range []struct {
		path, body string
		code       int
		says       string
	}{
		{"/note", `{"note":"called them","by":"Grace"}`, 200, "called them"},
		{"/note", `{"note":" "}`, 400, "needs a text"},
		{"/close", ``, 409, "only a resolved one"},
		{"/resolve", `{"note":"open again"}`, 200, `"status":"resolved"`},
		{"/resolve", ``, 409, "resolved already"},
		{"/close", ``, 200, `"status":"closed"`},
		{"/note", `{"note":"late"}`, 409, "closed"},
		{"/reopen", `{"by":"Ada"}`, 200, `"status":"open"`},
	} {
		code, doc := ask(t, "POST", base+"/api/incidents/"+id[:8]+step.path, step.body)
		text, _ := json.Marshal(doc)
		if code != step.code || !strings.Contains(string(text), step.says) {
			t.Errorf("%s %s: %d %s", step.path, step.body, code, text)
		}
	}
	eventually(t, "the receiver is told that it is over", heard("RESOLVED"))
	for path, want := range map[string]int{"/api/incidents/ffffffff": 404, "/api/incidents/" + id: 200} {
		if code, doc := ask(t, "GET", base+path, ""); code != want {
			t.Errorf("%s: %d %v", path, code, doc)
		}
	}
	for body, word := range map[string]string{`{"type":"a b","description":"x"}`: "no word", `{"severity":"bad","description":"x"}`: "critical, warning or info", `{}`: "description"} {
		if code, doc := ask(t, "POST", base+"/api/incidents", body); code != 400 || !strings.Contains(fmt.Sprint(doc), word) {
			t.Errorf("%s: %d %v", body, code, doc)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "data", "logs", "app.log"))
	if err != nil || !strings.Contains(string(log), "incident opened") || !strings.Contains(string(log), "incident resolved") {
		t.Errorf("the log lacks it: %v\n%s", err, log)
	}
	code, page := get(t, base+"/incidents/"+id)
	if code != 200 || !strings.Contains(page, "The bank is closed") || !strings.Contains(page, "called them") || !strings.Contains(page, "Grace") {
		t.Errorf("%d\n%s", code, page)
	}
	eventually(t, "the page shows the incident", func() bool {
		_, page := get(t, base+"/")
		return strings.Contains(page, "/incidents/"+id) && strings.Contains(page, "An incident is open")
	})
	eventually(t, "/metrics counts it", func() bool {
		_, text := get(t, base+"/metrics")
		return strings.Contains(text, `vitals_incidents{severity="critical",status="open"} 1`) && !strings.Contains(text, `vitals_notifications_total{channel="hook",outcome="delivered"} 0`)
	})
}

// TestASilenceByRequestMutesAnAlert has an alert fire, silences it, and ends
// the silence.
func TestASilenceByRequestMutesAnAlert(t *testing.T) {
	dir := t.TempDir()
	writeConfig(t, dir, quiet+"probes: [{name: no, kind: tcp, address: '"+testenv.Refused(t)+"'}]\nserve: {token: "+serveToken+", interval: 1s}\n"+
		"alerting: {rules: [{name: it_fails, expr: 'vitals_check_failed == 1', severity: warning}]}\n")
	base := startServe(t, dir)
	active := func() string {
		_, doc := ask(t, "GET", base+"/api/alerts", "")
		text, _ := json.Marshal(doc["alerts"])
		return string(text)
	}
	eventually(t, "the alert fires", func() bool { return strings.Contains(active(), `"rule":"it_fails"`) })
	code, doc := ask(t, "POST", base+"/api/silences", `{"matchers":["alertname=it_fails"],"for":"1h","why":"a test","by":"Ada"}`)
	silence, _ := doc["silence"].(map[string]any)
	id, _ := silence["id"].(string)
	if code != 201 || id == "" || silence["by"] != "Ada" {
		t.Fatalf("%d %v", code, doc)
	}
	if text := active(); !strings.Contains(text, `"muted":true`) || !strings.Contains(text, "a test") {
		t.Error(text)
	}
	eventually(t, "the page says why nobody is told", func() bool {
		_, page := get(t, base+"/")
		return strings.Contains(page, "silenced by Ada")
	})
	if code, doc := ask(t, "DELETE", base+"/api/silences/"+id[:8], ""); code != 200 {
		t.Errorf("%d %v", code, doc)
	}
	if code, _ := ask(t, "DELETE", base+"/api/silences/"+id, ""); code != 404 {
		t.Errorf("ended twice: %d", code)
	}
	if text := active(); !strings.Contains(text, `"muted":false`) {
		t.Error(text)
	}
	for body, word := range map[string]string{
		`{"matchers":["alertname=a"],"why":"w"}`: "how long", `{"matchers":[],"for":"1h","why":"w"}`: "at least one matcher", `{"matchers":["alertname=~("],"for":"1h","why":"w"}`: "pattern",
		`{"matchers":["alertname=a"],"for":"1h"}`: "why", `{"matchers":["a=b"],"until":"tomorrow","why":"w"}`: "no moment", `{"matchers":["a=b"],"until":"2001-01-01T00:00:00Z","why":"w"}`: "ended already",
		`{"matchers":["a=b"],"for":"1h","until":"2101-01-01T00:00:00Z","why":"w"}`: "either", `{"matchers":["a=b"],"for":"soon","why":"w"}`: "for",
	} {
		if code, doc := ask(t, "POST", base+"/api/silences", body); code != 400 || !strings.Contains(fmt.Sprint(doc), word) {
			t.Errorf("%s: %d %v", body, code, doc)
		}
	}
	if _, doc := ask(t, "GET", base+"/api/alerts/history?since=1h", ""); !strings.Contains(fmt.Sprint(doc), "it_fails") {
		t.Error(doc)
	}
}

// TestEmergencyWhileAllHangs has a check that hangs and a history that another
// process keeps locked.
func TestEmergencyWhileAllHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hanging := testenv.BlackHole(t)
	writeConfig(t, dir, quiet+"probes: [{name: slow, kind: http, url: 'http://"+hanging+"', timeout: 30s}, {name: no, kind: tcp, critical: true, address: '"+testenv.Refused(t)+"'}]\n"+
		"contacts: [{name: Ada, role: tech lead, phone: '+49 30 1234'}]\n")
	_ = run(dir, "check", "probe.no") // makes the history
	lock(t, filepath.Join(dir, "data", "history.db"))
	base := startServe(t, dir)
	for range 4 {
		began := time.Now()
		code, body := get(t, base+"/emergency/status")
		if took := time.Since(began); code != 200 || took > time.Second {
			t.Errorf("%d after %s", code, took)
		}
		var doc struct {
			Status string
			Issues []struct{ Name string }  `json:"critical_issues"`
			Health map[string]any           `json:"system_health"`
			Phones []struct{ Phone string } `json:"contacts"`
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil || doc.Status != "emergency" || len(doc.Issues) == 0 || doc.Health["probe.slow"] == nil || len(doc.Phones) != 1 {
			t.Errorf("%v\n%s", err, body)
		}
	}
	began := time.Now()
	if code, body := get(t, base+"/"); code != 200 || !strings.Contains(body, "probe.no is failing") || time.Since(began) > 5*time.Second {
		t.Errorf("the page: %d after %s\n%s", code, time.Since(began), body)
	}
}

// lock keeps everybody else from the file until the test ends.
func lock(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"PRAGMA busy_timeout=20000", "PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE"} {
		if _, err := conn.ExecContext(t.Context(), line); err != nil {
			t.Fatal(line, err)
		}
	}
	t.Cleanup(func() {
		_, _ = conn.ExecContext(context.Background(), "ROLLBACK")
		_ = conn.Close()
		_ = db.Close()
	})
}

func TestPageAndStreamOverTLS(t *testing.T) {
	dir := t.TempDir()
	testenv.Certificate(t, dir, "one.example")
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nserve: {tls_cert_file: cert.pem, tls_key_file: key.pem}\n")
	address := strings.TrimPrefix(startServe(t, dir), "http://")
	trusting := &tls.Config{InsecureSkipVerify: true}
	h2 := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}}
	defer h2.CloseIdleConnections()
	res, err := h2.Get("https://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, _ := io.ReadAll(res.Body); res.ProtoMajor != 2 || !strings.Contains(string(page), "probe.yes") {
		t.Errorf("%s\n%s", res.Proto, page)
	}
	h1 := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting}}
	defer h1.CloseIdleConnections()
	c, _, err := websocket.Dial(t.Context(), "wss://"+address+"/ws/metrics", &websocket.DialOptions{HTTPClient: h1, HTTPHeader: http.Header{"Origin": {"https://" + address}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if _, text, err := c.Read(t.Context()); err != nil || !strings.Contains(string(text), `"probe.yes"`) {
		t.Errorf("%v %s", err, text)
	}
}

// TestChecklistsAndJobsByRequest: what the commands do, for scripts.
func TestChecklistsAndJobsByRequest(t *testing.T) {
	dir := t.TempDir()
	writeConfig(t, dir, quiet+"probes: [{name: no, kind: tcp, critical: true, address: '"+testenv.Refused(t)+"'}]\nserve: {token: "+serveToken+"}\n"+
		"schedule: {jobs: [{name: nightly, cron: '0 3 * * *', vitals: [check]}]}\n")
	base := startServe(t, dir)
	if _, doc := ask(t, "GET", base+"/api/checklists", ""); strings.Count(fmt.Sprint(doc), "map[") < 18 {
		t.Errorf("%v", doc)
	}
	eventually(t, "the daily list is answered", func() bool {
		_, doc := ask(t, "GET", base+"/api/checklists/daily", "")
		return doc["status"] == "unhealthy" && strings.Contains(fmt.Sprint(doc), "probe.no is unhealthy")
	})
	if code, doc := ask(t, "POST", base+"/api/checklists/items/security-audit", `{"note":"two accounts removed","by":"Ada"}`); code != 200 || doc["by"] != "Ada" {
		t.Errorf("%d %v", code, doc)
	}
	if _, doc := ask(t, "GET", base+"/api/checklists/monthly", ""); !strings.Contains(fmt.Sprint(doc), "two accounts removed") {
		t.Errorf("%v", doc)
	}
	if _, doc := ask(t, "GET", base+"/api/jobs", ""); !strings.Contains(fmt.Sprint(doc), "nightly") {
		t.Errorf("%v", doc)
	}
	for path, want := range map[string]int{"/api/checklists/hourly": 404, "/api/checklists/items/nothing": 400, "/api/checklists/items/security-audit?": 400} {
		method, body := "POST", `{"status":"unknown"}`
		if want == 404 {
			method, body = "GET", ""
		}
		if code, doc := ask(t, method, base+path, body); code != want {
			t.Errorf("%s: %d %v, want %d", path, code, doc, want)
		}
	}
}
