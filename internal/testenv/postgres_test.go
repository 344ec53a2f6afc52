package testenv

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDatabasesAreFreshAndDropped(t *testing.T) {
	s := Postgres(t)
	var name string
	t.Run("while the test runs", func(t *testing.T) {
		url := s.NewDatabase(t)
		name = ask(t, url, "SELECT current_database()")
		if !strings.HasSuffix(url, "/"+name+"?sslmode=disable") {
			t.Errorf("in database %s of %s", name, url)
		}
		if other := s.NewDatabase(t); other == url {
			t.Errorf("two of %s", url)
		}
	})
	if got := s.Value(t, "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); got != "0" {
		t.Errorf("the database %s is still there", name)
	}
	if got := ask(t, s.URL, "SHOW server_version_num"); !strings.HasPrefix(got, fmt.Sprint(s.Major)) {
		t.Errorf("version %s of major %d", got, s.Major)
	}
	if got := ask(t, s.URL, "SHOW shared_preload_libraries"); got != "pg_stat_statements" {
		t.Errorf("preloaded: %s", got)
	}
	if s.Stop(); ask(t, s.URL, "SELECT 'up'") != "up" {
		t.Error("a test stopped the shared server")
	}
}

func TestPrivatePostgresStopsAndStarts(t *testing.T) {
	began := time.Now()
	s := StartPostgres(t, PostgresOptions{Settings: map[string]string{"work_mem": "5MB"}})
	t.Logf("up after %v", time.Since(began))
	if got := ask(t, s.URL, "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem %s", got)
	}
	s.Exec(t, "CREATE TABLE kept (v text); INSERT INTO kept VALUES ('kept')")
	s.Stop()
	if got := ask(t, s.URL, "SELECT 'up'"); !strings.Contains(got, "refused") {
		t.Errorf("stopped: %s", got)
	}
	s.Stop()
	s.Start()
	if got := s.Value(t, "SELECT v FROM kept"); got != "kept" {
		t.Errorf("started again: %s", got)
	}
	if log := s.Log(t); !strings.Contains(log, "ready to accept connections") {
		t.Errorf("log: %s", log)
	}
}

func TestPostgresAsksForThePassword(t *testing.T) {
	s := StartPostgres(t, PostgresOptions{HBA: []string{"host all shut 127.0.0.1/32 reject"}})
	s.Exec(t, "CREATE ROLE shut LOGIN PASSWORD 'x'")
	for _, c := range []struct{ user, want string }{
		{"postgres:wrong", "28P01"},
		{"shut:x", "28000"},
	} {
		if got := ask(t, strings.Replace(s.URL, "postgres:"+pgPassword, c.user, 1), "SELECT 'in'"); !strings.Contains(got, c.want) {
			t.Errorf("as %s: %s", c.user, got)
		}
	}
}

// The versions beside the shared one are what make test-matrix is for; here
// one that comes from npm stands for them, with a standby, which they have no
// program of their own for.
func TestStandbyOfAnotherMajor(t *testing.T) {
	for _, major := range []int{0, 14, 18} {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			s := StartPostgres(t, PostgresOptions{Major: major})
			r := s.Standby(t, map[string]string{"work_mem": "6MB"})
			if got := r.Value(t, "SELECT pg_is_in_recovery()::text || current_setting('work_mem')"); got != "true6MB" {
				t.Errorf("standby in recovery: %s", got)
			}
			s.Exec(t, "CREATE TABLE arrives AS SELECT 1")
			for deadline := time.Now().Add(10 * time.Second); r.Value(t, "SELECT to_regclass('arrives')") != "arrives"; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("nothing arrives at the standby:\n%s", r.Log(t))
				}
			}
		})
	}
}

func TestStandbyThatServesNoQueries(t *testing.T) {
	r := StartPostgres(t, PostgresOptions{}).Standby(t, map[string]string{"hot_standby": "off"})
	if got := ask(t, r.URL, "SELECT 'in'"); !strings.Contains(got, "57P03") {
		t.Errorf("got %s", got)
	}
}

func TestPgBouncer(t *testing.T) {
	b := StartPgBouncer(t, Postgres(t))
	url := "postgres://postgres:vitals@" + b.Addr + "/postgres?sslmode=disable"
	if got := ask(t, url, "SELECT 'through'"); got != "through" {
		t.Errorf("through PgBouncer: %s", got)
	}
	if got := ask(t, b.AdminURL, "SHOW VERSION"); !strings.Contains(got, "PgBouncer") {
		t.Errorf("console: %s", got)
	}
	b.Stop()
	if got := ask(t, url, "SELECT 'through'"); !strings.Contains(got, "refused") {
		t.Errorf("stopped: %s", got)
	}
	b.Start()
	if got := ask(t, url, "SELECT 'through'"); got != "through" {
		t.Errorf("started again: %s", got)
	}
}
