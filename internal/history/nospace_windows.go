package history

import (
	"errors"
	"syscall"
)

// isNoSpace knows ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}
