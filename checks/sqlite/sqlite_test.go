package sqlite

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

// application opens a database as an application would, and makes three users.
func application(t *testing.T, mode string) (path string, db *sql.DB) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "app.db")
	db = writer(t, path)
	run(t, db, "PRAGMA journal_mode="+mode, "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT)",
		"INSERT INTO users(name) VALUES ('a'), ('b'), ('c')")
	return path, db
}

func writer(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

const timeout = 500 * time.Millisecond

// check runs the check as everything else does, and holds it to its deadline.
func check(t *testing.T, path string, change ...func(*Options)) checks.Result {
	t.Helper()
	o := DefaultOptions()
	o.Path, o.UsersTable, o.Timeout = path, "users", timeout
	for _, c := range change {
		c(&o)
	}
	if problems := o.Problems(); problems != nil {
		t.Fatal(problems)
	}
	res := (&checks.Runner{}).Run(t.Context(), o.Checks())[0]
	if res.Duration > timeout+100*time.Millisecond {
		t.Errorf("took %s, promised %s and at most 100 ms", res.Duration, timeout)
	}
	return res
}

func table(name string) func(*Options) { return func(o *Options) { o.UsersTable = name } }

// expect compares status and a part of the summary.
func expect(t *testing.T, res checks.Result, status checks.Status, part string) {
	t.Helper()
	if res.Status != status || !strings.Contains(res.Summary, part) {
		t.Errorf("got %s %q (%s), want %s and %q", res.Status, res.Summary, res.Error, status, part)
	}
	if res.Status != checks.Healthy && res.Hint == "" {
		t.Errorf("%q says nothing about what to do", res.Summary)
	}
}

func expectFacts(t *testing.T, res checks.Result, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if f, ok := res.Fact(name); !ok || f.Value != value {
			t.Errorf("fact %s: got %v (there: %t), want %v", name, f.Value, ok, value)
		}
	}
}

