package cmd_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vitals/cmd"
	"vitals/internal/testenv"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"vitals": func() { os.Exit(cmd.Main(cmd.System())) },
	})
}

// TestScripts runs the command line as users do: each file in testdata is one
// story, on the real PostgreSQL and Redis of scripts/services where it asks
// for them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			// A hermetic home: nothing of the machine's own configuration.
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("VITALS_DATA_DIR", e.WorkDir+"/data")
			e.Setenv("PG", testenv.Postgres(t).NewDatabase(t))
			e.Setenv("REDIS", "redis://"+testenv.Redis(t).Addr)
			e.Setenv("REFUSED", testenv.Refused(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  cmdStatus,
			"atmost":  cmdAtMost,
			"port":    cmdPort,
			"waitfor": cmdWaitFor,
			"expand":  cmdExpand,
			"hook":    cmdHook,
			"id":      cmdID,
		},
	})
}

// cmdStatus runs a program and expects an exact exit status:
// status 2 vitals check database
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM [ARGUMENT ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s did not run: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// cmdAtMost runs a program and expects it to end in time, whatever its status:
// atmost 1600ms vitals check slow
func cmdAtMost(ts *testscript.TestScript, neg bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	started := time.Now()
	_ = ts.Exec(args[1], args[2:]...)
	if took := time.Since(started); took > limit {
		ts.Fatalf("took %s, at most %s allowed", took, limit)
	}
}

// cmdPort sets a variable to a free port: port ADDRESS
func cmdPort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	ts.Setenv(args[0], l.Addr().String())
}

// cmdWaitFor waits until something listens: waitfor 127.0.0.1:8080
func cmdWaitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(10 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", args[0], time.Second)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v", fmt.Errorf("nothing listens on %s after 10 s: %w", args[0], err))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// cmdExpand fills the variables into a file of the script: expand vitals.yaml
func cmdExpand(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// cmdID sets ID to the first field of the second line that a program prints,
// which is the id of the first thing in a list as CSV.
func cmdID(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec(args[0], args[1:]...))
	lines := strings.Split(ts.ReadFile("stdout"), "\n")
	if len(lines) < 2 || lines[1] == "" {
		ts.Fatalf("the list is empty")
	}
	id, _, _ := strings.Cut(lines[1], ",")
	ts.Setenv("ID", id)
}
