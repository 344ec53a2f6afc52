//go:build unix

package host

import (
	"errors"
	"syscall"
)

func isNoSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }

func isQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }
