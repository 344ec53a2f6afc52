package schedule

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The scheduler's figures.
const (
	// longestSleep bounds how late a change of the clock is noticed: a timer
	// counts time that passes, not what the clock says.
	longestSleep = 30 * time.Second
	// splay spreads the claims of many processes for one scheduled time, and
	// catchUpSplay those for missed ones, of which many may be due at a start.
	splay        = 500 * time.Millisecond
	catchUpSplay = 10 * time.Second
	// A store that fails is asked again after a second, then after twice as
	// long each time, up to a minute.
	firstBackoff, longestBackoff = time.Second, time.Minute
	// storeTimeout is how long one question to the store may take.
	storeTimeout = 10 * time.Second
	// patience is how long one waits for a job that was told to stop.
	patience = 5 * time.Second
)

// follower follows one job.
type follower struct {
	*Scheduler
	job  Job
	last time.Time // the latest scheduled time that was dealt with
	runs sync.WaitGroup
	mine *underway // the latest run of this process; nil before the first
}

// underway is a run of this process.
type underway struct {
	returned chan struct{} // closed when the job has returned
	recorded chan struct{} // closed when that has been kept
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// follow deals with a job's scheduled times until ticking ends, then waits for
// its runs.
func (s *Scheduler) follow(ctx, ticking context.Context, job Job) {
	f := &follower{Scheduler: s, job: job}
	defer f.runs.Wait()
	if !f.begin(ticking) {
		return
	}
	for {
		tick, ok := f.next(ticking)
		if !ok || !f.take(ctx, ticking, tick) {
			return
		}
	}
}

// begin finds out which scheduled time was dealt with last. False means that
// ticking ended.
func (f *follower) begin(ticking context.Context) bool {
	started := f.opt.Now()
	for attempt := 0; ; attempt++ {
		asking, cancel := context.WithTimeout(ticking, f.storeTimeout())
		last, err := f.opt.Store.LastScheduled(asking, f.job.Name)
		cancel()
		if err == nil {
			f.last = last
			if last.IsZero() {
				f.last = started
			}
			if f.last.Before(f.opt.From) {
				f.last = f.opt.From
			}
			return true
		}
		if !f.backOff(ticking, attempt, "A job cannot begin: the store does not say when it ran last", err) {
			return false
		}
	}
}

// next waits for the next scheduled time. False means that ticking ended.
func (f *follower) next(ticking context.Context) (Tick, bool) {
	for {
		now := f.opt.Now()
		if now.Before(f.last) {
			// The clock was set back. What has been run is refused by the store
			// when its time comes again.
			f.last = now
		}
		if tick := Due(f.job, f.last, now); !tick.At.IsZero() {
			return tick, sleep(ticking, f.splay(tick))
		}
		wait := longestSleep
		if next := f.job.Spec.Next(f.last); !next.IsZero() {
			wait = min(wait, next.Add(f.job.Delay()).Sub(now))
		}
		if !sleep(ticking, wait) {
			return Tick{}, false
		}
	}
}

// splay is how much later than others this process asks for a scheduled time.
// Another one is first each time, so that work spreads too.
func (f *follower) splay(t Tick) time.Duration {
	room := splay
	if t.Late > punctual {
		room = catchUpSplay
	}
	room = min(room, f.job.Spec.Next(t.At).Sub(t.At)/4)
	return share(room, f.opt.By, f.job.Name, t.At.UTC().Format(time.RFC3339))
}

// take claims a scheduled time, as often as it takes to get an answer, and acts
// on the answer. False means that ticking ended.
func (f *follower) take(ctx, ticking context.Context, tick Tick) bool {
	run := f.newRun(f.job, tick.At)
	for attempt := 0; ; attempt++ {
		if !f.waitForRecord(ticking) {
			return false
		}
		run.StartedAt = f.opt.Now()
		kept, mine, err := f.claim(ctx, run)
		if err == nil {
			f.last = tick.At
			f.act(ctx, tick, run, kept, mine)
			return true
		}
		if !f.backOff(ticking, attempt, "A job that is due cannot be claimed", err) {
			return false
		}
	}
}

// waitForRecord waits until the end of this process's last run is kept, if it
// has ended: the next claim would take it for running.
func (f *follower) waitForRecord(ticking context.Context) bool {
	if f.mine == nil || !isClosed(f.mine.returned) {
		return ticking.Err() == nil
	}
	select {
	case <-f.mine.recorded:
		return ticking.Err() == nil
	case <-ticking.Done():
		return false
	}
}

// act does what the answer to a claim asks for.
func (f *follower) act(ctx context.Context, tick Tick, asked, kept Run, mine bool) {
	switch {
	case !mine && kept.ID != asked.ID: // another process has it
	case !mine:
		f.opt.Log.Warn("A scheduled run was not begun", "job", f.job.Name, "scheduled_at", kept.ScheduledAt, "outcome", kept.Outcome, "reason", kept.Summary)
		f.ended(kept)
	default:
		if why := f.unwanted(tick); why != "" {
			f.skip(ctx, kept, why)
			return
		}
		if tick.Late > punctual {
			f.opt.Log.Info("A missed run is caught up", "job", f.job.Name, "scheduled_at", tick.At, "missed_since", tick.Since)
		}
		u := &underway{make(chan struct{}), make(chan struct{})}
		f.mine = u
		f.runs.Go(func() {
			defer close(u.recorded)
			f.executeAnd(ctx, f.job, kept, func() { close(u.returned) })
		})
	}
}

// unwanted says why a run that was granted is not to begin, "" when it is. It
// may have taken long to get the answer, and much may have passed since.
func (f *follower) unwanted(tick Tick) string {
	if f.mine != nil && !isClosed(f.mine.returned) {
		return StillRunning // its lease ended because the store could not be reached
	}
	now := f.opt.Now()
	again := Due(f.job, tick.At.Add(-time.Second), now)
	if again.At.After(tick.At) && now.Sub(tick.At)-f.job.Delay() > punctual {
		return "missed: a later scheduled time stands for it"
	}
	return again.Why
}

func (s *Scheduler) newRun(job Job, at time.Time) Run {
	return Run{DueAt: job.DueAfter(at), Most: job.Most, ByClock: !job.Spec.IsZero(), ID: uuid.NewString(), Job: job.Name, ScheduledAt: at, StartedAt: s.opt.Now(), By: s.opt.By, Outcome: Running}
}

// claim asks the store for a run. It is not broken off when ctx ends: nobody
// would know whether it was granted.
func (s *Scheduler) claim(ctx context.Context, run Run) (Run, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.storeTimeout())
	defer cancel()
	return s.opt.Store.Claim(ctx, run, s.opt.Lease)
}

func (s *Scheduler) storeTimeout() time.Duration { return min(storeTimeout, s.opt.Lease/3) }

// backOff logs that the store failed and waits. False means that ctx ended.
func (f *follower) backOff(ctx context.Context, attempt int, what string, err error) bool {
	wait := backoff(attempt)
	wait += share(wait/4, f.opt.By, f.job.Name)
	if ctx.Err() == nil {
		f.opt.Log.Error(what, "job", f.job.Name, "error", err, "next_try_in", wait.String())
	}
	return sleep(ctx, wait)
}

func backoff(attempt int) time.Duration {
	return min(longestBackoff, firstBackoff<<min(attempt, 10))
}

// sleep waits and tells whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
