package cmd

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitals/configs"
	"vitals/internal/history"
	"vitals/schedule"
)

// jobLoop runs the jobs of a daemon by the clock, over a connection of its own.
type jobLoop struct {
	app  *App
	cfg  *configs.Config
	log  *slog.Logger
	from time.Time // scheduled times up to this moment are left alone; zero for none

	mu        sync.Mutex
	scheduler *schedule.Scheduler // nil before the history could be opened
	retired   chan struct{}       // closed when a reload has put another in its place
	done      chan struct{}
}

// startJobLoop starts the jobs of a configuration. They end with ctx.
func (a *App) startJobLoop(ctx context.Context, cfg *configs.Config, log *slog.Logger, from time.Time) *jobLoop {
	l := &jobLoop{app: a, cfg: cfg, log: log, from: from, retired: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		if len(cfg.Jobs()) > 0 && !cfg.Schedule.Disabled && !cfg.History.Disabled && !a.flags.noRecord {
			l.run(ctx)
		}
	}()
	return l
}

// run opens the history, again and again until it can, and follows the jobs.
func (l *jobLoop) run(ctx context.Context) {
	for ctx.Err() == nil && !l.isRetired() {
		db, err := history.Open(ctx, historyOptions(l.cfg, keeperPatience))
		if err == nil {
			l.with(ctx, db)
			_ = db.Close() // what was kept is kept
			return
		}
		l.log.Error("jobs do not run: what ran cannot be known or recorded", "again_in", reopenAfter, "error", err)
		pause(ctx, reopenAfter)
	}
}

func (l *jobLoop) with(ctx context.Context, db *history.DB) {
	scheduler, err := l.app.newJobRunner(l.cfg, db, l.log).scheduler(l.from)
	if err != nil {
		l.log.Error("jobs do not run", "error", err) // configs has refused all that could be wrong with them
		return
	}
	l.mu.Lock()
	l.scheduler = scheduler
	l.mu.Unlock()
	if l.isRetired() {
		scheduler.Stop()
	}
	scheduler.Run(ctx)
}

func (l *jobLoop) isRetired() bool {
	select {
	case <-l.retired:
		return true
	default:
		return false
	}
}

// retire begins no more runs. Those under way go on: a reload must not end a
// backup.
func (l *jobLoop) retire() {
	close(l.retired)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.scheduler != nil {
		l.scheduler.Stop()
	}
}

// wait returns when all runs have ended.
func (l *jobLoop) wait() { <-l.done }
