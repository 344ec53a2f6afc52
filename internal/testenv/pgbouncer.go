package testenv

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// PgBouncer is a running PgBouncer in transaction mode before a server.
type PgBouncer struct {
	Addr     string // host:port
	AdminURL string // of its console, as a user that may only look
	process  *process
}

// StartPgBouncer starts one before a server. Its users are the server's
// superuser, and "stats" with the password "stats", which exists only here.
func StartPgBouncer(t testing.TB, pg *PostgresServer) *PgBouncer {
	t.Helper()
	dir, port := serverDir(t), freePort(t)
	user := parse(t, pg.URL).User
	password, _ := user.Password() // none is as good as an empty one
	ini := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
stats_users = stats
pool_mode = transaction
default_pool_size = 3
`, pg.Port, port, filepath.Join(dir, "users.txt"))
	serverFile(t, filepath.Join(dir, "users.txt"), fmt.Sprintf("%q %q\n\"stats\" \"stats\"\n", user.Username(), password))
	serverFile(t, filepath.Join(dir, "pgbouncer.ini"), ini)
	b := &PgBouncer{Addr: local(port)}
	b.AdminURL = fmt.Sprintf("postgres://stats:stats@%s/pgbouncer", b.Addr)
	b.process = &process{
		t: t, name: program("pgbouncer"), args: []string{filepath.Join(dir, "pgbouncer.ini")},
		ready: func() error { return listens(b.Addr) },
	}
	b.process.start()
	t.Cleanup(b.Stop)
	return b
}

// program is a program's path; Debian keeps some servers where an ordinary
// user's PATH does not look.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return filepath.Join("/usr/sbin", name)
}

// Start starts it again after Stop, on the same port.
func (b *PgBouncer) Start() { b.process.t.Helper(); b.process.start() }

// Stop ends it at once. Stopping twice does no harm.
func (b *PgBouncer) Stop() { b.process.stop() }
