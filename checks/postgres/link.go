package postgres

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// keepFor bounds the age of a kept connection, so that a changed password,
// DNS entry or certificate shows within minutes and not at the next restart.
const keepFor = 5 * time.Minute

// link is the one connection to a server that its checks share, one after the
// other. It is made when first needed and kept for the next run.
type link struct {
	url     checks.Secret
	console bool          // PgBouncer's console instead of a database
	slot    chan struct{} // holds a value while somebody uses the link
	closing atomic.Bool

	// Only whoever holds the slot touches what follows.
	cfg      *pgconn.Config
	conn     *pgconn.PgConn
	since    time.Time
	failed   *failure // the last that says something about the server
	failedAt time.Time
}

func newLink(url checks.Secret) *link { return &link{url: url, slot: make(chan struct{}, 1)} }

// failure is why a conversation failed.
type failure struct {
	err   error
	stage stage
	cfg   *pgconn.Config // nil at stageAddress
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errBusy says that another check had the connection all the time.
var errBusy = errors.New("another check of this server held the connection until the deadline")

// do asks over the kept connection, or else over a fresh one. A kept
// connection that fails, or that is silent for half of the time, is not
// evidence against the server: then a fresh one is asked. Ask may so be called
// twice; it calls heard once the server has answered, after which it may take
// all the time there is.
//
// What another check finds out while this one waits for its turn holds for
// this one too: a server that is down is not asked twice, and one that answers
// nobody does not pass for busy.
func (l *link) do(ctx context.Context, ask func(ctx context.Context, conn *pgconn.PgConn, heard func()) error) *failure {
	started := time.Now()
	if !l.acquire(ctx) {
		return &failure{err: errBusy, stage: stageAddress}
	}
	defer l.release()
	if l.failed != nil && l.failedAt.After(started) {
		return l.failed
	}
	if l.fresh() {
		if l.askKept(ctx, ask) == nil {
			return nil
		}
		l.drop()
	}
	f := l.open(ctx)
	if f == nil {
		f = l.askFresh(ctx, ask)
	}
	if f != nil && !errors.Is(f.err, context.Canceled) && (f.stage < stageAsk || timedOut(f.err)) {
		l.failed, l.failedAt = f, time.Now()
	}
	return f
}

// acquire waits for its turn, a moment longer than ctx: whoever has the turn
// mostly has the same deadline, and is about to say what it found.
func (l *link) acquire(ctx context.Context) bool {
	select {
	case l.slot <- struct{}{}:
		return true
	case <-ctx.Done():
	}
	moment := time.NewTimer(20 * time.Millisecond)
	defer moment.Stop()
	select {
	case l.slot <- struct{}{}:
		return true
	case <-moment.C:
		return false
	}
}

// fresh tells whether there is a kept connection worth asking.
func (l *link) fresh() bool {
	if l.conn != nil && (l.conn.IsClosed() || time.Since(l.since) >= keepFor) {
		l.drop()
	}
	return l.conn != nil
}

func (l *link) askKept(ctx context.Context, ask func(context.Context, *pgconn.PgConn, func()) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		half := time.AfterFunc(time.Until(deadline)/2, cancel)
		defer half.Stop()
		return ask(ctx, l.conn, func() { half.Stop() })
	}
	return ask(ctx, l.conn, func() {})
}

func (l *link) askFresh(ctx context.Context, ask func(context.Context, *pgconn.PgConn, func()) error) *failure {
	err := ask(ctx, l.conn, func() {})
	if l.conn.IsClosed() {
		l.drop()
	}
	if err == nil {
		return nil
	}
	return &failure{err: whyEnded(ctx, err), stage: stageAsk, cfg: l.cfg}
}

func (l *link) open(ctx context.Context) *failure {
	cfg, err := config(l.url)
	if err != nil {
		return &failure{err: err, stage: stageAddress}
	}
	if l.console {
		cfg.Database = "pgbouncer"
	}
	l.cfg = cfg
	conn, reached, err := connect(ctx, cfg)
	if err != nil {
		return &failure{err: err, stage: reached, cfg: cfg}
	}
	l.conn, l.since = conn, time.Now()
	return nil
}

// drop lets go of the connection. Saying goodbye is one write, which cannot
// take long; the bound is for a peer that has stopped reading.
func (l *link) drop() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	l.conn.Close(ctx)
	l.conn = nil
}

// close closes the connection now, or when whoever uses it is done. A link
// used after that keeps nothing.
func (l *link) close() {
	l.closing.Store(true)
	select {
	case l.slot <- struct{}{}:
		l.drop()
		<-l.slot
	default:
	}
}

func (l *link) release() {
	<-l.slot
	if l.closing.Load() {
		l.close()
	}
}

// patience is how long a question may take.
type patience struct {
	started time.Time
	limit   time.Duration // 0 for no limit
}

// hurry begins a question. The context that it returns ends a little earlier
// than ctx, so that there is time to say what happened.
func hurry(ctx context.Context) (context.Context, context.CancelFunc, patience) {
	p := patience{started: time.Now()}
	deadline, ok := ctx.Deadline()
	if !ok {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, p
	}
	left := deadline.Sub(p.started)
	p.limit = left.Round(10 * time.Millisecond) // the little that is gone already is not what the person configured
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-min(left/20, 50*time.Millisecond)))
	return ctx, cancel, p
}

// spent is the time taken, or the limit where that was reached.
func (p patience) spent() time.Duration {
	took := time.Since(p.started)
	if p.limit > 0 && took > p.limit*9/10 {
		return p.limit
	}
	return took.Round(10 * time.Millisecond)
}
