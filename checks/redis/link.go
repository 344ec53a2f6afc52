package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"vitals/checks"
)

// link is one connection to one server. It is made here and handed to go-redis
// ready to use: the library would retry, dial in the background, and write
// failures to a logger that belongs to the whole process.
type link struct {
	target
	client *goredis.Client
	conn   *listened
	tls    *tls.ConnectionState // nil without TLS
	kept   bool                 // from an earlier run
}

// listened remembers how a server's first words began, since go-redis throws
// them away when they are not an answer to HELLO.
type listened struct {
	net.Conn
	mu    sync.Mutex
	first []byte
}

// firstWords is how much is remembered: a line of Redis' errors.
const firstWords = 128

func (l *listened) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.mu.Lock()
		l.first = append(l.first, p[:min(n, firstWords-len(l.first))]...)
		l.mu.Unlock()
	}
	return n, err
}

// Write passes over that the server has hung up: go-redis would close the
// connection before the reason, which the server has sent, is read.
func (l *listened) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if checks.HungUp(err) {
		return len(p), nil
	}
	return n, err
}

func (l *listened) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.first)
}

// errSpent is what go-redis gets when it wants a second connection. It has no
// reason to: see link.
var errSpent = errors.New("the connection was lost")

// dial connects, and agrees on TLS where it is spoken. Its failures come back
// in words.
func dial(ctx context.Context, t target, o TLSOptions) (*link, *failure) {
	started := time.Now()
	raw, err := (&net.Dialer{}).DialContext(ctx, t.network, t.address)
	if err != nil {
		return nil, newFailure(ctx, t, stageReach, started, err, "")
	}
	l := &link{target: t, conn: &listened{Conn: raw}}
	if t.tls {
		config, err := o.config(t)
		if err != nil {
			raw.Close()
			return nil, newFailure(ctx, t, stageFiles, started, err, "")
		}
		secure := tls.Client(raw, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, newFailure(ctx, t, stageTLS, started, err, "")
		}
		state := secure.ConnectionState()
		l.tls, l.conn = &state, &listened{Conn: secure}
	}
	l.client = goredis.NewClient(l.options())
	return l, nil
}

// options switch off all that go-redis does beyond what is asked of it. RESP2
// is enough, and the server then never speaks unasked.
func (l *link) options() *goredis.Options {
	var once sync.Once
	return &goredis.Options{
		Network: l.network, Addr: l.address,
		Username: l.username, Password: l.password, DB: l.db,
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			conn, err := net.Conn(nil), errSpent
			once.Do(func() { conn, err = l.conn, nil })
			return conn, err
		},
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1,
		DialerRetries:            1,
		PoolSize:                 1,
		PipelinePoolSize:         -1, // pipelines use the one connection too
		ContextTimeoutEnabled:    true,
		ReadTimeout:              -1, // the context's deadline alone counts
		WriteTimeout:             -1,
		ConnMaxIdleTime:          -1,
	}
}

// while makes everything on the connection fail as soon as ctx ends, whatever
// go-redis is doing. The returned function undoes it.
func (l *link) while(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.conn.Close() })
}

func (l *link) close() {
	_ = l.client.Close() // nothing is lost with it
	_ = l.conn.Close()
}

// links are the connections kept between runs, by address.
type links struct {
	mu     sync.Mutex
	idle   map[string]*link
	closed bool
}

// take returns the connection kept to an address, nil when there is none.
func (k *links) take(address string) *link {
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.idle[address]
	delete(k.idle, address)
	return l
}

// put keeps a connection for the next run, unless there is one already.
func (k *links) put(l *link) {
	l.kept = true
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.idle[l.address] != nil {
		l.close()
		return
	}
	if k.idle == nil {
		k.idle = map[string]*link{}
	}
	k.idle[l.address] = l
}

// keepOnly closes the connections to all other addresses: nodes come and go.
func (k *links) keepOnly(addresses map[string]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for address, l := range k.idle {
		if !addresses[address] {
			l.close()
			delete(k.idle, address)
		}
	}
}

func (k *links) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for _, l := range k.idle {
		l.close()
	}
	k.idle = nil
}
