package redis_test

import (
	"net"
	"sync"
	"testing"
)

// forgetful passes connections on, until it forgets those it has: they stay
// open and nothing comes through any more.
type forgetful struct {
	t  testing.TB
	to string

	mu    sync.Mutex
	age   int
	conns []net.Conn
}

func (f *forgetful) listen() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, c := range f.conns {
			c.Close()
		}
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", f.to)
			if err != nil {
				in.Close()
				continue
			}
			f.mu.Lock()
			f.conns = append(f.conns, in, out)
			age := f.age
			f.mu.Unlock()
			go f.pass(in, out, age)
			go f.pass(out, in, age)
		}
	}()
	return l.Addr().String()
}

func (f *forgetful) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.age++
}

func (f *forgetful) pass(from, to net.Conn, age int) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		f.mu.Lock()
		forgotten := f.age != age
		f.mu.Unlock()
		if !forgotten {
			_, _ = to.Write(buf[:n])
		}
	}
}
