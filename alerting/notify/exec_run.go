package notify

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"

	"vitals/checks"
)

const (
	// afterwards is how long the program's children may hold its output open
	// after it has ended.
	afterwards = 500 * time.Millisecond
	// lastWords is how long is waited for a program that was killed.
	lastWords = 30 * time.Millisecond
	// maxSpoken bounds what is kept of what it writes, in bytes.
	maxSpoken = 4 << 10
)

// ended is how a program ended.
type ended struct {
	code   int    // -1 when a signal ended it
	signal string // in words; "" for none
	said   []byte // the beginning of what it wrote, on either output
	killed bool   // because time ran out or the caller gave up
}

// run runs a program and waits until it has ended, or has been ended with
// everything that it started. The error is why it did not start.
func run(ctx context.Context, cmd *exec.Cmd, input []byte) (ended, error) {
	spoken := &checks.Bounded{Max: maxSpoken}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), spoken, spoken
	cmd.WaitDelay = afterwards
	checks.OwnGroup(cmd)
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	group := checks.NewGroup(cmd)
	done := make(chan struct{})
	go func() {
		if errors.Is(cmd.Wait(), exec.ErrWaitDelay) {
			group.Kill() // what it left behind
		}
		group.Close()
		close(done)
	}()
	e := ended{code: -1}
	select {
	case <-done:
		e.code, e.signal = cmd.ProcessState.ExitCode(), checks.SignalOf(cmd.ProcessState)
	case <-ctx.Done():
		e.killed = true
		group.Kill()
		select {
		case <-done:
		case <-time.After(lastWords):
		}
	}
	e.said = spoken.Bytes()
	return e, nil
}
