// Package testenv gives tests real servers: the shared ones of
// scripts/services, and private ones that a test may stop and break. Only
// tests import it. What cannot be had fails the test with what to do; nothing
// is ever skipped.
package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// names are the variables that `scripts/services env` prints. Each is read by
// its name, so that go test knows when a cached result no longer holds.
func names() []string {
	return []string{
		"VITALS_TEST_POSTGRES_URL", "VITALS_TEST_POSTGRES_MAJOR", "VITALS_TEST_POSTGRES_BIN", "VITALS_TEST_POSTGRES_TEMPLATE",
		"VITALS_TEST_REDIS_ADDR", "VITALS_TEST_USER", "VITALS_TEST_RUN",
	}
}

// variables are those of the environment or, where it has none, of servers
// that are started now. They are asked for once.
var variables = sync.OnceValues(func() (map[string]string, error) {
	vars := map[string]string{}
	for _, name := range names() {
		vars[name] = os.Getenv(name)
	}
	if vars["VITALS_TEST_POSTGRES_URL"] != "" {
		return vars, nil
	}
	if _, err := services("up"); err != nil {
		return nil, err
	}
	out, err := services("env")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "="); ok {
			vars[name] = strings.Trim(value, "'")
		}
	}
	return vars, nil
})

// services runs scripts/services and returns what it printed.
func services(args ...string) (string, error) {
	dir, err := repo()
	if err != nil {
		return "", err
	}
	c := exec.Command(filepath.Join(dir, "scripts", "services"), args...)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("the servers for tests cannot be had: scripts/services %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

func variable(t testing.TB, name string) string {
	t.Helper()
	vars, err := variables()
	if err != nil {
		t.Fatal(err)
	}
	if vars[name] == "" {
		t.Fatalf("%s is not set, but VITALS_TEST_POSTGRES_URL is. Unset that, so that the test starts its servers itself, or set all that scripts/services env prints.", name)
	}
	return vars[name]
}

// repo finds the checkout: where this file lies, or, in a test built with
// -trimpath, above the folder that the test runs in.
var repo = sync.OnceValues(func() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		if dir := above(filepath.Dir(file)); dir != "" {
			return dir, nil
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if dir = above(dir); dir == "" {
		return "", errors.New("no go.mod here or above: run the tests in the checkout")
	}
	return dir, nil
})

// above is the nearest folder with a go.mod, from dir upwards, or "".
func above(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// Repo is the folder of the checkout.
func Repo(t testing.TB) string {
	t.Helper()
	dir, err := repo()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// SharedData is the path of a file in ../shared/data beside the checkout.
func SharedData(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(Repo(t)), "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the folder shared is to lie beside the checkout: %v", err)
	}
	return path
}

// build makes the program, once for a test process. Go replaces the file in
// one step and only when it changed, so test processes can share it.
var build = sync.OnceValues(func() (string, error) {
	dir, err := repo()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dist", "test", "vitals")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	c := exec.Command("go", "build", "-o", path, "./cmd/vitals")
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/vitals: %w\n%s", err, out)
	}
	return path, nil
})

// Binary builds Vitals and returns the program's path.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
