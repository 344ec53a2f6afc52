package host

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// listMounts reads the mounts that this process sees.
func listMounts(_ context.Context, root string) ([]mount, error) {
	text, err := os.ReadFile(root + "/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var list []mount
	for line := range strings.Lines(string(text)) {
		if m, ok := parseMount(strings.TrimRight(line, "\n")); ok {
			list = append(list, m)
		}
	}
	return list, nil
}

// parseMount reads a line such as
//
//	36 35 98:0 /sub /mnt rw,noatime master:1 - ext4 /dev/sda1 rw,errors=remount-ro
//
// (proc_pid_mountinfo(5)): the options before the dash are the mount's, those
// at the end the file system's. After an error, ext4 and others make the file
// system read-only and leave the mount as it was; ext4 of Linux 6.13 says
// emergency_ro.
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	fields, tail := strings.Split(before, " "), strings.Split(after, " ")
	if !ok || len(fields) < 6 || len(tail) < 3 {
		return mount{}, false
	}
	options, whole := strings.Split(fields[5], ","), strings.Split(tail[2], ",")
	m := mount{
		path: unescape(fields[4]), device: unescape(tail[1]), kind: tail[0], volume: fields[2],
		part: fields[3] != "/", readOnly: slices.Contains(whole, "ro") || slices.Contains(whole, "emergency_ro"),
	}
	m.turnedReadOnly = m.readOnly && !slices.Contains(options, "ro") && strings.HasPrefix(m.device, "/dev/")
	return m, true
}

// unescape undoes the octal escapes of blanks, tabs, line ends and backslashes.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// readSpace asks the file system that a folder is on. It hangs for as long as
// the file system does.
func readSpace(path string) (space, error) {
	info, err := os.Stat(path)
	if err != nil {
		return space{}, err
	}
	if !info.IsDir() {
		return space{}, syscall.ENOTDIR
	}
	var st unix.Statfs_t
	for {
		if err = unix.Statfs(path, &st); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return space{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	unit := st.Frsize
	if unit <= 0 {
		unit = st.Bsize
	}
	return space{
		size: int64(st.Blocks) * unit, used: int64(st.Blocks-st.Bfree) * unit, available: max(0, int64(st.Bavail)) * unit,
		inodes: int64(st.Files), inodesFree: int64(st.Ffree),
	}, nil
}
