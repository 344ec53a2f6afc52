//go:build unix

package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// publicDir is a folder that a user without rights can reach.
func publicDir(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestReadOnlyFolder(t *testing.T) {
	for _, name := range []string{"with a history", "without"} {
		t.Run(name, func(t *testing.T) {
			folder := publicDir(t)
			path := filepath.Join(folder, "history.db")
			if name == "with a history" {
				db := open(t, Options{Path: path})
				record(t, db, at("database", time.Now()))
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				for _, suffix := range []string{"", "-wal", "-shm"} {
					if err := os.Chmod(path+suffix, 0o444); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := os.Chmod(folder, 0o555); err != nil {
				t.Fatal(err)
			}
			said := output(t, process(t, "nobody", path))
			if !strings.Contains(said, fmt.Sprintf(": %d %s cannot be written", ReadOnly, path)) {
				t.Errorf("said %q, want that %s cannot be written", said, path)
			}
			if err := os.Chmod(folder, 0o755); err != nil { // to be removed
				t.Fatal(err)
			}
		})
	}
}

func TestBrokenInAReadOnlyFolder(t *testing.T) {
	folder := publicDir(t)
	path := filepath.Join(folder, DefaultName)
	garbage := []byte(strings.Repeat("this was never a database\n", 1000))
	if err := errors.Join(os.WriteFile(path, garbage, 0o444), os.Chmod(folder, 0o555)); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o755)
	said := output(t, process(t, "nobody", path))
	if !strings.HasPrefix(said, fmt.Sprintf("open: %d %s is damaged or not a database", Broken, path)) || !strings.Contains(said, "could not be moved aside") {
		t.Errorf("said %q, want that it is damaged and could not be moved", said)
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != string(garbage) {
		t.Errorf("the file was changed (%v)", err)
	}
}

// A link leads to the one history, whichever name it is opened by.
func TestLink(t *testing.T) {
	folder := t.TempDir()
	real, link := filepath.Join(folder, "disk", "history.db"), filepath.Join(folder, "history.db")
	record(t, open(t, Options{Path: real}), at("database", time.Now()))
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	db := open(t, Options{Path: link})
	record(t, db, at("database", time.Now()))
	recent, err := db.Recent(t.Context(), 5, "database")
	if size, sizeErr := db.Size(t.Context()); err != nil || len(recent["database"]) != 2 || sizeErr != nil || size < 2*4096 {
		t.Errorf("got %v, %v and a size of %d, %v", recent, err, size, sizeErr)
	}
}

// A limit on the size of files stands for quotas and failing disks.
func TestFileSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	said := output(t, process(t, "limited", path))
	if !strings.HasPrefix(said, fmt.Sprintf("record: %d the disk refused", Disk)) {
		t.Errorf("said %q, want that the disk refused", said)
	}
	db := open(t, Options{Path: path})
	record(t, db, at("database", time.Now()))
	recent, err := db.Recent(t.Context(), 10_000)
	if err != nil || len(recent["database"]) < 10 {
		t.Errorf("%d results, %v; want those from before the limit", len(recent["database"]), err)
	}
}

func TestFullDisk(t *testing.T) {
	cmd := process(t, "full", t.TempDir())
	cmd.SysProcAttr = ownMounts(os.Getuid(), os.Getgid())
	said, err := cmd.Output()
	if err != nil || strings.HasPrefix(string(said), "mount:") {
		// Some containers allow no mounts; TestFileSizeLimit covers the rest.
		t.Logf("a full disk cannot be had here: %v %s", err, said)
		return
	}
	full := fmt.Sprintf("%d the disk that holds ", Full)
	want := []string{"before: recorded", "full, opening: ", "full, open: " + full, "room again: <nil>"}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) != len(want) {
		t.Fatalf("said:\n%s", said)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("said %q, want %q", line, want[i])
		}
	}
	if !strings.Contains(lines[1], full) {
		t.Errorf("said %q, want that the disk is full", lines[1])
	}
}
