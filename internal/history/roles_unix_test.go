//go:build unix

package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vitals/checks"
)

func playOnThisSystem(role string, args []string) {
	switch role {
	case "nobody": // tries to record as a user without rights
		if os.Getuid() == 0 {
			if err := syscall.Setuid(65534); err != nil {
				fmt.Println("setuid:", err)
				return
			}
		}
		fmt.Println(tryToRecord(args[0]))
	case "limited": // files may not grow beyond 512 KiB
		limit := syscall.Rlimit{Cur: 512 << 10, Max: 512 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println("setrlimit:", err)
			return
		}
		fmt.Println(recordUntilItFails(args[0]))
	case "full":
		playFull(args[0])
	}
}

// tryToRecord says which kind of error comes back, and where.
func tryToRecord(path string) string {
	db, err := Open(context.Background(), Options{Path: path, BusyTimeout: time.Second})
	if err != nil {
		return fmt.Sprintf("open: %d %v", KindOf(err), err)
	}
	defer db.Close()
	if err := db.Record(context.Background(), []checks.Result{at("database", time.Now())}); err != nil {
		return fmt.Sprintf("record: %d %v", KindOf(err), err)
	}
	return "recorded"
}

func recordUntilItFails(path string) string {
	db, err := Open(context.Background(), Options{Path: path, BusyTimeout: time.Second})
	if err != nil {
		return fmt.Sprintf("open: %d %v", KindOf(err), err)
	}
	defer db.Close()
	for range 10_000 {
		if err := db.Record(context.Background(), []checks.Result{at("database", time.Now())}); err != nil {
			return fmt.Sprintf("record: %d %v", KindOf(err), err)
		}
	}
	return "never failed"
}

// playFull fills the file system that the folder is on, records, makes room
// and records again.
func playFull(folder string) {
	if err := mountSmall(folder); err != nil {
		fmt.Println("mount:", err)
		return
	}
	path, filler := filepath.Join(folder, "history.db"), filepath.Join(folder, "filler")
	fmt.Println("before:", tryToRecord(path))
	fill(filler)
	fmt.Println("full, opening:", tryToRecord(path))
	_ = os.Remove(filler)
	db, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		fmt.Println("open:", err)
		return
	}
	defer db.Close()
	fill(filler)
	record := func() error { return db.Record(context.Background(), []checks.Result{at("database", time.Now())}) }
	err = record()
	for err == nil { // the log may have room yet
		err = record()
	}
	fmt.Println("full, open:", KindOf(err), err)
	_ = os.Remove(filler)
	fmt.Println("room again:", record())
}

func fill(path string) {
	file, err := os.Create(path)
	if err != nil {
		return
	}
	defer file.Close()
	block := []byte(strings.Repeat("x", 4096))
	for err == nil {
		_, err = file.Write(block)
	}
}
