package testenv

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgPassword is what scripts/services gives the superuser in its templates.
const pgPassword = "vitals"

// PostgresServer is a running PostgreSQL that listens on 127.0.0.1.
type PostgresServer struct {
	URL   string // of its superuser and the database postgres; TLS is off
	Port  int
	Major int

	t        testing.TB
	dir      string
	bin      string // the folder of its programs
	template string // the data folder as initdb left it
	quiet    bool   // a standby that serves no queries
	process  *process
}

// Postgres is the shared server of scripts/services. It cannot be stopped.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, URL: variable(t, "VITALS_TEST_POSTGRES_URL")}
	var err error
	if s.Major, err = strconv.Atoi(variable(t, "VITALS_TEST_POSTGRES_MAJOR")); err != nil {
		t.Fatalf("VITALS_TEST_POSTGRES_MAJOR: %v", err)
	}
	u := parse(t, s.URL)
	if s.Port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatalf("VITALS_TEST_POSTGRES_URL needs a port: %v", err)
	}
	return s
}

func parse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var databases atomic.Int64

// NewDatabase makes an empty database, dropped when the test ends, and returns
// its URL.
func (s *PostgresServer) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().UnixNano()%1e9, databases.Add(1))
	s.Exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		// A server that its test has stopped took the database with it.
		if s.process == nil || s.process.running() {
			s.Exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
	})
	u := parse(t, s.URL)
	u.Path = "/" + name
	return u.String()
}

// Exec runs SQL as the superuser; several statements may stand in one text.
func (s *PostgresServer) Exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := s.ask(sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Value runs one query as the superuser and returns the first column of its
// first row as text, or "" when there is none.
func (s *PostgresServer) Value(t testing.TB, sql string) string {
	t.Helper()
	value, err := s.ask(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func (s *PostgresServer) ask(sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}
