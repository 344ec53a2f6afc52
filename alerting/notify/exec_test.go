package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/alerting/notify"
	"vitals/checks"
)

// TestMain lets the test program itself be the program that exec runs, so that
// no shell is needed.
func TestMain(m *testing.M) {
	if job := os.Getenv("NOTIFY_TEST_JOB"); job != "" {
		os.Exit(work(job))
	}
	os.Exit(m.Run())
}

// work is what the program does: read the message, and then as it is told.
func work(job string) int {
	if job == "hang" {
		select {}
	}
	var got map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&got); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	what, rest, _ := strings.Cut(job, " ")
	switch what {
	case "keep":
		text := fmt.Sprintf("%v|%v|%s|%s|%s|%s", got["title"], got["key"], os.Getenv("VITALS_KEY"), os.Getenv("VITALS_KIND"), os.Getenv("VITALS_SEVERITY"), os.Getenv("VITALS_TITLE"))
		if err := os.WriteFile(rest, []byte(text), 0o600); err != nil {
			return 1
		}
	case "exit":
		var code int
		fmt.Sscan(rest, &code)
		fmt.Fprintln(os.Stderr, "could not: password", os.Getenv("PAGER_PASSWORD"))
		return code
	case "shout":
		for range 100_000 {
			fmt.Println(rest)
		}
		return 1
	}
	return 0
}

func executed(t *testing.T, job string) *notify.ExecOptions {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := options[*notify.ExecOptions](t, "exec")
	o.Name, o.Command = "pager", []string{self}
	o.Env = []notify.Variable{{Name: "NOTIFY_TEST_JOB", Value: checks.Secret(job)}, {Name: "PAGER_PASSWORD", Value: "MARK3D-password"}}
	return o
}

func TestExecHandsOverTheMessage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	if err := channel(t, executed(t, "keep "+file)).Send(t.Context(), aMessage()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := aMessage()
	if want := strings.Join([]string{m.Title, m.Key, m.Key, "firing", "critical", m.Title}, "|"); string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestExecTellsWhatMayPass(t *testing.T) {
	for code, retry := range map[int]bool{1: true, 2: true, 75: true, 64: false, 78: false, 127: false} {
		e := failure(t, channel(t, executed(t, fmt.Sprint("exit ", code))).Send(t.Context(), aMessage()))
		if e.Retry != retry || e.Status != code || e.Said != "could not: password [hidden]" {
			t.Errorf("%d: %+v", code, e)
		}
	}
	e := failure(t, channel(t, executed(t, "shout again")).Send(t.Context(), aMessage()))
	if !e.Retry || len([]rune(e.Said)) != 300 {
		t.Errorf("%+v", e)
	}
}

func TestExecEndsAtTheDeadline(t *testing.T) {
	o := executed(t, "hang")
	o.Timeout = 100 * time.Millisecond
	started := time.Now()
	err := channel(t, o).Send(t.Context(), aMessage())
	if e := failure(t, err); !e.Retry || !strings.Contains(e.Error(), "was not done within 100ms") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.Timeout = time.Minute
	if err := channel(t, o).Send(ctx, aMessage()); !failure(t, err).Retry || !errors.Is(err, context.Canceled) {
		t.Errorf("stopping: %v", err)
	}
}

func TestExecWithoutAProgram(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ command, dir, says string }{
		"missing":   {"/no/such/program", "", "there is no such program"},
		"not found": {"no-such-program-anywhere", "", "there is no such program"},
		"no folder": {os.Args[0], "/no/such/folder", "there is no folder /no/such/folder"},
		"forbidden": {plain, "", "may not execute it"},
	} {
		o := options[*notify.ExecOptions](t, "exec")
		o.Name, o.Command, o.Dir = "pager", []string{c.command}, c.dir
		e := failure(t, channel(t, o).Send(t.Context(), aMessage()))
		if e.Retry || !strings.Contains(e.Error(), c.says) || e.Hint == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
