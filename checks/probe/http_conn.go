package probe

import (
	"net"
	"sync"

	"vitals/checks"
)

// patient is a connection that hears nothing before something was said. Ports
// of other protocols greet their visitors; package net/http, when it hears
// that before its own request is out, writes it to the log of the process and
// gives no error that says what happened.
type patient struct {
	net.Conn
	once  sync.Once
	spoke chan struct{}
}

func newPatient(c net.Conn) *patient { return &patient{Conn: c, spoke: make(chan struct{})} }

func (p *patient) Read(b []byte) (int, error) {
	<-p.spoke
	return p.Conn.Read(b)
}

// Write passes over that the other side has hung up: what it said before it
// did, such as why, is still to be read, and whoever fails at writing closes
// the connection without reading that.
func (p *patient) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	p.wake()
	if checks.HungUp(err) {
		return len(b), nil
	}
	return n, err
}

func (p *patient) Close() error {
	err := p.Conn.Close()
	p.wake()
	return err
}

func (p *patient) wake() { p.once.Do(func() { close(p.spoke) }) }
