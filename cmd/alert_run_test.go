package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"vitals/cmd"
)

// alertingIn writes a configuration with one failing check and one webhook.
func alertingIn(t *testing.T, address, more string) string {
	t.Helper()
	dir := t.TempDir()
	text := "memory: {disabled: true}\ndisk: {disabled: true}\ncpu: {disabled: true}\nload: {disabled: true}\nnetwork: {disabled: true}\n" +
		"probes: [{name: web, kind: command, command: [\"false\"]}]\n" +
		"channels: [{kind: webhook, name: hook, url: '" + address + "'}]\n" + more
	if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Many scripts that say the same thing at once under one key say it once.
func TestManySendersWithOneKey(t *testing.T) {
	var got atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer server.Close()
	dir := alertingIn(t, server.URL, "")
	for _, resolve := range []bool{false, true} {
		args := []string{"alert", "send", "--key", "backup", "--title", "The backup failed"}
		if resolve {
			args = append(args, "--resolve")
		}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if exit, out, errOut := runSplit(dir, args...); exit != 0 {
					t.Errorf("exit %d\n%s%s", exit, out, errOut)
				}
			})
		}
		all.Wait()
		want := int64(1)
		if resolve {
			want = 2
		}
		if n := got.Load(); n != want {
			t.Errorf("resolve %t: %d messages were received, want %d", resolve, n, want)
		}
	}
}

// Who interrupts a test leaves nothing behind that is sent later.
func TestAnInterruptedTestIsGivenUp(t *testing.T) {
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the caller has gone
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	dir := alertingIn(t, server.URL, "")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { <-asked; cancel() }()
	var out bytes.Buffer
	began := time.Now()
	if exit := cmd.MainContext(ctx, newApp(dir, &out, "alert", "test", "--resolve")); exit != 2 {
		t.Errorf("exit %d\n%s", exit, out.String())
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s after the interruption", took)
	}
	if _, list, _ := runSplit(dir, "alert", "history", "--messages", "-o", "csv", "--channel", "hook"); strings.Contains(list, "waiting") || strings.Count(list, "given_up") != 2 {
		t.Errorf("messages of the test:\n%s", list)
	}
}

// Lists fit the terminals that people have, and names that one has to type stay whole.
func TestAlertListsFitTheTerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer server.Close()
	dir := alertingIn(t, server.URL, "alerting: {slos: [{name: checkout, objective: 99.9, good: 'x_total{ok=\"1\"}', total: x_total}], rules: [{name: down, expr: vitals_check_failed == 1}]}\n")
	run(dir, "check")
	for _, width := range []int{80, 120} {
		for _, words := range [][]string{{"rules"}, {"rules", "--measures"}, {"history"}, {"history", "--messages"}} {
			t.Run(fmt.Sprint(words, width), func(t *testing.T) {
				var out bytes.Buffer
				app := newApp(dir, &out, append([]string{"alert"}, words...)...)
				app.OutWidth = func() int { return width }
				if exit := cmd.MainContext(context.Background(), app); exit != 0 {
					t.Fatalf("exit %d\n%s", exit, out.String())
				}
				table, _, _ := strings.Cut(out.String(), "\n\n")
				for line := range strings.Lines(table) {
					if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
						t.Errorf("%d wide: %s", n, line)
					}
				}
				if len(words) == 1 && words[0] == "rules" && !strings.Contains(table, "health_check_failures  ") {
					t.Errorf("a rule's name was cut:\n%s", table)
				}
			})
		}
	}
}

// A time of day is the next such time, also in the night in which clocks change.
func TestSilenceUntilATimeOfDay(t *testing.T) {
	dir := alertingIn(t, "http://127.0.0.1:1", "timezone: Europe/Berlin\n")
	for _, c := range []struct{ now, until, want string }{
		{"2026-11-23T10:00:00Z", "18:30", "2026-11-23T18:30:00+01:00"},
		{"2026-11-23T20:00:00Z", "18:30", "2026-11-24T18:30:00+01:00"},
		{"2026-03-28T20:00:00Z", "06:00", "2026-03-29T06:00:00+02:00"},
		{"2026-11-23T10:00:00Z", "2026-12-01 08:00", "2026-12-01T08:00:00+01:00"},
		{"2026-11-23T10:00:00Z", "2026-12-01T08:00:00Z", "2026-12-01T09:00:00+01:00"},
	} {
		t.Run(c.now+" "+c.until, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(t.TempDir(), "data")
			at := func(args ...string) string {
				var out bytes.Buffer
				app := newApp(dir, &out, append([]string{"--data-dir", data, "alert"}, args...)...)
				app.Now = func() time.Time { return now }
				if exit := cmd.MainContext(context.Background(), app); exit != 0 {
					t.Fatalf("exit %d\n%s", exit, out.String())
				}
				return out.String()
			}
			at("silence", "severity=warning", "--until", c.until, "--why", "x")
			if list := at("silences", "--all", "-o", "csv"); !strings.Contains(list, c.want) {
				t.Errorf("want the end %s:\n%s", c.want, list)
			}
		})
	}
}
