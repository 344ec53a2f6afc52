package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/internal/testenv"
)

// TestHistoryOnPostgres is what a user sees of a history on a server: the same as
// with a file, and no password anywhere.
func TestHistoryOnPostgres(t *testing.T) {
	pg := testenv.Postgres(t)
	address, dir := pg.NewDatabase(t), t.TempDir()
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nhistory: {path: unused.db, url: '"+address+"'}\n")
	if code, _, said := runSplit(dir, "check", "probe.yes"); code != 0 || said != "" {
		t.Errorf("exit %d: %s", code, said)
	}
	if out := run(dir, "metrics", "query", "vitals_check_failed"); !strings.Contains(out, "probe.yes") {
		t.Errorf("metrics query: %s", out)
	}
	if out := run(dir, "config", "show"); strings.Contains(out, ":vitals@") || !strings.Contains(out, "url:") {
		t.Errorf("config show tells the password: %s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "unused.db")); err == nil {
		t.Error("a file was made as well")
	}
}

// TestHistoryServerAway: the answer is that of the check, and a warning says why
// it was not kept.
func TestHistoryServerAway(t *testing.T) {
	dir := t.TempDir()
	for address, says := range map[string]string{
		"postgres://me:sesame@127.0.0.1:1/x":                                           "cannot be reached (connection refused)",
		strings.Replace(testenv.Postgres(t).NewDatabase(t), ":vitals@", ":sesame@", 1): "does not let postgres in",
	} {
		writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nhistory: {url: '"+address+"'}\n")
		began := time.Now()
		code, out, said := runSplit(dir, "check", "probe.yes")
		if code != 0 || !strings.Contains(out, "probe.yes") || !strings.Contains(said, says) || strings.Count(said, "warning") != 1 || strings.Contains(said, "sesame") {
			t.Errorf("exit %d: %s%s", code, out, said)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
	}
	writeConfig(t, dir, "history: {url: 'mysql://me:sesame@host/x'}\n")
	if code, _, said := runSplit(dir, "check"); code == 0 || !strings.Contains(said, "history.url: is not an address of PostgreSQL") || strings.Contains(said, "sesame") {
		t.Errorf("exit %d: %s", code, said)
	}
}

// TestDaemonNeedsFewConnections: replicas share the server's connections with
// everybody else.
func TestDaemonNeedsFewConnections(t *testing.T) {
	pg := testenv.Postgres(t)
	address, dir := pg.NewDatabase(t), t.TempDir()
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nserve: {interval: 100ms}\nalerting: {interval: 1s}\nhistory: {url: '"+address+"'}\n")
	base := startServe(t, dir)
	name := address[strings.LastIndex(address, "/")+1 : strings.Index(address, "?")]
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		get(t, base+"/api/v1/query?query=up")
	}
	most := pg.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+name+"'")
	t.Logf("%s connections", most)
	if len(most) != 1 && most != "10" {
		t.Errorf("a daemon with one check has %s connections, want 10 at most", most)
	}
}
