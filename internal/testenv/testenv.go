// Package testenv gives tests real servers: the shared ones of
// scripts/services, and private ones that a test may stop and break. Only
// tests import it. What cannot be had fails the test with what to do; nothing
// is ever skipped.
package testenv

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// variables are what `scripts/services env` prints, asked for once.
var variables = sync.OnceValues(func() (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "VITALS_TEST_") {
			vars[name] = value
		}
	}
	if vars["VITALS_TEST_POSTGRES_URL"] != "" {
		return vars, nil
	}
	script := filepath.Join(repo(), "scripts", "services")
	if out, err := exec.Command(script, "up").CombinedOutput(); err != nil {
		return nil, &startError{string(out), err}
	}
	out, err := exec.Command(script, "env").Output()
	if err != nil {
		return nil, &startError{string(out), err}
	}
	for line := range strings.Lines(string(out)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if ok {
			vars[name] = strings.Trim(value, "'")
		}
	}
	return vars, nil
})

type startError struct {
	output string
	err    error
}

func (e *startError) Error() string {
	return "the servers for tests did not start (" + e.err.Error() + "): " + e.output
}

func variable(t testing.TB, name string) string {
	t.Helper()
	vars, err := variables()
	if err != nil {
		t.Fatal(err)
	}
	if vars[name] == "" {
		t.Fatalf("%s is not set: run the tests with 'make test', or unset VITALS_TEST_POSTGRES_URL", name)
	}
	return vars[name]
}

func repo() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Repo is the folder of the checkout.
func Repo(testing.TB) string { return repo() }

// SharedData is the path of a file in ../shared/data beside the checkout.
func SharedData(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(repo()), "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the shared data beside the checkout is missing: %v", err)
	}
	return path
}

var buildOnce sync.Once

// Binary builds Vitals and returns the program's path.
func Binary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(repo(), "dist", "test", "vitals")
	buildOnce.Do(func() {
		build := exec.Command("go", "build", "-o", path, "./cmd/vitals")
		build.Dir = repo()
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	})
	return path
}

// serverDir is a new folder that the servers' user owns; it is removed with
// the test.
func serverDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(variable(t, "VITALS_TEST_DIR"), "t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	own(t, dir)
	return dir
}

// own gives a path to the servers' user, where the test runs as root.
func own(t testing.TB, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := serverUser(t)
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

func serverUser(t testing.TB) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup(variable(t, "VITALS_TEST_USER"))
	if err != nil {
		t.Fatal(err)
	}
	uid, _ = strconv.Atoi(u.Uid) // numbers on every system that has such servers
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid
}
