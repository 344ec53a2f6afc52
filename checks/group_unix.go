//go:build unix

package checks

import (
	"os"
	"os/exec"
	"syscall"
)

// OwnGroup puts the program and its children into a process group of their
// own, so that they can be ended together.
func OwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// Group is a running program with everything that it started.
type Group struct{ id int }

// NewGroup is called once the program runs. The Group must be closed.
func NewGroup(cmd *exec.Cmd) *Group { return &Group{cmd.Process.Pid} }

// Kill ends all of it at once; what is gone already is no matter.
func (g *Group) Kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// Terminate asks all of it to end.
func (g *Group) Terminate() { _ = syscall.Kill(-g.id, syscall.SIGTERM) }

// Close lets go of what the system keeps for the group.
func (g *Group) Close() {}

// SignalOf names the signal that ended a program, "" for none.
func SignalOf(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return ""
}
