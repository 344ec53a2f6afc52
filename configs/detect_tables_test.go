package configs_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitals/configs"
	"vitals/internal/testenv"
)

func TestInitFindsTheTableOfUsersInSQLite(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "my app.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"pragma journal_mode = wal", "create table profiles (id integer)", "create table users (id integer)", "pragma wal_checkpoint(truncate)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before := listed(t, dir)
	text, cfg := proposed(t, configs.DetectInput{Dir: dir})
	wants(t, text, "  users_table: users\n")
	if cfg.Database.UsersTable != "users" {
		t.Error(cfg.Database.UsersTable)
	}
	if got := listed(t, dir); !slices.Equal(got, append(before, "vitals.yaml")) {
		t.Error("looking left something behind:", got)
	}
}

func listed(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestInitFindsTheTableOfUsersInPostgreSQL(t *testing.T) {
	address := testenv.Postgres(t).NewDatabase(t)
	text, _ := proposed(t, configs.DetectInput{Dir: t.TempDir(), Env: []string{"DATABASE_URL=" + address}})
	wants(t, text, "  #users_table: users\n")

	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "create table auth_user (id int); create table customers (id int)"); err != nil {
		t.Fatal(err)
	}
	text, cfg := proposed(t, configs.DetectInput{Dir: t.TempDir(), Env: []string{"DATABASE_URL=" + address}})
	wants(t, text, "  users_table: auth_user\n")
	if cfg.Database.UsersTable != "auth_user" {
		t.Error(cfg.Database.UsersTable)
	}
}
