//go:build !linux

package host

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

func listProcesses(ctx context.Context, _ string) ([]int32, error) {
	return process.PidsWithContext(ctx)
}

func processesAreHidden(string) bool { return false }

func processExists(ctx context.Context, _ string, pid int32) error {
	exists, err := process.PidExistsWithContext(ctx, pid)
	if err == nil && !exists {
		return errNoProcess
	}
	return err
}

func processWords(ctx context.Context, _ string, pid int32) (name, line string, err error) {
	p := &process.Process{Pid: pid}
	if name, err = p.NameWithContext(ctx); err != nil {
		return "", "", unseen(err)
	}
	line, _ = p.CmdlineWithContext(ctx) // not readable: the name has to do
	return filepath.Base(name), line, nil
}

// unseen keeps apart what may not be seen and what is no longer there. The
// system's own processes on macOS and Windows may be seen by nobody: they are
// not what is looked for.
func unseen(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return errors.New("not to be seen")
	}
	return err
}

func readProcess(ctx context.Context, _ string, pid int32, _ userNames) (found, error) {
	p := &process.Process{Pid: pid}
	f := found{pid: pid}
	name, err := p.NameWithContext(ctx)
	if err != nil {
		return f, err
	}
	f.name = filepath.Base(name)
	if parent, err := p.PpidWithContext(ctx); err == nil {
		f.parent = parent
	}
	if user, err := p.UsernameWithContext(ctx); err == nil {
		f.user = user
	}
	if states, err := p.StatusWithContext(ctx); err == nil && len(states) > 0 {
		f.state = stateWord(states[0])
	}
	if m, err := p.MemoryInfoWithContext(ctx); err == nil {
		f.rss, f.vms = int64(m.RSS), int64(m.VMS)
	}
	if n, err := p.NumThreadsWithContext(ctx); err == nil {
		f.threads = int64(n)
	}
	if n, err := p.NumFDsWithContext(ctx); err == nil {
		f.open = int64(n)
	}
	if began, err := p.CreateTimeWithContext(ctx); err == nil {
		f.began, f.started = began, time.UnixMilli(began)
	}
	if t, err := p.TimesWithContext(ctx); err == nil {
		f.cpuSeconds = t.User + t.System
	}
	return f, nil
}

func stateWord(state string) string {
	switch state {
	case process.Zombie:
		return stateZombie
	case process.Stop:
		return stateStopped
	case process.Sleep:
		return "sleeping"
	}
	return state
}
