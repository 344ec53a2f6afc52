package cmd

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

const (
	// stepAfter is how long after something was recorded the rules are evaluated:
	// what is recorded together is judged together.
	stepAfter = 300 * time.Millisecond
	// drainEvery is how often the outbox is looked at for what other processes
	// put in and for what is due again.
	drainEvery = 5 * time.Second
)

// alertLoop evaluates the rules of a daemon and sends its messages, over a
// connection of its own. A history that cannot be used is tried again; checks
// and routes go on without it.
type alertLoop struct {
	app    *App
	cfg    *configs.Config
	log    *slog.Logger
	wake   chan struct{} // something was recorded
	sent   chan struct{} // something was put into the outbox
	opened chan struct{} // an incident was opened
	told   *deliveries   // counts what became of messages
	// retest asks a check of the daemon again, over new connections.
	retest func(ctx context.Context, check string) (checks.Result, bool)
}

func (a *App) newAlertLoop(cfg *configs.Config, log *slog.Logger, told *deliveries) *alertLoop {
	return &alertLoop{app: a, cfg: cfg, log: log, wake: make(chan struct{}, 1), sent: make(chan struct{}, 1), opened: make(chan struct{}, 1), told: told}
}

// recorded tells that there is something new to judge. It never blocks.
func (l *alertLoop) recorded() { nudge(l.wake, true) }

// changed tells that somebody opened or changed an incident: there may be
// something to send and to respond to. It never blocks.
func (l *alertLoop) changed() {
	nudge(l.sent, true)
	nudge(l.opened, true)
}

// run goes on until ctx ends.
func (l *alertLoop) run(ctx context.Context) {
	if l.cfg.Alerting.Disabled || l.cfg.History.Disabled || l.app.flags.noRecord {
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		db, err := history.Open(ctx, historyOptions(l.cfg, keeperPatience))
		if err == nil {
			l.with(ctx, db)
			_ = db.Close() // what was kept is kept
			return
		}
		l.log.Error("alerts are not evaluated; checks go on", "again_in", reopenAfter, "error", err)
		pause(ctx, reopenAfter)
	}
}

// with runs on an open history: the steps here, the drain beside them.
func (l *alertLoop) with(ctx context.Context, db *history.DB) {
	r := l.app.newAlerter(l.cfg, db, l.log)
	r.drain.Outbox = l.told.over(r.drain.Outbox)
	var drain sync.WaitGroup
	drain.Go(func() { r.drain.Run(ctx, drainEvery, l.sent) })
	drain.Go(func() { l.respond(ctx, db, l.opened) })
	defer drain.Wait()
	ticker := time.NewTicker(l.cfg.Alerting.Interval)
	defer ticker.Stop()
	for {
		if done, err := r.step(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("the alert rules were not evaluated", "error", err)
		} else {
			nudge(l.sent, len(done.Notices) > 0)
			nudge(l.opened, len(done.Incidents) > 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-l.wake:
			pause(ctx, stepAfter)
		}
	}
}

// nudge wakes whoever waits on a channel; one nudge at a time is enough.
func nudge(c chan<- struct{}, really bool) {
	if !really {
		return
	}
	select {
	case c <- struct{}{}:
	default:
	}
}

// respond gives the responses to incidents when one opened, and now and then,
// since other processes open some as well.
func (l *alertLoop) respond(ctx context.Context, db *history.DB, wake <-chan struct{}) {
	r := l.app.newResponder(l.cfg, db, l.log)
	r.retest = l.retest
	ticker := time.NewTicker(l.cfg.Alerting.Interval)
	defer ticker.Stop()
	for {
		if acted, err := r.run(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("responses to incidents were not given", "error", err)
		} else if acted {
			l.recorded()
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-ticker.C:
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
