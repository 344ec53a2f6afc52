package probe

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"vitals/checks"
)

// visit is a transport for one run: every one is a visitor's first, with no
// connection, session or cookie kept.
type visit struct {
	*http.Transport
	mu   sync.Mutex
	last *tls.Conn // nil where no TLS is spoken
}

func (p *page) newVisit() (*visit, error) {
	config, err := p.TLS.config()
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network(p.IPVersion), address)
		if err != nil {
			return nil, err
		}
		return newPatient(conn), nil
	}
	v := &visit{}
	v.Transport = &http.Transport{
		TLSClientConfig:        config,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaders,
		DialContext:            dial,
		DialTLSContext: func(ctx context.Context, n, address string) (net.Conn, error) {
			conn, err := dial(ctx, n, address)
			if err != nil {
				return nil, err
			}
			return v.secure(conn, config, address), nil
		},
	}
	if p.UseProxy {
		v.Proxy = http.ProxyFromEnvironment
	}
	return v, nil
}

// secure leaves the handshake itself to the transport, which measures it.
func (v *visit) secure(conn net.Conn, config *tls.Config, address string) *tls.Conn {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last = tls.Client(conn, config)
	return v.last
}

// because finds the reason behind an error: a server that wants a client
// certificate says so only after the handshake, and HTTP/2 then loses its
// words. The connection still has them.
func (v *visit) because(err error) error {
	v.mu.Lock()
	last := v.last
	v.mu.Unlock()
	if last == nil || checks.TimedOut(err) {
		return err
	}
	if _, known := checks.TLSTrouble(err, time.Now()); known {
		return err
	}
	const moment = 20 * time.Millisecond
	said := make(chan error, 1)
	go func() {
		_ = last.SetReadDeadline(time.Now().Add(moment))
		_, err := last.Read(make([]byte, 1))
		said <- err
	}()
	select {
	case alert := <-said:
		if alert != nil {
			if _, known := checks.TLSTrouble(alert, time.Now()); known {
				return alert
			}
		}
	case <-time.After(2 * moment):
	}
	return err
}
