//go:build unix

package notify_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitals/alerting/notify"
)

// TestExecEndsTheWholeGroup: what the program started does not outlive it.
func TestExecEndsTheWholeGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	o := options[*notify.ExecOptions](t, "exec")
	o.Name, o.Timeout = "pager", 500*time.Millisecond
	o.Command = []string{"/bin/sh", "-c", `sleep 300 & echo $! > "$0"; wait`, file}
	failure(t, channel(t, o).Send(t.Context(), aMessage()))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil || zombie(pid) {
			return
		}
		if time.Now().After(until) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("what it started still runs")
		}
	}
}

// zombie tells whether a process is dead and only waits to be fetched, which
// in a container nobody may do.
func zombie(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(text), ") Z ")
}
