package history

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNotADatabase(t *testing.T) {
	garbage := bytes.Repeat([]byte("this was never a database\n"), 1000)
	path := filepath.Join(t.TempDir(), DefaultName)
	if err := os.WriteFile(path, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	db := open(t, Options{Path: path, Warn: func(text string) { warnings = append(warnings, text) }})
	record(t, db, at("database", time.Now()))
	aside := onlyAside(t, path)
	if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, garbage) {
		t.Errorf("the damaged file was changed: %d bytes, %v", len(kept), err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], aside) {
		t.Errorf("warnings: %q; want one that names %s", warnings, aside)
	}
}

// Somebody configured a path where something else lies.
func TestNotADatabaseAndNotOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, bytes.Repeat([]byte("my notes\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Path: path})
	if KindOf(err) != Broken {
		t.Errorf("got %v, want an error that says so", err)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("the file was touched: %v", files)
	}
}

// Damage that shows only when a page deep inside is needed is mended then, by
// whoever meets it: here by two that have the file open.
func TestDamagedInside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vitals.db")
	filled := open(t, Options{Path: path})
	for i := range 300 {
		record(t, filled, at("database", time.UnixMilli(int64(i))))
	}
	bringIn(t, filled)
	warned := 0
	o := Options{Path: path, Warn: func(string) { warned++ }}
	first, second := open(t, o), open(t, o)
	damage(t, path)
	record(t, first, at("database", time.Now()))
	record(t, second, at("redis", time.Now()))
	record(t, second, at("redis", time.Now()))
	onlyAside(t, path)
	recent, err := first.Recent(t.Context(), 10)
	if err != nil || len(recent["database"]) != 1 || len(recent["redis"]) != 2 {
		t.Errorf("the new file holds %v, %v; want what was recorded since", recent, err)
	}
	if warned != 1 {
		t.Errorf("warned %d times, want once", warned)
	}
}

// bringIn closes a history with all of its log in the file.
func bringIn(t *testing.T, db *DB) {
	t.Helper()
	if _, err := db.sql.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites every page but the first, which has the header.
func damage(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size())-4096), 4096); err != nil {
		t.Fatal(err)
	}
}

func onlyAside(t *testing.T, path string) string {
	t.Helper()
	all, err := filepath.Glob(path + ".broken-*")
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, "-wal") && !strings.HasSuffix(f, "-shm") {
			files = append(files, f)
		}
	}
	if err != nil || len(files) != 1 {
		t.Fatalf("moved aside: %v, %v; want one file", files, err)
	}
	return files[0]
}

func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := open(t, Options{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	newer := raw(path, "")
	if _, err := newer.Exec("PRAGMA user_version = 7"); err != nil {
		t.Fatal(err)
	}
	newer.Close()
	_, err := Open(t.Context(), Options{Path: path})
	if KindOf(err) != Newer || !strings.Contains(err.Error(), "written by a newer vitals (schema 7; this one knows") {
		t.Errorf("got %v, want that a newer vitals wrote it", err)
	}
}

func TestAnotherProgramsDatabase(t *testing.T) {
	for _, setup := range []string{
		"CREATE TABLE users (id)",
		"CREATE TABLE users (id); PRAGMA user_version = 1",
		"PRAGMA user_version = 3",
		"PRAGMA user_version = -1; PRAGMA application_id = 1449751660",
		"CREATE TABLE users (id); PRAGMA application_id = 252006673",
	} {
		path := filepath.Join(t.TempDir(), "history.db")
		theirs := raw(path, "")
		if _, err := theirs.Exec(setup); err != nil {
			t.Fatal(err)
		}
		theirs.Close()
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Options{Path: path}); KindOf(err) != Foreign {
			t.Errorf("%s: got %v, want that it belongs to another program", setup, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed (%v)", setup, err)
		}
	}
}

func TestSchemaCountsItsMigrations(t *testing.T) {
	for _, pattern := range []string{"migrations/*.sql", "migrations/postgres/*.sql"} {
		files, err := fs.Glob(migrations, pattern)
		if err != nil || len(files) != schema {
			t.Errorf("%s: %d migrations, %v, and schema = %d", pattern, len(files), err, schema)
		}
		for i, f := range files {
			if !strings.HasPrefix(path.Base(f), fmt.Sprintf("%04d_", i+1)) {
				t.Errorf("migration %d is called %s", i+1, f)
			}
		}
	}
}
