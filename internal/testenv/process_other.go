//go:build !linux

package testenv

import (
	"os/exec"
	"syscall"
	"testing"
)

// asServer leaves the command as it is: only Linux can tie a child's life to
// its parent's.
func asServer(testing.TB, *exec.Cmd, syscall.Signal) {}
