package history

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

// roleVariable makes the test binary play another process: its first word is
// what to do, the others its arguments.
const roleVariable = "HISTORY_TEST_ROLE"

func TestMain(m *testing.M) {
	if words := strings.Split(os.Getenv(roleVariable), "\n"); words[0] != "" {
		play(words[0], words[1:])
		return
	}
	os.Exit(m.Run())
}

// play says on standard output what happened; the test judges.
func play(role string, args []string) {
	switch role {
	case "record": // path, name of its own check, how many times
		times, _ := strconv.Atoi(args[2])
		playRecord(args[0], args[1], times)
	case "lock":
		playLock(args[0])
	default:
		playOnThisSystem(role, args)
	}
}

// playRecord records a shared check and its own, and says the number of each
// round once Record has promised that it is kept. It opens the file again now
// and then, as cron's processes do.
func playRecord(path, own string, times int) {
	for i := range times {
		if i%4 == 0 {
			db, err := Open(context.Background(), Options{Path: path, BusyTimeout: time.Minute, Warn: func(text string) { fmt.Println("warning:", text) }})
			if err != nil {
				fmt.Println("open:", err)
				return
			}
			defer db.Close()
			if !recordRounds(db, own, i, min(i+4, times)) {
				return
			}
			if err := db.Close(); err != nil {
				fmt.Println("close:", err)
			}
		}
	}
	fmt.Println("done")
}

func recordRounds(db *DB, own string, from, to int) bool {
	for i := from; i < to; i++ {
		now := time.Now()
		round := []checks.Result{at("shared", now), at(own, now), at(own+"-second", now)}
		if err := db.Record(context.Background(), round); err != nil {
			fmt.Println("record:", err)
			return false
		}
		fmt.Println(i)
	}
	return true
}

// playLock holds the file for itself until its standard input ends.
func playLock(path string) {
	tx, err := raw(path, "_txlock=exclusive").Begin()
	if err != nil {
		fmt.Println("lock:", err)
		return
	}
	fmt.Println("locked")
	_, _ = bufio.NewReader(os.Stdin).ReadString(0)
	_ = tx.Rollback()
}

// process is the test binary in a role.
func process(t testing.TB, words ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"="+strings.Join(words, "\n"))
	cmd.Stderr = os.Stderr
	return cmd
}

// output runs a process to its end and returns what it said.
func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	text, err := cmd.Output()
	if err != nil {
		t.Errorf("the other process failed: %v", err)
	}
	return strings.TrimSpace(string(text))
}
