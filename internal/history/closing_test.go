package history

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
)

// Closing leaves a short log as it is, for whoever comes next, and brings in a
// long one. It rests on something the driver does not promise.
func TestClosingKeepsAShortLog(t *testing.T) {
	db := open(t, Options{})
	record(t, db, at("database", time.Now()))
	if !keepLogOnClose(t.Context(), db.sql) {
		t.Fatal("the driver's connection has changed: closing brings in the log every time and takes several times as long")
	}
	before, err := os.Stat(db.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if log, err := os.Stat(db.path + "-wal"); err != nil || log.Size() == 0 {
		t.Errorf("the log is gone: %v", err)
	}
	if after, err := os.Stat(db.path); err != nil || after.Size() != before.Size() {
		t.Errorf("the file has grown from %d to %d: the log was brought in", before.Size(), after.Size())
	}

	again := open(t, Options{Path: db.path})
	for i := range 100 {
		record(t, again, at("database", time.UnixMilli(int64(i))))
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a long log was left behind: %v", err)
	}
	recent, err := open(t, Options{Path: db.path}).Recent(t.Context(), 1000)
	if err != nil || len(recent["database"]) != 101 {
		t.Errorf("%d results, %v; want 101", len(recent["database"]), err)
	}
}
