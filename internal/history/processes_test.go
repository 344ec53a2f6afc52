package history

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vitals/checks"
)

// raw opens a database beside the package, as another program would.
func raw(path, settings string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?"+settings)
	if err != nil {
		panic(err)
	}
	return db
}

// Eight processes, which also all try to create the file, lose nothing of each
// other's.
func TestManyProcesses(t *testing.T) {
	const processes, rounds = 8, 25
	path := filepath.Join(t.TempDir(), "new", "history.db")
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			said := output(t, process(t, "record", path, fmt.Sprintf("own-%d", i), fmt.Sprint(rounds)))
			if !strings.HasSuffix(said, "done") || strings.Contains(said, ":") {
				t.Errorf("process %d said: %s", i, said)
			}
		})
	}
	wg.Wait()
	recent, err := open(t, Options{Path: path}).Recent(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(recent["shared"]); n != processes*rounds {
		t.Errorf("the check that all recorded has %d results, want %d", n, processes*rounds)
	}
	for i := range processes {
		if n := len(recent[fmt.Sprintf("own-%d", i)]); n != rounds {
			t.Errorf("process %d's own check has %d results, want %d", i, n, rounds)
		}
	}
	whole(t, path)
}

// A process killed at any moment leaves what it was promised, and nothing
// that is half of something.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	promised := 0
	for round := range 12 {
		cmd := process(t, "record", path, "own", "1000000")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		if !lines.Scan() {
			t.Fatalf("round %d: the process said nothing", round)
		}
		time.AfterFunc(time.Duration(rand.IntN(40_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		said := []string{lines.Text()}
		for lines.Scan() {
			said = append(said, lines.Text())
		}
		_ = cmd.Wait() // it was killed
		for _, line := range said {
			if strings.Contains(line, ":") {
				t.Fatalf("round %d: the process said: %s", round, line)
			}
		}
		promised += len(said)
	}
	kept := whole(t, path)
	if kept < promised || kept > promised+12 {
		t.Errorf("%d rounds were promised and %d kept; want at most one more for each kill", promised, kept)
	}
}

// whole checks that the file is sound and holds whole transactions of
// playRecord only, and returns how many.
func whole(t *testing.T, path string) int {
	t.Helper()
	sound(t, path)
	shared := count(t, path, "SELECT count(*) FROM results JOIN checks ON id = check_id WHERE name = 'shared'")
	if all := count(t, path, "SELECT count(*) FROM results"); all != 3*shared {
		t.Errorf("%d results of which %d are of the shared check, want a third", all, shared)
	}
	// Each result has its own sample and three that every result has.
	if samples := count(t, path, "SELECT count(*) FROM samples"); samples != 3*4*shared {
		t.Errorf("%d samples of %d rounds, want 12 of each", samples, shared)
	}
	return shared
}

func sound(t *testing.T, path string) {
	t.Helper()
	db := raw(path, "")
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("integrity: %s, %v", verdict, err)
	}
	if orphans := count(t, path, "SELECT count(*) FROM samples WHERE series_id NOT IN (SELECT id FROM series)"); orphans != 0 {
		t.Errorf("%d samples belong to no series", orphans)
	}
}

func count(t *testing.T, path, query string) (n int) {
	t.Helper()
	db := raw(path, "")
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	db := open(t, Options{Path: path, BusyTimeout: 100 * time.Millisecond})
	release := holdLock(t, path)
	started := time.Now()
	err := db.Record(t.Context(), []checks.Result{at("database", started)})
	took := time.Since(started)
	if KindOf(err) != Locked {
		t.Errorf("got %v, want an error that says locked", err)
	}
	if took < 80*time.Millisecond || took > time.Second {
		t.Errorf("gave up after %v, want the busy timeout of 100ms", took)
	}
	release()
	record(t, db, at("database", started))
}

// Whoever interrupts a command does not wait out the busy timeout.
func TestInterruptedWhileLocked(t *testing.T) {
	db := open(t, Options{BusyTimeout: time.Minute})
	release := holdLock(t, db.path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := db.Record(ctx, []checks.Result{at("database", time.Now())})
	if KindOf(err) != Interrupted {
		t.Errorf("got %v, want an interruption", err)
	}
	release()
	record(t, db, at("database", time.Now()))
}

// A file that is locked before it has become a history.
func TestLockedFromTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	holdLock(t, path)
	_, err := Open(t.Context(), Options{Path: path, BusyTimeout: 50 * time.Millisecond})
	if KindOf(err) != Locked {
		t.Errorf("got %v, want an error that says locked", err)
	}
}

// holdLock has another process lock the file until release is called.
func holdLock(t *testing.T, path string) (release func()) {
	t.Helper()
	cmd := process(t, "lock", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { stdin.Close(); waitFor(t, cmd, stdout) })
	t.Cleanup(release)
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return release
}

func waitFor(t *testing.T, cmd *exec.Cmd, stdout io.Reader) {
	rest, _ := io.ReadAll(stdout) // an error shows in what Wait says
	if err := cmd.Wait(); err != nil || len(bytes.TrimSpace(rest)) > 0 {
		t.Errorf("the other process ended with %v and said %q", err, rest)
	}
}

// What others lose by it when one goroutine or handle works beside another in
// the same process: nothing.
func TestTwoInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	dbs := []*DB{open(t, Options{Path: path}), open(t, Options{Path: path})}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if err := dbs[i%2].Record(t.Context(), []checks.Result{at("shared", time.Now())}); err != nil {
					t.Error(err)
				}
				if _, err := dbs[(i+1)%2].Recent(t.Context(), 5, "shared"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	recent, err := dbs[0].Recent(t.Context(), 1000, "shared")
	if err != nil || len(recent["shared"]) != 80 {
		t.Errorf("%d results, %v; want 80", len(recent["shared"]), err)
	}
}

func TestAFileTakenAway(t *testing.T) {
	db := open(t, Options{})
	record(t, db, at("database", time.Now()))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(db.path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	record(t, db, at("redis", time.Now()))
	recent, err := open(t, Options{Path: db.path}).Recent(t.Context(), 5)
	if err != nil || len(recent["redis"]) != 1 || len(recent) != 1 {
		t.Errorf("got %v, %v; want the new file to hold the new result", recent, err)
	}
}