func files(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func expectFiles(t *testing.T, path string, want ...string) {
	t.Helper()
	if got := files(t, path); !slices.Equal(got, want) {
		t.Errorf("files: got %v, want %v", got, want)
	}
}

func TestAnswers(t *testing.T) {
	for _, mode := range []string{"delete", "truncate", "persist", "memory", "wal"} {
		t.Run(mode, func(t *testing.T) {
			path, _ := application(t, mode)
			before := files(t, path)
			res := check(t, path)
			expect(t, res, checks.Healthy, "answers")
			journal := "delete" // what another connection uses, only WAL shows
			if mode == "wal" {
				journal = "wal"
			}
			expectFacts(t, res, map[string]any{"type": "SQLite", "connection_test": "passed", "users_count": int64(3),
				"users_count_estimated": false, "journal_mode": journal, "read_only": false})
			for _, name := range []string{"version", "size", "response_time"} {
				if f, ok := res.Fact(name); !ok || f.Value == nil || f.Value == "" {
					t.Errorf("fact %s is missing", name)
				}
			}
			expectFiles(t, path, before...)
		})
	}
}

func TestWALInUseIsReadAsItIsAndLeftAsItWas(t *testing.T) {
	path, app := application(t, "wal")
	run(t, app, "BEGIN IMMEDIATE", "INSERT INTO users(name) VALUES ('not yet')")
	expectFacts(t, check(t, path), map[string]any{"users_count": int64(3)})
	run(t, app, "COMMIT")
	expectFacts(t, check(t, path), map[string]any{"users_count": int64(4)})
	expectFiles(t, path, "app.db", "app.db-shm", "app.db-wal")
	app.Close() // the application's last connection cleans up, as if nobody had looked
	expectFiles(t, path, "app.db")
	expectFacts(t, check(t, path), map[string]any{"users_count": int64(4)})
	expectFiles(t, path, "app.db")
	run(t, writer(t, path), "INSERT INTO users(name) VALUES ('again')")
}

func TestWALOfACrashedApplication(t *testing.T) {
	path, _ := application(t, "wal")
	left := filepath.Join(t.TempDir(), "app.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	res := check(t, left, table(""))
	expect(t, res, checks.Healthy, "-wal file beside it")
	expectFiles(t, left, "app.db", "app.db-wal")
}

func TestPathsWithSpecialCharacters(t *testing.T) {
	path, app := application(t, "delete")
	app.Close()
	for _, name := range []string{"a?mode=rwc&b.db", "100%25.db", "a#b.db", "ü b.db", "'; drop.db"} {
		other := filepath.Join(filepath.Dir(path), name)
		if err := os.Rename(path, other); err != nil {
			t.Fatal(err)
		}
		path = other
		expect(t, check(t, path), checks.Healthy, "answers")
		expectFiles(t, path, name)
	}
}

func TestUsersTable(t *testing.T) {
	path, app := application(t, "delete")
	run(t, app, `CREATE TABLE "we""ird; drop table users"(id)`, `INSERT INTO "we""ird; drop table users" VALUES (1)`,
		"CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n")
	expectFacts(t, check(t, path, table(`we"ird; drop table users`)), map[string]any{"users_count": int64(1)})
	expectFacts(t, check(t, path, table("USERS")), map[string]any{"users_count": int64(3)})

	res := check(t, path, table("people"))
	expect(t, res, checks.Unknown, "users could not be counted: there is no table people")
	expectFacts(t, res, map[string]any{"connection_test": "passed", "users_count": nil})

	expect(t, check(t, path, table("endless")), checks.Unknown, "counting endless took too long")

	none := check(t, path, table(""))
	if _, ok := none.Fact("users_count"); ok || none.Status != checks.Healthy {
		t.Errorf("users_count without a table: %v", none)
	}
}

func TestUsersAreEstimatedAboveTheLimit(t *testing.T) {
	path, app := application(t, "delete")
	run(t, app, "CREATE INDEX by_name ON users(name)", "ANALYZE", "DELETE FROM users WHERE id = 1")
	limit := func(n int64) func(*Options) { return func(o *Options) { o.UsersExactLimit = n } }
	expectFacts(t, check(t, path, limit(2)), map[string]any{"users_count": int64(3), "users_count_estimated": true})
	expectFacts(t, check(t, path, limit(3)), map[string]any{"users_count": int64(2), "users_count_estimated": false})
}

func TestOptionsProblems(t *testing.T) {
	for _, c := range []struct {
		options Options
		key     string
	}{
		{Options{Name: "other"}, "path"},
		{Options{Path: ":memory:"}, "path"},
		{Options{Path: "a\x00b"}, "path"},
		{Options{Path: "a", UsersTable: "a\nb"}, "users_table"},
		{Options{Path: "a", UsersExactLimit: -1}, "users_exact_limit"},
	} {
		if p := c.options.Problems(); len(p) != 1 || p[0].Key != c.key {
			t.Errorf("%+v: got %v, want one problem with %s", c.options, p, c.key)
		}
	}
	o := DefaultOptions()
	if p := o.Problems(); p != nil || o.Checks() != nil {
		t.Errorf("without a path: %v %v", p, o.Checks())
	}
	o.Path, o.Name, o.Tags = "a.db", "other", []string{"shop"}
	if c := o.Checks(); len(c) != 1 || c[0].Name != "database@other" || !c[0].Critical || !c[0].Matches("shop") {
		t.Errorf("got %+v", c)
	}
	o.Disabled = true
	if o.Checks() != nil {
		t.Error("a disabled check is made")
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, mode := range []string{"delete", "wal"} {
		b.Run(mode, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "app.db")
			db, err := sql.Open("sqlite", path)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(fmt.Sprintf("PRAGMA journal_mode=%s; CREATE TABLE users(id); INSERT INTO users VALUES (1)", mode)); err != nil {
				b.Fatal(err)
			}
			o := DefaultOptions()
			o.Path, o.UsersTable = path, "users"
			c := o.Checks()[0]
			for b.Loop() {
				if res := c.Do(b.Context()); res.Status != checks.Healthy {
					b.Fatal(res)
				}
			}
		})
	}
}
