//go:build unix

package probe_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
)

// script writes a shell script and returns its path.
func script(t testing.TB, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check_it")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func plugin(t testing.TB, lines string) *probe.CommandOptions {
	t.Helper()
	o := command(script(t, lines))
	o.Format = probe.FormatNagios
	return o
}

func TestCommandByExitCode(t *testing.T) {
	notExecutable := script(t, "exit 0")
	if err := os.Chmod(notExecutable, 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("\x00\x01not a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		options *probe.CommandOptions
		change  func(*probe.CommandOptions)
		status  checks.Status
		says    string
	}{
		"well":          {command("true"), nil, checks.Healthy, "true ended well, in"},
		"its words":     {command("echo", "all fine"), nil, checks.Healthy, "all fine"},
		"arguments":     {command("printf", "%s|%s", "a b", "$HOME"), nil, checks.Healthy, "a b|$HOME"},
		"fails":         {command(script(t, "echo out; echo 'disk on fire' >&2; exit 7")), nil, checks.Unhealthy, "ended with code 7: disk on fire"},
		"fails, silent": {command("false"), nil, checks.Unhealthy, "false ended with code 1"},
		"found":         {command("echo", "1 2 3"), func(o *probe.CommandOptions) { o.Expect = `\b2\b` }, checks.Healthy, "1 2 3"},
		"not found":     {command("echo", "1 2 3"), func(o *probe.CommandOptions) { o.Expect = "4" }, checks.Unhealthy, `wrote nothing that matches "4"`},
		"crashes":       {command(script(t, "kill -SEGV $$")), nil, checks.Unhealthy, "was ended by signal segmentation fault"},
		"environment": {command(script(t, `echo "$A-$HOME"`)), func(o *probe.CommandOptions) {
			o.Env = []probe.Variable{{Name: "A", Value: "x1"}, {Name: "HOME", Value: "h1"}}
		}, checks.Healthy, "-"},
		"folder":            {command("pwd"), func(o *probe.CommandOptions) { o.Dir = "/" }, checks.Healthy, "/"},
		"no such program":   {command("no-such-program-anywhere"), nil, checks.Unknown, "there is no such program"},
		"no such path":      {command("/no/such/program"), nil, checks.Unknown, "there is no such program"},
		"not executable":    {command(notExecutable), nil, checks.Unknown, "Vitals may not execute it"},
		"a folder":          {command(t.TempDir()), nil, checks.Unknown, "could not be run"},
		"no program at all": {command(garbage), nil, checks.Unknown, "could not be run"},
		"no such folder":    {command("true"), func(o *probe.CommandOptions) { o.Dir = "/no/such/folder" }, checks.Unknown, "there is no folder /no/such/folder"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(c.options)
			}
			want(t, ask(t, c.options), c.status, c.says)
		})
	}
}

func TestPlugins(t *testing.T) {
	for name, c := range map[string]struct {
		lines  string
		status checks.Status
		says   string
	}{
		"OK":              {"echo 'DISK OK - free space: / 3326 MB (56%);| /=2643MB;5948;5958;0;5968'", checks.Healthy, "DISK OK - free space: / 3326 MB (56%);"},
		"warning":         {"echo WARN; exit 1", checks.Degraded, "WARN"},
		"critical":        {"echo 'CRITICAL: no answer'; echo more; exit 2", checks.Unhealthy, "CRITICAL: no answer"},
		"unknown":         {"echo 'UNKNOWN: bad arguments' ; exit 3", checks.Unknown, "UNKNOWN: bad arguments"},
		"out of bounds":   {"echo what; exit 9", checks.Unknown, "ended with code 9, which no Nagios plugin does: what"},
		"not found in it": {"no-such-tool-at-all", checks.Unknown, "ended with code 127"},
		"silent":          {"exit 0", checks.Healthy, "ended with code 0 and wrote nothing"},
		"only errors":     {"echo 'usage: …' >&2; exit 3", checks.Unknown, "usage: …"},
		"only perfdata":   {"echo '|a=1'", checks.Healthy, "ended with code 0 and wrote nothing"},
		"crashes":         {"kill -KILL $$", checks.Unknown, "was ended by signal killed"},
		"not UTF-8":       {`printf 'caf\351 OK\n'`, checks.Healthy, "caf\uFFFD OK"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, plugin(t, c.lines))
			want(t, got, c.status, c.says)
			if strings.Contains(got.Summary, "|") {
				t.Errorf("performance data in the summary: %s", got.Summary)
			}
		})
	}
}

