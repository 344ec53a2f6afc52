//go:build unix

package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitals/checks"
)

// child starts a process that can be told from all others: a shell under a
// name of its own.
func child(t *testing.T, marker string) *exec.Cmd {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), fmt.Sprintf("sleeper-%d-of-the-tests", os.Getpid()))
	if err := os.Symlink(shell, name); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, "-c", "while :; do sleep 0.05; done # "+marker)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	eventually(t, c.Process.Pid, "sleeping") // it is the shell by now, and waits for its first sleep
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
	dir := t.TempDir()
	write := func(name, text string, age time.Duration) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pid := fmt.Sprint(c.Process.Pid)
	for name, c := range map[string]struct {
		file   string
		status checks.Status
		words  string
	}{
		"just written":                {write("a.pid", pid, 0), checks.Healthy, "runs as process " + pid},
		"older than the process":      {write("web.pid", pid, 24*time.Hour), checks.Unhealthy, "stale, process " + pid + " is now \"sleeper"},
		"named after the process":     {write(fmt.Sprintf("sleeper-%d-of-the-tests-1.pid", os.Getpid()), pid+"\n", 24*time.Hour), checks.Healthy, "runs as process " + pid},
		"the process is of its kind":  {write("sleep.pid", pid, 24*time.Hour), checks.Healthy, "runs as process " + pid},
		"more lines, as PostgreSQL's": {write("postmaster.pid", pid+"\n/var/lib/data\n1700000000\n5432\n", 0), checks.Healthy, "runs as process " + pid},
		"nobody has the number":       {write("b.pid", "2147483646", 0), checks.Unhealthy, "does not run: there is no process 2147483646"},
		"empty":                       {write("c.pid", "", 0), checks.Unknown, "holds no number"},
		"no number":                   {write("d.pid", "abc", 0), checks.Unknown, "holds no number"},
		"negative":                    {write("e.pid", "-1", 0), checks.Unknown, "holds no number"},
		"not there":                   {filepath.Join(dir, "none.pid"), checks.Unhealthy, "does not run: there is no pid file"},
		"a folder":                    {dir, checks.Unknown, "the pid file cannot be read"},
	} {
		wants(t, name, ask(t, processes(func(o *ProcessOptions) { o.PIDFile = c.file })), c.status, c.words)
	}
}

func TestStoppedProcessDegrades(t *testing.T) {
	c := child(t, "stopped")
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, c.Process.Pid, stateStopped)
	r := ask(t, processes(func(o *ProcessOptions) { o.PID = int64(c.Process.Pid) }))
	wants(t, "stopped", r, checks.Degraded, "stopped, by a signal or a debugger")
}

func TestZombieDoesNotRun(t *testing.T) {
	c := child(t, "zombie")
	other := child(t, "alive")
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, c.Process.Pid, stateZombie) // until Wait, which Cleanup calls
	r := ask(t, processes(func(o *ProcessOptions) { o.PID = int64(c.Process.Pid) }))
	wants(t, "zombie", r, checks.Unhealthy, fmt.Sprintf("does not run: process %d has ended, and its parent, process %d,", c.Process.Pid, os.Getpid()))
	if number(t, r, "count") != 0 || len(r.Tables[0].Rows) != 1 {
		t.Errorf("%v %v", r.Facts, r.Tables)
	}
	name := filepath.Base(other.Path)
	r = ask(t, processes(func(o *ProcessOptions) { o.Match = name }))
	wants(t, "beside one that lives", r, checks.Degraded, "has not noticed (zombie)")
	if number(t, r, "count") != 1 {
		t.Errorf("%v", r.Facts)
	}
}

func TestProcessesAreCounted(t *testing.T) {
	marker := fmt.Sprintf("many-%d-%d", os.Getpid(), time.Now().UnixNano())
	for range 3 {
		child(t, marker)
	}
	for name, c := range map[string]struct {
		least, most int64
		match       string
		status      checks.Status
		words       string
	}{
		"as many as there should be": {3, 3, marker, checks.Healthy, "runs as 3 processes"},
		"too few":                    {4, 0, marker, checks.Unhealthy, "only 3 of at least 4"},
		"too many":                   {1, 2, marker, checks.Degraded, "3 processes, at most 2 expected"},
		"none":                       {1, 0, marker + "x", checks.Unhealthy, "does not run: no process matches"},
		"none needed":                {0, 0, marker + "x", checks.Healthy, "does not run, and need not"},
	} {
		r := ask(t, processes(func(o *ProcessOptions) { o.Match, o.MinCount, o.MaxCount = c.match, c.least, c.most }))
		wants(t, name, r, c.status, c.words)
	}
}

func TestProcessorTimeIsTheDifference(t *testing.T) {
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Process.Kill(); _ = busy.Wait() })
	o := processes(func(o *ProcessOptions) { o.PID, o.CPUDegraded = int64(busy.Process.Pid), 0.001 })
	do := o.Checks()[0].Do
	do(t.Context())
	time.Sleep(300 * time.Millisecond)
	r := do(t.Context())
	if used := number(t, r, "cpu"); used <= 1 || used > 130 {
		t.Errorf("a loop without end uses %v %% of a core", used)
	}
	if r.Status != checks.Healthy {
		t.Errorf("a third of a second is judged: %v %s", r.Status, r.Summary)
	}
	if err := busy.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, busy.Process.Pid, stateStopped)
	do(t.Context())
	time.Sleep(50 * time.Millisecond)
	if used := number(t, do(t.Context()), "cpu"); used != 0 {
		t.Errorf("while it is stopped it uses %v %%", used)
	}
}

// eventually waits until the kernel has put a process into a state.
func eventually(t *testing.T, pid int, state string) {
	t.Helper()
	for range 200 {
		f, err := readProcess(t.Context(), "", int32(pid), userNames{})
		if err == nil && f.state == state {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("process %d never was in the state %q", pid, state)
}
