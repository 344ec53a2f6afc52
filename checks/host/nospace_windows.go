package host

import (
	"errors"
	"syscall"
)

// Windows' numbers for a full disk.
const (
	errHandleDiskFull = syscall.Errno(39)
	errDiskFull       = syscall.Errno(112)
	errDiskQuota      = syscall.Errno(1295)
)

func isNoSpace(err error) bool {
	return errors.Is(err, errHandleDiskFull) || errors.Is(err, errDiskFull)
}

func isQuota(err error) bool { return errors.Is(err, errDiskQuota) }
