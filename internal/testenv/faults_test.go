package testenv

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestRefused(t *testing.T) {
	for range 50 {
		c, err := net.DialTimeout("tcp", Refused(t), time.Second)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, %v", c, err)
		}
	}
}

func TestDropping(t *testing.T) {
	address := Dropping(t)
	for range 5 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		var failure net.Error
		if !errors.As(err, &failure) || !failure.Timeout() {
			t.Errorf("got %v, %v", c, err)
		}
	}
}

func TestBlackHole(t *testing.T) {
	c, err := net.Dial("tcp", BlackHole(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("anybody?\n")); err != nil {
		t.Errorf("it does not take: %v", err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it answers: %d, %v", n, err)
	}
}
