package cmd

import (
	"context"
	"log/slog"
	"sync"
	"time"

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
	app  *App
	cfg  *configs.Config
	log  *slog.Logger
	wake chan struct{} // something was recorded
	sent chan struct{} // something was put into the outbox
	told *deliveries   // counts what became of messages
}

func (a *App) newAlertLoop(cfg *configs.Config, log *slog.Logger, told *deliveries) *alertLoop {
	return &alertLoop{app: a, cfg: cfg, log: log, wake: make(chan struct{}, 1), sent: make(chan struct{}, 1), told: told}
}

// recorded tells that there is something new to judge. It never blocks.
func (l *alertLoop) recorded() { poke(l.wake) }

// deliver tells that there is something to be sent. It never blocks.
func (l *alertLoop) deliver() { poke(l.sent) }

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
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
	defer drain.Wait()
	ticker := time.NewTicker(l.cfg.Alerting.Interval)
	defer ticker.Stop()
	for {
		if done, err := r.step(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("the alert rules were not evaluated", "error", err)
		} else if len(done.Notices) > 0 {
			l.deliver()
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

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
