package cmd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitals/internal/testenv"
)

// truth is one way in which a part of the world can fail, and what Vitals has
// to say about it.
type truth struct {
	name   string
	config string
	check  string
	exit   int
	status string
	says   string // in the summary
}

const truthTimeout = time.Second

func truths(t *testing.T) []truth {
	pg := testenv.StartPostgres(t, testenv.PostgresOptions{})
	pg.Exec(t, "CREATE ROLE app LOGIN PASSWORD 'right'")
	standby := pg.Standby(t, nil)
	stoppedPG := testenv.StartPostgres(t, testenv.PostgresOptions{})
	stoppedPG.Stop()
	stoppedRedis := testenv.StartRedis(t)
	stoppedRedis.Stop()
	guarded := testenv.StartRedis(t, "--requirepass", "right")
	hole, dropping := testenv.BlackHole(t), testenv.Dropping(t)
	app := func(password, host, db string) string {
		return fmt.Sprintf("database: {url: 'postgres://app:%s@%s/%s'}\n", password, host, db)
	}
	local := fmt.Sprintf("127.0.0.1:%d", pg.Port)
	list := []truth{
		{"all well", app("right", local, "postgres"), "database", 0, "healthy", "PostgreSQL"},
		{"PostgreSQL stopped", "database: {url: '" + stoppedPG.URL + "'}\n", "database", 2, "unhealthy", "refuse"},
		{"Redis stopped", "redis: {url: 'redis://" + stoppedRedis.Addr + "'}\n", "redis", 2, "unhealthy", "refuse"},
		{"database accepts and never answers", app("x", hole, "app"), "database", 2, "unhealthy", "within"},
		{"database drops packets", app("x", dropping, "app"), "database", 2, "unhealthy", "within"},
		{"Redis accepts and never answers", "redis: {url: 'redis://" + hole + "'}\n", "redis", 2, "unhealthy", "within"},
		{"Redis drops packets", "redis: {url: 'redis://" + dropping + "'}\n", "redis", 2, "unhealthy", "within"},
		{"page accepts and never answers", "probes: [{name: web, kind: http, url: 'http://" + hole + "/'}]\n", "probe.web", 2, "unhealthy", "within"},
		{"wrong password", app("wrong", local, "postgres"), "database", 2, "unhealthy", "password"},
		{"no such database", app("right", local, "nowhere"), "database", 2, "unhealthy", "nowhere"},
		{"Redis password missing", "redis: {url: 'redis://" + guarded.Addr + "'}\n", "redis", 2, "unhealthy", "password"},
		{"in recovery", "database: {url: '" + standby.URL + "'}\n", "database", 0, "healthy", "standby"},
		{"folder cannot be written", "file_system: {paths: [/proc]}\n", "file_system", 2, "unhealthy", "/proc"},
		{"folder missing", "file_system: {paths: [/no/such/folder]}\n", "file_system", 2, "unhealthy", "/no/such/folder"},
	}
	return append(list, tooMany(t))
}

// tooMany takes every connection the server has left.
func tooMany(t *testing.T) truth {
	full := testenv.StartPostgres(t, testenv.PostgresOptions{Settings: map[string]string{"max_connections": "3", "superuser_reserved_connections": "0"}})
	full.Exec(t, "CREATE ROLE app LOGIN PASSWORD 'right'")
	// A session that has just ended may hold its place for a moment longer.
	for until := time.Now().Add(500 * time.Millisecond); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if conn, err := pgx.Connect(context.Background(), full.URL); err == nil {
			t.Cleanup(func() { conn.Close(context.Background()) })
		}
	}
	return truth{"too many connections", fmt.Sprintf("database: {url: 'postgres://app:right@127.0.0.1:%d/postgres'}\n", full.Port), "database", 2, "unhealthy", "connection"}
}

func TestTruthOnRealServers(t *testing.T) {
	for _, c := range truths(t) {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			exit, out, errOut := runSplit(dir, "check", c.check, "--timeout", truthTimeout.String(), "-o", "json")
			var doc struct {
				Results []struct {
					Status, Summary, Hint string
					Duration              float64 `json:"duration_seconds"`
				}
			}
			if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Results) != 1 {
				t.Fatalf("exit %d, %v\n%s%s", exit, err, out, errOut)
			}
			r := doc.Results[0]
			if exit != c.exit || r.Status != c.status || !strings.Contains(r.Summary, c.says) {
				t.Errorf("exit %d, %s, %q; want exit %d, %s, …%s…", exit, r.Status, r.Summary, c.exit, c.status, c.says)
			}
			if limit := (truthTimeout + 100*time.Millisecond).Seconds(); r.Duration > limit {
				t.Errorf("took %.3f s, promised %.1f s", r.Duration, limit)
			}
			if c.exit == 2 && r.Hint == "" {
				t.Errorf("%q leaves the reader without a hint", r.Summary)
			}
		})
	}
}

// TestServeTellsDownAndUp stops and starts a database under a running server.
func TestServeTellsDownAndUp(t *testing.T) {
	pg := testenv.StartPostgres(t, testenv.PostgresOptions{})
	dir := t.TempDir()
	config := "database: {url: '" + pg.URL + "'}\nserve: {health_max_age: 100ms}\nmemory: {disabled: true}\ndisk: {disabled: true}\n"
	if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	base := startServe(t, dir)
	steps := []struct {
		do   func()
		code int
		says string
	}{
		{func() {}, 200, `"connection_test": "passed"`},
		{pg.Stop, 503, `"connection_test": "failed"`},
		{pg.Start, 200, `"connection_test": "passed"`},
	}
	for i, step := range steps {
		step.do()
		time.Sleep(150 * time.Millisecond)
		code, body := get(t, base+"/health")
		if code != step.code || !strings.Contains(body, step.says) {
			t.Errorf("step %d: %d, want %d and %s\n%s", i, code, step.code, step.says, body)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
}
