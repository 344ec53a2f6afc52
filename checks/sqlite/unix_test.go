//go:build unix

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitals/checks"
)

// TestMain lets the test binary be another program that looks at a database.
func TestMain(m *testing.M) {
	switch path := os.Getenv("VITALS_SQLITE_TEST_PATH"); os.Getenv("VITALS_SQLITE_TEST_AS") {
	case "writer":
		fmt.Print(isLocked(path))
	case "check":
		o := DefaultOptions()
		o.Path = path
		if uid, _ := strconv.Atoi(os.Getenv("VITALS_SQLITE_TEST_UID")); uid != 0 {
			if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(uid), syscall.Setuid(uid)); err != nil {
				fmt.Print(err)
			}
		}
		res := o.Checks()[0].Do(context.Background())
		fmt.Printf("%s: %s; %s", res.Status, res.Summary, res.Hint)
	default:
		os.Exit(m.Run())
	}
}

// elsewhere runs the test binary as another process.
func elsewhere(t *testing.T, as, path string, env ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), append(env, "VITALS_SQLITE_TEST_AS="+as, "VITALS_SQLITE_TEST_PATH="+path)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestTheLocksOfThisProcessSurvive guards against a trap of POSIX: closing any
// handle of a file drops all locks that the process has on it. Demo and serve
// may be one process.
func TestTheLocksOfThisProcessSurvive(t *testing.T) {
	for _, mode := range []string{"delete", "wal"} {
		path, app := application(t, mode)
		run(t, app, "BEGIN IMMEDIATE", "INSERT INTO users(name) VALUES ('x')")
		for range 3 {
			expect(t, check(t, path), checks.Healthy, "answers")
			if got := elsewhere(t, "writer", path); got != "true" {
				t.Fatalf("%s: after the check another process may write: %q", mode, got)
			}
		}
		run(t, app, "COMMIT")
		if got := elsewhere(t, "writer", path); got != "false" {
			t.Fatalf("%s: the database stays locked: %q", mode, got)
		}
	}
}

func TestNoPermission(t *testing.T) {
	for _, c := range []struct {
		name   string
		forbid func(path string) error
		named  string
	}{
		{"file", func(path string) error { return os.Chmod(path, 0) }, "app.db"},
		{"folder", func(path string) error { return os.Chmod(filepath.Dir(path), 0o600) }, "app.db"},
		{"wal", func(path string) error { return os.Chmod(path+"-wal", 0) }, "app.db-wal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, _ := application(t, "wal")
			env := "VITALS_SQLITE_TEST_UID=0"
			if os.Getuid() == 0 { // root may read everything: let somebody else look
				env = "VITALS_SQLITE_TEST_UID=65534"
				for dir := filepath.Dir(path); dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
					if err := os.Chmod(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				for _, suffix := range []string{"", "-wal", "-shm"} {
					if err := os.Chmod(path+suffix, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if got := elsewhere(t, "check", path, env); !strings.HasPrefix(got, "healthy") {
					t.Fatalf("before: %s", got)
				}
			}
			if err := c.forbid(path); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(filepath.Dir(path), 0o700) })
			got := elsewhere(t, "check", path, env)
			if !strings.HasPrefix(got, "unknown") || !strings.Contains(got, "may not read") || !strings.Contains(got, c.named+";") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAPipeIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	expect(t, check(t, path), checks.Unhealthy, "is a device or a pipe")
	if time.Since(started) > timeout/2 {
		t.Error("the check has waited for the pipe")
	}
}
