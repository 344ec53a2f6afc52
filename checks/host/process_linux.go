package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func listProcesses(_ context.Context, root string) ([]int32, error) {
	d, err := os.Open(root + "/proc")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var list []int32
	for _, name := range names {
		if pid, err := strconv.ParseInt(name, 10, 32); err == nil {
			list = append(list, int32(pid))
		}
	}
	return list, nil
}

// processesAreHidden tells whether /proc shows only this user's own processes
// (mounted with hidepid=invisible): the first process always runs.
func processesAreHidden(root string) bool {
	_, err := os.Stat(root + "/proc/1")
	return err != nil
}

// processExists returns errNoProcess where there is none, and fs.ErrPermission
// where there is one that is hidden.
func processExists(_ context.Context, root string, pid int32) error {
	_, err := os.Stat(folderOf(root, pid))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if root == "" && errors.Is(unix.Kill(int(pid), 0), unix.EPERM) {
		return fs.ErrPermission
	}
	return errNoProcess
}

func folderOf(root string, pid int32) string { return fmt.Sprintf("%s/proc/%d", root, pid) }

// processWords returns a process's name and its command line, which the
// kernel's own have not.
func processWords(_ context.Context, root string, pid int32) (name, line string, err error) {
	dir := folderOf(root, pid)
	comm, err := os.ReadFile(dir + "/comm")
	if err != nil {
		return "", "", err
	}
	arguments, err := os.ReadFile(dir + "/cmdline")
	if err != nil {
		return "", "", err
	}
	return fullName(strings.TrimSuffix(string(comm), "\n"), arguments), string(bytes.ReplaceAll(bytes.TrimRight(arguments, "\x00"), []byte{0}, []byte{' '})), nil
}

// fullName is the name that the kernel keeps, which it cuts short; the
// rest is in the first argument.
func fullName(comm string, arguments []byte) string {
	if len(comm) < nameKept {
		return comm
	}
	first, _, _ := bytes.Cut(arguments, []byte{0})
	if base := path.Base(string(first)); strings.HasPrefix(base, comm) {
		return base
	}
	return comm
}

// readProcess reads /proc/PID/stat (proc_pid_stat(5)) and what is beside it.
func readProcess(_ context.Context, root string, pid int32, users userNames) (found, error) {
	dir := folderOf(root, pid)
	text, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return found{}, err
	}
	// The name is in brackets and may hold anything, brackets too.
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return found{}, fmt.Errorf("%s/stat cannot be understood", dir)
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 22 {
		return found{}, fmt.Errorf("%s/stat cannot be understood", dir)
	}
	n, err := numbers(fields[1:22]) // the first is the state
	if err != nil {
		return found{}, fmt.Errorf("%s/stat cannot be understood: %w", dir, err)
	}
	arguments, _ := os.ReadFile(dir + "/cmdline") // only for a long name
	f := found{
		pid: pid, parent: int32(n[0]), name: fullName(string(text[open+1:end]), arguments), state: stateWord(fields[0]),
		cpuSeconds: (n[10] + n[11]) / ticks, threads: int64(n[16]), began: int64(n[18]),
		vms: int64(n[19]), rss: int64(n[20]) * int64(os.Getpagesize()),
	}
	f.started = startTime(n[18])
	uid, resident := status(dir)
	f.user = users.of(uid)
	if resident > 0 {
		f.rss = resident
	}
	if files, ok := openFiles(dir + "/fd"); ok {
		f.open = files
	}
	return f, nil
}

// stateWord puts a word to the kernel's letter.
func stateWord(letter string) string {
	switch letter {
	case "R":
		return "running"
	case "S":
		return "sleeping"
	case "D":
		return "waiting for a disk"
	case "Z", "X":
		return stateZombie
	case "T", "t":
		return stateStopped
	case "I":
		return "idle"
	}
	return letter
}

// startTime is when a process began, from its ticks since the machine started.
func startTime(began float64) time.Time {
	var up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		return time.Time{}
	}
	ago := time.Duration(up.Nano()) - time.Duration(began/ticks*float64(time.Second))
	return time.Now().Add(-ago).Round(time.Second / ticks)
}

// status reads the number of the user whose rights a process has, and its
// resident size, which is not exact in /proc/PID/stat; "" and 0 where they are
// not told.
func status(dir string) (uid string, resident int64) {
	text, err := os.ReadFile(dir + "/status")
	if err != nil {
		return "", 0
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		words := strings.Fields(rest)
		switch {
		case name == "Uid" && len(words) > 1:
			uid = words[1] // real, effective, saved, file system
		case name == "VmRSS" && len(words) > 0:
			if n, err := strconv.ParseInt(words[0], 10, 64); err == nil {
				resident = n << 10
			}
		}
	}
	return uid, resident
}

// openFiles counts the files a process has open; false where only root and its
// own user may.
func openFiles(dir string) (int64, bool) {
	// Linux 6.2 and later tell the number without listing it.
	if info, err := os.Stat(dir); err == nil && info.Size() > 0 {
		return info.Size(), true
	}
	d, err := os.Open(dir)
	if err != nil {
		return 0, false
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	return int64(len(names)), err == nil
}
