package probe

import (
	"context"
	"errors"
	"net"
	"sync"
)

// The response codes that have sentences of their own (RFC 1035, 4.1.1).
const (
	codeUnknown       = -1
	codeSuccess       = 0
	codeServerFailure = 2
	codeNoName        = 3
	codeRefused       = 5
)

// listener makes the connections of package net's resolver and listens in on
// them: the resolver gives one error for many answers, and does not say whom
// it asked.
type listener struct {
	server string // to ask in place of the machine's own; "" for those

	mu     sync.Mutex
	to     string
	code   int
	err    error
	conns  []net.Conn
	closed bool
}

func (l *listener) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.server != "" {
		address = l.server
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	if err == nil {
		l.conns = append(l.conns, conn)
	}
	l.to, l.err = address, err
	if l.code == codeSuccess {
		l.code = codeUnknown
	}
	if udp, ok := conn.(*net.UDPConn); ok && err == nil {
		return &tapped{udp, l}, nil
	}
	return conn, err
}

// close ends what the resolver still does: it goes on asking on its own for as
// long as its settings say, after the one who wanted to know has gone.
func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, c := range l.conns {
		c.Close()
	}
}

// tapped is a UDP connection of the resolver. It must stay a net.PacketConn:
// by that the resolver knows how messages are framed.
type tapped struct {
	*net.UDPConn
	l *listener
}

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.UDPConn.Read(p)
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	const header = 12
	switch {
	case t.l.closed:
	case err != nil:
		t.l.err = err
	case n >= header:
		t.l.code = int(p[3] & 0x0f)
	}
	return n, err
}

// answer returns the code of the last answer, codeUnknown when there was none,
// and whom the resolver asked last, "" when nobody.
func (l *listener) answer() (code int, asked string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to == "" {
		return codeUnknown, ""
	}
	return l.code, l.to
}

// failure is the last error of the network, nil for none.
func (l *listener) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// text is the resolver's error, with the server that was really asked: the
// resolver knows only of those that it was configured with.
func (l *listener) text(err error) string {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	told := *dns
	_, told.Server = l.answer()
	return told.Error()
}
