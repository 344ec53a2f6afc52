package checks

import (
	"context"
	"hash/fnv"
	"sync"
	"time"
)

// Keep runs every check of the board on its own interval until ctx ends, and
// returns when no loop is left. All start at once, so that the first round is
// known soon; from then on each keeps to its own point within its interval, so
// that a hundred checks do not fall on the same instant.
func (b *Board) Keep(ctx context.Context, interval time.Duration) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, b.runner.concurrency())
	for _, c := range b.list {
		wg.Go(func() { b.keep(ctx, slots, c, interval) })
	}
	wg.Wait()
}

func (b *Board) keep(ctx context.Context, slots chan struct{}, c Check, interval time.Duration) {
	if c.Interval > 0 {
		interval = c.Interval
	}
	e := b.entries[c.Name]
	for {
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		// Whatever else asked lately has done this round's work.
		b.get(ctx, e, interval/2)
		<-slots
		wait := time.NewTimer(untilNext(time.Now(), interval, Splay(c.Name, interval)))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// Splay is the point within its interval at which a check runs: derived from
// its name, so that it is the same after every restart and on every replica.
func Splay(name string, interval time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(h.Sum64() % uint64(interval))
}

// untilNext is the time from now to the next moment that lies splay past a
// multiple of interval, at least half an interval away: a check is never run
// twice in quick succession.
func untilNext(now time.Time, interval, splay time.Duration) time.Duration {
	if interval <= 0 {
		return 0
	}
	since := (time.Duration(now.UnixNano()) - splay) % interval
	if since < 0 {
		since += interval
	}
	wait := interval - since
	if wait < interval/2 {
		wait += interval
	}
	return wait
}
