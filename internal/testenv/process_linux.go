package testenv

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// asServer makes a command run as the servers' user, and sends it a signal
// when the test dies, even when it is killed.
func asServer(t testing.TB, c *exec.Cmd, end syscall.Signal) {
	t.Helper()
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: end}
	if os.Getuid() == 0 {
		uid, gid := serverUser(t)
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}
