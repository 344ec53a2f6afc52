package cmd

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

const (
	keeperPatience = 5 * time.Second // for the lock of a history that others write to
	keeperBacklog  = 4096            // results that wait while the history is slow or away
	keeperBatch    = 256             // results written in one transaction
	pruneEvery     = 10 * time.Minute
	reopenAfter    = 30 * time.Second
)

// keeper records what a daemon finds, beside the checks: a slow or broken
// history delays no check and changes no answer. What cannot be kept is
// counted and said in the log.
type keeper struct {
	queue   chan checks.Result // never closed: a check that was under way may still answer
	quit    chan struct{}
	lost    atomic.Int64
	options history.Options
	log     *slog.Logger
	done    chan struct{}
	db      *history.DB
	retry   time.Time // when to try opening again
	kept    func()    // called after something was kept; must not block
}

func (a *App) startKeeper(ctx context.Context, cfg *configs.Config, log *slog.Logger, kept func()) *keeper {
	k := &keeper{options: historyOptions(cfg, keeperPatience), log: log, done: make(chan struct{}), kept: kept}
	k.options.Warn = func(sentence string) { log.Warn(sentence) }
	if a.flags.noRecord || cfg.History.Disabled {
		close(k.done)
		return k
	}
	k.queue, k.quit = make(chan checks.Result, keeperBacklog), make(chan struct{})
	go k.run(context.WithoutCancel(ctx))
	return k
}

// observe takes a result to keep. It never blocks.
func (k *keeper) observe(r checks.Result) {
	if k.queue == nil {
		return
	}
	select {
	case k.queue <- r:
	default:
		k.lost.Add(1)
	}
}

// stop writes what is left. What is observed after it is not kept.
func (k *keeper) stop() {
	if k.quit != nil {
		close(k.quit)
	}
	<-k.done
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	defer k.close()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case r := <-k.queue:
			k.write(ctx, k.batch(r))
		case <-prune.C:
			k.prune(ctx)
		case <-k.quit:
			k.drain(ctx)
			return
		}
	}
}

// drain writes what waits already.
func (k *keeper) drain(ctx context.Context) {
	for {
		select {
		case r := <-k.queue:
			k.write(ctx, k.batch(r))
		default:
			return
		}
	}
}

// batch adds to one result those that wait already.
func (k *keeper) batch(first checks.Result) []checks.Result {
	batch := []checks.Result{first}
	for len(batch) < keeperBatch {
		select {
		case r := <-k.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// write keeps a batch. A history that failed is tried again after reopenAfter,
// not at every result: a broken disk must not fill the log as well.
func (k *keeper) write(ctx context.Context, batch []checks.Result) {
	if time.Now().Before(k.retry) {
		k.lost.Add(int64(len(batch)))
		return
	}
	err := k.open(ctx)
	if err == nil {
		err = k.db.Record(ctx, batch)
	}
	if err == nil {
		k.kept()
		return
	}
	k.lost.Add(int64(len(batch)))
	k.log.Error("results are not kept in history; checks go on", "lost", k.lost.Load(), "again_in", reopenAfter, "error", err)
	k.close()
	k.retry = time.Now().Add(reopenAfter)
}

func (k *keeper) open(ctx context.Context) (err error) {
	if k.db == nil {
		k.db, err = history.Open(ctx, k.options)
	}
	return err
}

func (k *keeper) prune(ctx context.Context) {
	if k.db == nil {
		return
	}
	if err := k.db.Prune(ctx); err != nil {
		k.log.Error("old history was not removed", "error", err)
	}
}

func (k *keeper) close() {
	if k.db != nil {
		_ = k.db.Close() // what was kept is kept; closing only tidies up
		k.db = nil
	}
}
