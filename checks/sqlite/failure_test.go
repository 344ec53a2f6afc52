package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

func TestFailuresOfTheFile(t *testing.T) {
	whole := func(t *testing.T, path string) []byte {
		p, app := application(t, "delete")
		run(t, app, "CREATE TABLE big(x)", "INSERT INTO big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) SELECT hex(randomblob(100)) FROM n")
		app.Close()
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	write := func(t *testing.T, path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		make    func(t *testing.T, path string)
		table   string
		status  checks.Status
		summary string
	}{
		{"missing", func(*testing.T, string) {}, "users", checks.Unhealthy, "does not exist"},
		{"missing folder", func(t *testing.T, path string) { os.Remove(filepath.Dir(path)) }, "users", checks.Unhealthy, "does not exist"},
		{"folder", func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, "users", checks.Unhealthy, "is a folder"},
		{"text", func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("hello, this is no database\n", 99)))
		}, "users", checks.Unhealthy, "is not a SQLite database"},
		{"short text", func(t *testing.T, path string) { write(t, path, []byte("x")) }, "users", checks.Unhealthy, "is not a SQLite database"},
		{"empty", func(t *testing.T, path string) { write(t, path, nil) }, "users", checks.Degraded, "is empty"},
		{"truncated", func(t *testing.T, path string) { data := whole(t, path); write(t, path, data[:len(data)/2]) }, "users", checks.Unhealthy, "is damaged"},
		{"overwritten", func(t *testing.T, path string) {
			data := whole(t, path)
			for i := 4096; i < len(data); i++ {
				data[i] = 0xaa
			}
			write(t, path, data)
		}, "big", checks.Unhealthy, "is damaged"},
		{"schema overwritten", func(t *testing.T, path string) {
			data := whole(t, path)
			for i := 100; i < 4096; i++ {
				data[i] = 0xaa
			}
			write(t, path, data)
		}, "", checks.Unhealthy, "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "folder", "app.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			c.make(t, path)
			res := check(t, path, table(c.table))
			expect(t, res, c.status, c.summary)
			if !strings.Contains(res.Summary, path) {
				t.Errorf("%q does not name the file", res.Summary)
			}
			if c.status == checks.Unhealthy {
				expectFacts(t, res, map[string]any{"type": "SQLite", "connection_test": "failed"})
			}
			if _, err := os.Stat(path); strings.HasPrefix(c.name, "missing") && err == nil {
				t.Error("the check has made the file")
			}
		})
	}
}

func TestLocked(t *testing.T) {
	path, app := application(t, "delete")
	run(t, app, "BEGIN EXCLUSIVE")
	res := check(t, path)
	expect(t, res, checks.Unhealthy, "was locked for all of")
	if res.Duration < timeout/2 {
		t.Errorf("gave up after %s", res.Duration)
	}
	run(t, app, "COMMIT")
	expect(t, check(t, path), checks.Healthy, "answers")
}

func TestALockThatEndsIsWaitedFor(t *testing.T) {
	path, app := application(t, "delete")
	run(t, app, "BEGIN EXCLUSIVE")
	time.AfterFunc(timeout/5, func() { app.Exec("COMMIT") })
	expect(t, check(t, path), checks.Healthy, "answers")
}

// TestInterruptedWrite copies database and journal in the middle of a
// transaction: what a crash leaves.
func TestInterruptedWrite(t *testing.T) {
	path, app := application(t, "delete")
	run(t, app, "PRAGMA cache_size=1", "PRAGMA cache_spill=1", "BEGIN IMMEDIATE",
		"INSERT INTO users(name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) SELECT hex(randomblob(100)) FROM n",
		"UPDATE users SET name = upper(name)")
	left := filepath.Join(t.TempDir(), "app.db")
	for _, suffix := range []string{"", "-journal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, check(t, left), checks.Unhealthy, "in the middle of a write")
	expectFiles(t, left, "app.db", "app.db-journal")
	// The hint is true: a program that may write puts it right.
	run(t, writer(t, left), "DELETE FROM users WHERE 0")
	expectFacts(t, check(t, left), map[string]any{"users_count": int64(3)})
}

func TestReadOnlyFile(t *testing.T) {
	path, app := application(t, "wal")
	app.Close()
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	expectFacts(t, check(t, path), map[string]any{"read_only": true, "users_count": int64(3), "connection_test": "passed"})
}

func TestNothingIsWritten(t *testing.T) {
	path, app := application(t, "delete")
	app.Close()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	check(t, path)
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Before(time.Now().Add(-time.Minute)) {
		t.Errorf("the file has changed: %v %v", info.ModTime(), err)
	}
}

// isLocked asks from a process of its own: within one process SQLite knows of
// its locks without asking the system.
func isLocked(path string) bool {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return false
	}
	defer db.Close()
	_, err = db.Exec("BEGIN IMMEDIATE")
	return err != nil && strings.Contains(err.Error(), "locked")
}