func TestPluginMeasures(t *testing.T) {
	got := ask(t, plugin(t, `cat <<'END'
HTTP OK: 200 | time=0.125s;1;2;0 size=1KB;;;0 'long label'=5%;80;90
some more text
and more | users=3 in=77c temp=-1.5 gone=U
errors=0;~:1;0:2 lost=7;@1:2;3
END`))
	want(t, got, checks.Healthy, "HTTP OK: 200")
	for name, value := range map[string]any{
		"time": 125 * time.Millisecond, "size": int64(1024), "long_label": 5.0, "users": 3.0, "in": int64(77), "temp": -1.5, "gone": nil, "errors": 0.0, "lost": 7.0, "exit_code": int64(0),
	} {
		if v := fact(t, got, name); v != value {
			t.Errorf("%s is %v, want %v", name, v, value)
		}
	}
	for name, limits := range map[string]string{"time": "&{1 2}", "long_label": "&{80 90}", "size": "<nil>", "errors": "&{1 2}", "lost": "<nil>"} {
		if f, _ := got.Fact(name); fmt.Sprint(f.Limits) != limits {
			t.Errorf("limits of %s: %v, want %s", name, f.Limits, limits)
		}
	}
	if v, ok := sample(got, "vitals_probe_value", "probe", "it", "label", "time", "unit", "seconds"); !ok || v != 0.125 {
		t.Errorf("sample of the time: %v", v)
	}
	if _, ok := sample(got, "vitals_probe_value", "label", "gone"); ok {
		t.Error("a sample of what could not be measured")
	}
}

func TestOutputIsBounded(t *testing.T) {
	o := plugin(t, `yes 'OK all is well' | head -c 5000000; exit 0`)
	started := time.Now()
	got := ask(t, o)
	want(t, got, checks.Healthy, "OK all is well")
	if time.Since(started) > 3*time.Second {
		t.Error("it was held up by its own output")
	}
	many := ask(t, plugin(t, `printf 'OK |'; i=0; while [ $i -lt 2000 ]; do printf ' m%d=%d' $i $i; i=$((i+1)); done`))
	if n := len(many.Samples); n > 200 {
		t.Errorf("%d samples of one plugin", n)
	}
	long := ask(t, plugin(t, `head -c 60000 /dev/zero | tr '\0' x`))
	if n := len(long.Summary); n > 400 {
		t.Errorf("a summary of %d characters", n)
	}
}

// Nothing that a probe started may outlive its deadline.
func TestNothingLingers(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	o := command(script(t, fmt.Sprintf("sleep 300 & echo $! > %s; trap '' TERM; wait", pidFile)))
	got := run(t, o, 300*time.Millisecond)
	want(t, got, checks.Unhealthy, "was not done within 300ms and was ended")
	data, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(2 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("its child %d is still there", pid)
		}
	}
}

// alive tells whether a process runs; one that has ended and that nobody has
// asked about yet does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestChildThatHoldsTheOutput(t *testing.T) {
	// The program has ended well; what it left behind keeps its output open.
	o := command(script(t, "sleep 300 & echo done"))
	got := run(t, o, 3*time.Second)
	want(t, got, checks.Healthy, "done")
	if got.Duration > 2*time.Second {
		t.Errorf("took %s", got.Duration)
	}
	// One that left the process group cannot hold up the deadline either.
	o = command(script(t, "setsid sleep 2 & sleep 300"))
	started := time.Now()
	want(t, run(t, o, 200*time.Millisecond), checks.Unhealthy, "was not done within 200ms")
	if d := time.Since(started); d > 300*time.Millisecond {
		t.Errorf("took %s", d)
	}
}

func TestCommandHidesItsVariables(t *testing.T) {
	o := command(script(t, `echo "token is $TOKEN"; echo "token was $TOKEN" >&2; exit 1`))
	o.Env = []probe.Variable{{Name: "TOKEN", Value: "MARKED-token"}}
	got := ask(t, o)
	want(t, got, checks.Unhealthy, "token was [hidden]")
	if strings.Contains(fmt.Sprint(got), "MARKED") {
		t.Errorf("shows a secret: %v", got)
	}
}
