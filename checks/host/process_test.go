package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

// child starts a process that can be told from all others.
func child(t *testing.T, marker string) *exec.Cmd {
	t.Helper()
	c := exec.Command("sh", "-c", "while :; do sleep 0.05; done # "+marker)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c
}

func processes(change func(*ProcessOptions)) *ProcessOptions {
	o := DefaultProcessOptions()
	o.Name = "child"
	change(&o)
	return &o
}

func TestProcessIsFoundMeasuredAndMissed(t *testing.T) {
	marker := fmt.Sprintf("marker-%d-%d", os.Getpid(), time.Now().UnixNano())
	c := child(t, marker)
	pidFile := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(pidFile, fmt.Appendln(nil, c.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	ways := map[string]*ProcessOptions{
		"pid":      processes(func(o *ProcessOptions) { o.PID = int64(c.Process.Pid) }),
		"pid file": processes(func(o *ProcessOptions) { o.PIDFile = pidFile }),
		"match":    processes(func(o *ProcessOptions) { o.Match = marker }),
	}
	for way, o := range ways {
		r := ask(t, o)
		if r.Status != checks.Healthy || number(t, r, "rss") <= 0 || number(t, r, "threads") < 1 || number(t, r, "open_files") < 1 {
			t.Errorf("%s: %v %s %v", way, r.Status, r.Summary, r.Facts)
		}
		if text := fmt.Sprint(r.Summary, r.Tables, r.Facts); way != "match" && strings.Contains(text, marker) {
			t.Errorf("%s shows arguments, which may hold secrets: %s", way, text)
		}
	}
	if r := ask(t, processes(func(o *ProcessOptions) { o.Match, o.MinCount = marker, 2 })); r.Status != checks.Unhealthy || !strings.Contains(r.Summary, "only 1 of at least 2") {
		t.Errorf("one of two: %v %s", r.Status, r.Summary)
	}
	if r := ask(t, processes(func(o *ProcessOptions) { o.Match, o.MemoryUnhealthy = marker, 1 })); r.Status != checks.Unhealthy {
		t.Errorf("above its memory: %v %s", r.Status, r.Summary)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	for way, o := range ways {
		if r := ask(t, o); r.Status != checks.Unhealthy || !strings.Contains(r.Summary, "does not run") || r.Hint == "" {
			t.Errorf("%s after it ended: %v %s", way, r.Status, r.Summary)
		}
	}
}

func TestStalePIDFile(t *testing.T) {
	c := child(t, "stale")
	pidFile := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(pidFile, fmt.Append(nil, c.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(pidFile, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if r := ask(t, processes(func(o *ProcessOptions) { o.PIDFile = pidFile })); r.Status != checks.Unhealthy || !strings.Contains(r.Summary, "stale") {
		t.Errorf("%v %s", r.Status, r.Summary)
	}
	for text, says := range map[string]string{"": "holds no number", "abc": "holds no number"} {
		if err := os.WriteFile(pidFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := ask(t, processes(func(o *ProcessOptions) { o.PIDFile = pidFile })); r.Status != checks.Unknown || !strings.Contains(r.Summary, says) {
			t.Errorf("%q: %v %s", text, r.Status, r.Summary)
		}
	}
}

func TestStoppedProcessDegrades(t *testing.T) {
	c := child(t, "stopped")
	stop(t, c.Process)
	r := ask(t, processes(func(o *ProcessOptions) { o.PID = int64(c.Process.Pid) }))
	if r.Status != checks.Degraded || !strings.Contains(r.Summary, "stopped") {
		t.Errorf("%v %s", r.Status, r.Summary)
	}
}
