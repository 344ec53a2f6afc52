package cmd_test

import (
	"net"
	"strings"
	"testing"
)

// TestTheThirdFailureSendsOneAlert: without a daemon, cron runs each check in a
// process of its own. The third failure within five minutes sends exactly one
// critical alert, and the recovery one notice.
func TestTheThirdFailureSendsOneAlert(t *testing.T) {
	dir, inbox, address := t.TempDir(), newMailbox(t, 0), freeAddress(t)
	writeConfig(t, dir, quiet+"probes: [{name: web, kind: tcp, address: '"+address+"'}]\nchannels: [{kind: webhook, name: hook, url: '"+inbox.URL+"'}]\n")
	for n := range 6 {
		if exit, _, errOut := runSplit(dir, "check", "-q"); exit != 2 || errOut != "" {
			t.Fatalf("run %d: exit %d\n%s", n+1, exit, errOut)
		}
		want := 0
		if n >= 2 {
			want = 1
		}
		if got := len(inbox.copies); got != want {
			t.Fatalf("after %d failures %d messages arrived, want %d", n+1, got, want)
		}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		if exit, _, errOut := runSplit(dir, "check", "-q"); exit != 0 || errOut != "" {
			t.Fatalf("exit %d\n%s", exit, errOut)
		}
	}
	if len(inbox.order) != 2 || inbox.order[0].kind != "firing" || inbox.order[1].kind != "resolved" || inbox.order[0].group != inbox.order[1].group {
		t.Errorf("received %+v, want one alert and one notice of the same group", inbox.order)
	}
	if !strings.Contains(inbox.bodies[inbox.order[0].key], `"severity":"critical"`) {
		t.Errorf("the alert is not critical: %s", inbox.bodies[inbox.order[0].key])
	}
}
