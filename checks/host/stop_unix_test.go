//go:build unix

package host

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func stop(t *testing.T, p *os.Process) {
	t.Helper()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // until the kernel has done it
}
