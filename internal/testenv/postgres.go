package testenv

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const pgPassword = "vitals"

// PostgresServer is a running PostgreSQL that listens on 127.0.0.1.
type PostgresServer struct {
	URL   string // of its superuser and the database postgres; TLS is off
	Port  int
	Major int

	t       testing.TB
	dir     string
	process *process // nil for the shared server, which no test may stop
}

// Postgres is the shared server of scripts/services.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, URL: variable(t, "VITALS_TEST_POSTGRES_URL")}
	s.Major, _ = strconv.Atoi(variable(t, "VITALS_TEST_POSTGRES_MAJOR")) // the script prints a number
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Port, _ = strconv.Atoi(u.Port())
	return s
}

var databases atomic.Int64

// NewDatabase makes an empty database, dropped when the test ends, and returns
// its URL.
func (s *PostgresServer) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), databases.Add(1))
	s.exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { s.exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Exec runs SQL as the superuser; several statements may stand in one text.
func (s *PostgresServer) Exec(t testing.TB, sql string) { t.Helper(); s.exec(t, sql) }

func (s *PostgresServer) exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// PostgresOptions say what a private server is to be like.
type PostgresOptions struct {
	Major    int               // 0 = as the shared server
	Settings map[string]string // for postgresql.conf
	HBA      []string          // lines that come before the usual ones in pg_hba.conf
}

// StartPostgres starts a server of the test's own.
func StartPostgres(t testing.TB, o PostgresOptions) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, Major: o.Major, dir: serverDir(t)}
	if s.Major == 0 {
		s.Major = Postgres(t).Major
	}
	s.initdb()
	hba := strings.Join(append(slices.Clone(o.HBA), "host all,replication all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"), "\n")
	s.write("pg_hba.conf", hba+"\n")
	s.configure(o.Settings)
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// bin is the folder of a major's programs.
func bin(t testing.TB, major int) string {
	t.Helper()
	if variable(t, "VITALS_TEST_POSTGRES_MAJOR") == strconv.Itoa(major) {
		return variable(t, "VITALS_TEST_POSTGRES_BIN")
	}
	out, err := exec.Command(filepath.Join(repo(), "scripts", "services"), "programs", "--major", strconv.Itoa(major)).Output()
	if err != nil {
		t.Fatalf("PostgreSQL %d cannot be had: %v", major, err)
	}
	return strings.TrimSpace(string(out))
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

func (s *PostgresServer) initdb() {
	s.t.Helper()
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(pgPassword), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.program("initdb", "-D", s.data(), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-A", "scram-sha-256", "--pwfile="+password)
}

// program runs one of PostgreSQL's programs as the servers' user.
func (s *PostgresServer) program(name string, args ...string) {
	s.t.Helper()
	c := exec.Command(filepath.Join(bin(s.t, s.Major), name), args...)
	asServer(s.t, c)
	c.Env = append(os.Environ(), "PGPASSWORD="+pgPassword)
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// configure writes the settings a test server has, and those asked for.
func (s *PostgresServer) configure(settings map[string]string) {
	s.t.Helper()
	s.Port = freePort(s.t)
	s.URL = fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", pgPassword, s.Port)
	all := map[string]string{
		"port": strconv.Itoa(s.Port), "listen_addresses": "127.0.0.1", "unix_socket_directories": s.dir,
		"shared_preload_libraries": "pg_stat_statements", "fsync": "off", "wal_level": "logical", "logging_collector": "off",
	}
	maps.Copy(all, settings)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	s.write("vitals.conf", b.String())
	conf, err := os.ReadFile(filepath.Join(s.data(), "postgresql.conf"))
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(string(conf), "include 'vitals.conf'") {
		s.write("postgresql.conf", string(conf)+"\ninclude 'vitals.conf'\n")
	}
}

func (s *PostgresServer) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.data(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	own(s.t, path)
}

// Start starts the server and waits until it lets somebody in, or, as a
// standby that serves no queries, until it says that it does not.
func (s *PostgresServer) Start() {
	s.t.Helper()
	s.process = &process{
		t: s.t, name: filepath.Join(bin(s.t, s.Major), "postgres"), args: []string{"-D", s.data()}, end: syscall.SIGQUIT,
		ready: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			conn, err := pgx.Connect(ctx, s.URL)
			if err == nil {
				err = conn.Close(ctx)
			}
			if err != nil && strings.Contains(err.Error(), "57P03") && s.quietStandby() {
				return nil
			}
			return err
		},
	}
	s.process.start()
}

// quietStandby tells whether the server is a standby with hot_standby off.
func (s *PostgresServer) quietStandby() bool {
	conf, err := os.ReadFile(filepath.Join(s.data(), "vitals.conf"))
	return err == nil && strings.Contains(string(conf), "hot_standby = 'off'")
}

// Stop ends the server at once, as a crash would.
func (s *PostgresServer) Stop() {
	if s.process != nil {
		s.process.stop()
	}
}

// Log is what the server has printed since it was last started.
func (s *PostgresServer) Log(testing.TB) string { return s.process.out.String() }

// Standby makes a streaming replica of the server and starts it.
func (s *PostgresServer) Standby(t testing.TB, settings map[string]string) *PostgresServer {
	t.Helper()
	r := &PostgresServer{t: t, Major: s.Major, dir: serverDir(t)}
	r.program("pg_basebackup", "-D", r.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
	r.configure(settings)
	r.Start()
	t.Cleanup(r.Stop)
	return r
}
