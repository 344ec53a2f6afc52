//go:build unix

package notify

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts the program and its children into a process group of their
// own, so that they can be ended together.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// group is a running program with everything that it started.
type group struct{ id int }

func newGroup(cmd *exec.Cmd) *group { return &group{cmd.Process.Pid} }

// kill ends all of it at once; what is gone already is no matter.
func (g *group) kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

func (g *group) close() {}

// signalOf names the signal that ended a program, "" for none.
func signalOf(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return ""
}
