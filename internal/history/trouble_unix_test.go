//go:build unix

package history

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadOnlyFolder(t *testing.T) {
	for _, name := range []string{"with a history", "without"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
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
