package testenv

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func ask(t *testing.T, url, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err.Error()
	}
	defer conn.Close(ctx)
	var answer string
	if err := conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&answer); err != nil {
		return err.Error()
	}
	return answer
}

func TestPostgres(t *testing.T) {
	url := Postgres(t).NewDatabase(t)
	if got := ask(t, url, "SELECT current_database()"); !strings.HasSuffix(url, got+"?sslmode=disable") {
		t.Errorf("in database %s of %s", got, url)
	}
}

func TestPrivatePostgresStopsAndStarts(t *testing.T) {
	s := StartPostgres(t, PostgresOptions{Settings: map[string]string{"work_mem": "5MB"}})
	if got := ask(t, s.URL, "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem %s", got)
	}
	r := s.Standby(t, nil)
	if got := ask(t, r.URL, "SELECT pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("standby in recovery: %s", got)
	}
	b := StartPgBouncer(t, s)
	if got := ask(t, "postgres://postgres:vitals@"+b.Addr+"/postgres", "SELECT 'through'"); got != "through" {
		t.Errorf("through PgBouncer: %s", got)
	}
	s.Stop()
	if got := ask(t, s.URL, "SELECT 'up'"); !strings.Contains(got, "refused") {
		t.Errorf("stopped: %s", got)
	}
	s.Start()
	if got := ask(t, s.URL, "SELECT 'up'"); got != "up" {
		t.Errorf("started again: %s", got)
	}
}

func TestRedisKinds(t *testing.T) {
	s := StartRedis(t)
	s.Do(t, "SET", "a", "b")
	if got := s.Do(t, "GET", "a"); got != "b" {
		t.Errorf("got %s", got)
	}
	if got := StartSentinel(t, s).Do(t, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"); !strings.Contains(got, "127.0.0.1") {
		t.Errorf("sentinel: %s", got)
	}
	if got := StartCluster(t, 3)[2].Do(t, "CLUSTER", "INFO"); !strings.Contains(got, "cluster_known_nodes:3") {
		t.Errorf("cluster: %s", got)
	}
	s.Stop()
	if listens(s.Addr) == nil {
		t.Error("still listens")
	}
}

func TestFaults(t *testing.T) {
	if c, err := net.DialTimeout("tcp", Refused(t), time.Second); err == nil {
		c.Close()
		t.Error("a refused address accepts")
	}
	if c, err := net.DialTimeout("tcp", Dropping(t), 300*time.Millisecond); err == nil {
		c.Close()
		t.Error("a dropping address accepts")
	} else if e, ok := err.(net.Error); !ok || !e.Timeout() {
		t.Errorf("a dropping address answers: %v", err)
	}
	c, err := net.Dial("tcp", BlackHole(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || !err.(net.Error).Timeout() {
		t.Errorf("a black hole answers: %d %v", n, err)
	}
}
