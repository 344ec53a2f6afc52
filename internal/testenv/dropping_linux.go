package testenv

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Dropping is an address where no connection is ever made, as behind a
// firewall that drops packets: a listening socket whose queue is full, so that
// the kernel ignores further attempts.
func Dropping(t testing.TB) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	to := name.(*unix.SockaddrInet4)
	for range 4 {
		fill(t, to)
	}
	time.Sleep(20 * time.Millisecond) // until the handshakes have filled the queue
	return fmt.Sprintf("127.0.0.1:%d", to.Port)
}

// fill takes one place in the queue, without waiting for an answer.
func fill(t testing.TB, to *unix.SockaddrInet4) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, to); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		t.Fatal(err)
	}
}
