package testenv

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions say what a private server is to be like.
type PostgresOptions struct {
	Major    int               // 13 to 18; 0 = as the shared server
	Settings map[string]string // for postgresql.conf
	HBA      []string          // lines that come before the usual ones in pg_hba.conf
}

// StartPostgres starts a server of the test's own, with the superuser of URL
// and the password by scram-sha-256 over TCP, and pg_stat_statements loaded.
func StartPostgres(t testing.TB, o PostgresOptions) *PostgresServer {
	t.Helper()
	s := newPostgres(t, o.Major)
	s.copy(s.template)
	usual := []string{"host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"}
	serverFile(t, filepath.Join(s.data(), "pg_hba.conf"), strings.Join(append(slices.Clone(o.HBA), usual...), "\n")+"\n")
	s.configure(o.Settings)
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// newPostgres is a server that has a folder and programs, but no data yet.
func newPostgres(t testing.TB, major int) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, Major: major, Port: freePort(t), dir: serverDir(t)}
	s.URL = fmt.Sprintf("postgres://postgres:%s@%s/postgres?sslmode=disable", pgPassword, local(s.Port))
	shared := variable(t, "VITALS_TEST_POSTGRES_MAJOR")
	if major == 0 || shared == strconv.Itoa(major) {
		s.Major, _ = strconv.Atoi(shared) // Postgres has said so where it is no number
		s.bin, s.template = variable(t, "VITALS_TEST_POSTGRES_BIN"), variable(t, "VITALS_TEST_POSTGRES_TEMPLATE")
		return s
	}
	out, err := services("programs", "--major", strconv.Itoa(major))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out, "\n") // the programs of the other servers follow
	if len(lines) < 2 {
		t.Fatalf("scripts/services programs printed %q: its first two lines are to be PostgreSQL's programs and an empty data folder", out)
	}
	s.bin, s.template = lines[0], lines[1]
	return s
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

// copy makes the data folder a copy of another.
func (s *PostgresServer) copy(from string) {
	s.t.Helper()
	c := exec.Command("cp", "-a", from, s.data())
	asServer(s.t, c, syscall.SIGKILL)
	out, err := c.CombinedOutput()
	// Files of a running server may vanish while they are copied; it does not
	// need them.
	if err != nil && !onlyVanished(string(out)) {
		s.t.Fatalf("cp -a %s: %v\n%s", from, err, out)
	}
}

func onlyVanished(output string) bool {
	for line := range strings.Lines(output) {
		if !strings.Contains(line, "No such file or directory") {
			return false
		}
	}
	return output != ""
}

// configure writes the settings that every test server has, and those asked
// for.
func (s *PostgresServer) configure(settings map[string]string) {
	s.t.Helper()
	all := map[string]string{
		"port": strconv.Itoa(s.Port), "listen_addresses": "127.0.0.1", "unix_socket_directories": s.dir,
		"shared_preload_libraries": "pg_stat_statements", "fsync": "off", "wal_level": "logical", "logging_collector": "off",
		"wal_keep_size": "256MB",
	}
	maps.Copy(all, settings)
	s.quiet = all["hot_standby"] == "off"
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	conf, err := os.ReadFile(filepath.Join(s.template, "postgresql.conf"))
	if err != nil {
		s.t.Fatal(err)
	}
	serverFile(s.t, filepath.Join(s.data(), "postgresql.conf"), string(conf)+"\n"+b.String())
}

// Start starts the server, again after Stop on the same port, and waits until
// it lets somebody in, or, as a standby that serves no queries, until it says
// that it does not.
func (s *PostgresServer) Start() {
	s.t.Helper()
	s.process = &process{
		// SIGQUIT is PostgreSQL's immediate shutdown: like a crash, but it
		// leaves no shared memory behind.
		t: s.t, name: filepath.Join(s.bin, "postgres"), args: []string{"-D", s.data()}, end: syscall.SIGQUIT,
		ready: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			conn, err := pgx.Connect(ctx, s.URL)
			if err != nil {
				return s.readyAnyway(err)
			}
			return conn.Close(ctx)
		},
	}
	s.process.start()
}

// readyAnyway takes the answers of a server that is up and lets nobody in.
func (s *PostgresServer) readyAnyway(err error) error {
	text := err.Error()
	if strings.Contains(text, "57P03") && s.quiet || strings.Contains(text, "28000") || strings.Contains(text, "28P01") || strings.Contains(text, "53300") {
		return nil
	}
	return err
}

// Stop ends the server at once, as a crash would. Stopping twice does no harm.
func (s *PostgresServer) Stop() {
	if s.process != nil {
		s.process.stop()
	}
}

// Log is what the server has printed since it was last started.
func (s *PostgresServer) Log(t testing.TB) string {
	t.Helper()
	if s.process == nil {
		t.Fatal("the shared server's log is not for tests: start one with StartPostgres")
	}
	return s.process.out.String()
}
