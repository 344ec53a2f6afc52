package testenv

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a server of a test that can be stopped and started again.
type process struct {
	t      testing.TB
	name   string
	args   []string
	ready  func() error   // nil once the server answers
	end    syscall.Signal // what makes it end at once; 0 means SIGKILL
	cmd    *exec.Cmd
	exited chan struct{}
	out    lockedBuffer
}

// start runs the server and waits until it answers.
func (p *process) start() {
	p.t.Helper()
	if p.end == 0 {
		p.end = syscall.SIGKILL
	}
	p.cmd = exec.Command(p.name, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	asServer(p.t, p.cmd, p.end)
	p.exited = make(chan struct{})
	started := make(chan error)
	go func() {
		// The kernel ends a child when the *thread* that made it ends, so the
		// thread stays here for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended is the test's business
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	if err := p.wait(); err != nil {
		p.stop()
		p.t.Fatalf("%s did not come up: %v\n%s", p.name, err, p.out.String())
	}
}

func (p *process) wait() error {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if err = p.ready(); err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("it ended at once: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return err
}

func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stop ends the server at once and waits until it is gone.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(p.end) // it may be gone already
	select {
	case <-p.exited:
		return
	case <-time.After(5 * time.Second):
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// lockedBuffer takes what a server prints while the test may read it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
