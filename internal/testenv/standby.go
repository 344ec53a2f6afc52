package testenv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby makes a streaming replica of the server and starts it. Its settings
// begin anew: they are not the primary's.
//
// The copy is made by hand, since only Debian's PostgreSQL comes with
// pg_basebackup.
func (s *PostgresServer) Standby(t testing.TB, settings map[string]string) *PostgresServer {
	t.Helper()
	if s.process == nil {
		t.Fatal("the shared server gets no standby: start a server with StartPostgres")
	}
	r := newPostgres(t, s.Major)
	label := s.backup(t, r)
	for _, name := range []string{"postmaster.pid", "postmaster.opts"} {
		if err := os.Remove(filepath.Join(r.data(), name)); err != nil {
			t.Fatal(err)
		}
	}
	serverFile(t, filepath.Join(r.data(), "backup_label"), label)
	serverFile(t, filepath.Join(r.data(), "standby.signal"), "")
	auto := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%d user=postgres password=%s sslmode=disable application_name=standby'\n", s.Port, pgPassword)
	serverFile(t, filepath.Join(r.data(), "postgresql.auto.conf"), auto)
	r.configure(settings)
	r.Start()
	t.Cleanup(r.Stop)
	return r
}

// backup copies the running server's data and returns the label that a copy
// starts from.
func (s *PostgresServer) backup(t testing.TB, to *PostgresServer) string {
	t.Helper()
	start, stop := "pg_backup_start('standby', true)", "pg_backup_stop(false)"
	if s.Major < 15 {
		start, stop = "pg_start_backup('standby', true, false)", "pg_stop_backup(false, false)"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT "+start); err != nil {
		t.Fatal(err)
	}
	to.copy(s.data())
	var label string
	if err := conn.QueryRow(ctx, "SELECT labelfile FROM "+stop).Scan(&label); err != nil {
		t.Fatal(err)
	}
	return label
}
