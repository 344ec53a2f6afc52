package cmd_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestHeartbeats: what cannot be wrapped says itself that it ran, and a rule
// fires when it says that it failed, or nothing.
func TestHeartbeats(t *testing.T) {
	dir, inbox := t.TempDir(), newMailbox(t, 0)
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\n"+
		"serve: {token: a-long-enough-token}\nalerting: {interval: 200ms, routes: [{channels: [hook], group_by: [alertname, name], group_interval: 0s}]}\n"+
		"channels: [{kind: webhook, name: hook, url: \""+inbox.URL+"\"}]\n")
	base := startServe(t, dir)
	beat := func(path, token string) (int, string) {
		r, err := http.NewRequest(http.MethodPost, base+"/heartbeat/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body)
	}
	for path, want := range map[string]int{"import?state=nonsense": 400, "import?every=soon": 400, "import?state=start&max_duration=1h": 200} {
		if code, body := beat(path, "a-long-enough-token"); code != want {
			t.Errorf("%s: %d %s, want %d", path, code, body, want)
		}
	}
	if code, _ := beat("import", "wrong"); code != http.StatusUnauthorized {
		t.Errorf("a wrong token: %d", code)
	}
	if code, body := beat("import?state=fail&summary=no+file&every=24h", "a-long-enough-token"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := beat("quick?every=1s&slack=1s", "a-long-enough-token"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	deadline := time.Now().Add(15 * time.Second)
	for !strings.Contains(inbox.text(), "Job import failed") || !strings.Contains(inbox.text(), "Job quick has not succeeded when it was due") {
		if time.Now().After(deadline) {
			t.Fatalf("nobody was told:\n%s", inbox.text())
		}
		time.Sleep(50 * time.Millisecond)
	}
	if runs := run(dir, "schedule", "history", "--job", "import", "-o", "csv"); strings.Count(runs, "import") != 1 || !strings.Contains(runs, "no file") {
		t.Errorf("the start and the end are not one run:\n%s", runs)
	}
}

// text is all that arrived.
func (m *mailbox) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, body := range m.bodies {
		b.WriteString(body + "\n")
	}
	return b.String()
}
