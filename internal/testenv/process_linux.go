package testenv

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// asServer makes a command run as the servers' user, and die with the test
// even when the test is killed.
func asServer(t testing.TB, c *exec.Cmd) {
	t.Helper()
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		uid, gid := serverUser(t)
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}
