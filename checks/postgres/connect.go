package postgres

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// stage is how far a conversation with a server got.
type stage uint8

const (
	stageAddress stage = iota // the address could not be read: nothing was tried
	stageReach                // no connection to the machine and port
	stageLogin                // connected, not logged in
	stageAsk                  // logged in, the question not answered
)

// connect logs in. The stage tells how far it got when it failed.
func connect(ctx context.Context, cfg *pgconn.Config) (*pgconn.PgConn, stage, error) {
	var reached atomic.Bool // the driver also dials in the background, to cancel
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			reached.Store(true)
		}
		return conn, err
	}
	login := pgconn.ConnectConfig
	if prefersTLS(cfg) {
		login = preferTLS
	}
	conn, err := login(ctx, cfg)
	if reached.Load() {
		return conn, stageLogin, err
	}
	return conn, stageReach, err
}

// prefersTLS tells whether the configuration is that of sslmode=prefer and one
// server: TLS first, and the same without it.
func prefersTLS(cfg *pgconn.Config) bool {
	return cfg.TLSConfig != nil && len(cfg.Fallbacks) == 1 && cfg.Fallbacks[0].TLSConfig == nil &&
		cfg.Fallbacks[0].Host == cfg.Host && cfg.Fallbacks[0].Port == cfg.Port &&
		cfg.SSLNegotiation != "direct" && cfg.SSLCertMode == "allow" && cfg.AfterNetConnect == nil
}

// preferTLS does what libpq does for sslmode=prefer: where the server has no
// TLS it goes on over the same connection. The driver opens a second one, which
// makes the server start another process and costs a quarter of the check.
func preferTLS(ctx context.Context, cfg *pgconn.Config) (*pgconn.PgConn, error) {
	plain := *cfg
	plain.TLSConfig, plain.Fallbacks = nil, nil
	refused := false
	first := plain
	first.AfterNetConnect = func(ctx context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		offered, err := offersTLS(ctx, conn)
		if err != nil || !offered {
			refused = err == nil
			return conn, err
		}
		return tls.Client(conn, cfg.TLSConfig), nil
	}
	conn, err := pgconn.ConnectConfig(ctx, &first)
	if err == nil || refused || ctx.Err() != nil || !mayWorkWithoutTLS(err) {
		return conn, err
	}
	return pgconn.ConnectConfig(ctx, &plain)
}

// mayWorkWithoutTLS is false where the server has spoken its mind about user,
// password or database, or was never reached.
func mayWorkWithoutTLS(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "28000" // pg_hba.conf may have another line for connections without TLS
	}
	e, ok := errors.AsType[*net.OpError](err)
	return !errors.Is(err, errNotPostgres) && (!ok || e.Op != "dial")
}

// sslRequest is the code of the message SSLRequest.
const sslRequest = 80877103

var (
	errNotPostgres = errors.New("the answer to the TLS request is not PostgreSQL's")
	errTooEarly    = errors.New("the server reports an error in place of an answer to the TLS request")
)

// offersTLS asks the server whether it speaks TLS. It ends with ctx.
func offersTLS(ctx context.Context, conn net.Conn) (bool, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)
	if _, err := conn.Write(request); err != nil {
		return false, whyEnded(ctx, err)
	}
	var reply [1]byte
	if _, err := io.ReadFull(conn, reply[:]); err != nil {
		return false, whyEnded(ctx, err)
	}
	switch reply[0] {
	case 'S':
		return true, nil
	case 'N':
		return false, nil
	case 'E': // it is so short of memory or processes that it says so at once; asked without TLS it says why
		return false, errTooEarly
	}
	return false, errNotPostgres
}

func whyEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
