package checks

import (
	"os"
	"os/exec"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// OwnGroup does nothing here: the Group is made once the program runs.
func OwnGroup(*exec.Cmd) {}

// Group is a running program with everything that it started: a job object,
// which Windows ends as a whole. Where none can be had, the program alone is
// ended.
type Group struct {
	process *os.Process
	mu      sync.Mutex
	job     windows.Handle // 0 for none, or no longer
}

// NewGroup is called once the program runs. The Group must be closed.
func NewGroup(cmd *exec.Cmd) *Group {
	g := &Group{process: cmd.Process}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return g
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = assign(job, uint32(cmd.Process.Pid))
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return g
	}
	g.job = job
	return g
}

func assign(job windows.Handle, pid uint32) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(process) }()
	return windows.AssignProcessToJobObject(job, process)
}

// Kill ends all of it at once; what is gone already is no matter.
func (g *Group) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.TerminateJobObject(g.job, 1)
		return
	}
	_ = g.process.Kill()
}

// Terminate ends all of it: Windows knows no way to ask.
func (g *Group) Terminate() { g.Kill() }

// Close lets go of what the system keeps for the group.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
		g.job = 0
	}
}

// SignalOf is always "": Windows has no signals.
func SignalOf(*os.ProcessState) string { return "" }
