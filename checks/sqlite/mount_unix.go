//go:build linux || darwin

package sqlite

import "syscall"

// onReadOnlyMount tells whether the file system is mounted read-only: the
// first flag on Linux (ST_RDONLY) as on macOS (MNT_RDONLY).
func onReadOnlyMount(path string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(path, &st) == nil && st.Flags&1 != 0
}
