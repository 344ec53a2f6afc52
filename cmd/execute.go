package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"sync"
	"time"

	"vitals/checks"
	"vitals/schedule"
)

// stopPatience is how long a program may take to end once it was asked to.
const stopPatience = 10 * time.Second

// program is something to be run as a job.
type program struct {
	args []string
	dir  string
	env  []string
	in   io.Reader // nil for nothing
	out  io.Writer // nil for nowhere
	err  io.Writer // nil for nowhere
}

// run runs the program to its end, or until ctx ends: then it is asked to stop
// with all it started, and ended ten seconds later.
func (p program) run(ctx context.Context) schedule.Ending {
	spoken := &lastBytes{most: schedule.OutputLimit}
	c := exec.Command(p.args[0], p.args[1:]...)
	c.Dir, c.Env, c.Stdin = p.dir, p.env, p.in
	c.Stdout, c.Stderr = both(p.out, spoken), both(p.err, spoken)
	c.WaitDelay = time.Second // for children that hold the output open
	checks.OwnGroup(c)
	if err := c.Start(); err != nil {
		return notStarted(p.args[0], err)
	}
	group := checks.NewGroup(c)
	defer group.Close()
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	stopped := false
	select {
	case <-done:
	case <-ctx.Done():
		stopped = true
		group.Terminate()
		select {
		case <-done:
		case <-time.After(stopPatience):
			group.Kill()
			<-done
		}
	}
	return endingOf(ctx, c, spoken.String(), stopped)
}

func both(a io.Writer, b io.Writer) io.Writer {
	if a == nil {
		return b
	}
	return io.MultiWriter(a, b)
}

// The exit codes that a shell gives where a program did not start.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

func notStarted(name string, err error) schedule.Ending {
	code := exitNotExecutable
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = exitNotFound
	}
	return schedule.Ending{Outcome: schedule.Failed, ExitCode: &code, Summary: fmt.Sprintf("%s could not be started: %v", name, errors.Unwrap(err))}
}

func endingOf(ctx context.Context, c *exec.Cmd, output string, stopped bool) schedule.Ending {
	e := schedule.Ending{Outcome: schedule.Succeeded, Output: output}
	code, signal := c.ProcessState.ExitCode(), checks.SignalOf(c.ProcessState)
	if code >= 0 {
		e.ExitCode = &code
	}
	switch {
	case stopped && errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Outcome = schedule.TimedOut // the schedule says how long it had
	case stopped:
		e.Outcome = schedule.Failed
	case signal != "":
		e.Outcome, e.Summary = schedule.Failed, "was ended by "+signal
	case code != 0:
		e.Outcome, e.Summary = schedule.Failed, fmt.Sprintf("ended with exit code %d", code)
		if last := lastLine(output); last != "" {
			e.Summary += ": " + last
		}
	}
	return e
}

// lastLine is the last line of a text that says anything, cut to a line of a
// terminal.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := []rune(strings.TrimSpace(lines[len(lines)-1]))
	if len(last) > 120 {
		last = append(last[:119], '…')
	}
	return string(last)
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	most int

	mu  sync.Mutex
	buf bytes.Buffer
}

// Write never fails.
func (l *lastBytes) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p[max(0, len(p)-2*l.most):])
	if l.buf.Len() > 4*l.most { // seldom, so that a byte is moved a few times at most
		l.buf.Next(l.buf.Len() - 2*l.most)
	}
	return len(p), nil
}

// String is the end, somewhat more of it than is kept in the end: what keeps
// it cuts at a line.
func (l *lastBytes) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.buf.Bytes()
	return string(all[max(0, len(all)-2*l.most):])
}
