package testenv

import (
	"fmt"
	"os"
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
	users := fmt.Sprintf("\"postgres\" \"%s\"\n\"stats\" \"stats\"\n", pgPassword)
	ini := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s/users.txt
stats_users = stats
pool_mode = transaction
default_pool_size = 3
`, pg.Port, port, dir)
	for name, text := range map[string]string{"users.txt": users, "pgbouncer.ini": ini} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		own(t, path)
	}
	b := &PgBouncer{Addr: fmt.Sprintf("127.0.0.1:%d", port)}
	b.AdminURL = fmt.Sprintf("postgres://stats:stats@%s/pgbouncer", b.Addr)
	b.process = &process{
		t: t, name: "/usr/sbin/pgbouncer", args: []string{filepath.Join(dir, "pgbouncer.ini")},
		ready: func() error { return listens(b.Addr) },
	}
	b.process.start()
	t.Cleanup(b.Stop)
	return b
}

// Stop ends it at once.
func (b *PgBouncer) Stop() { b.process.stop() }
