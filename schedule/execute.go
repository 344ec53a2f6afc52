package schedule

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"vitals/checks"
)

// Why a run's context ended.
var (
	errTimeout   = errors.New("the run took longer than its limit")
	errTakenOver = errors.New("the run lost its lease and another process runs the job")
)

func (s *Scheduler) execute(ctx context.Context, job Job, run Run) Run {
	return s.executeAnd(ctx, job, run, func() {})
}

// executeAnd runs a job that was granted, keeps its lease until how it ended is
// kept, and returns the run as it ended. Returned is called when the job has
// returned.
func (s *Scheduler) executeAnd(outer context.Context, job Job, run Run, returned func()) Run {
	began := time.Now()
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	if job.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, job.Timeout, errTimeout)
		defer stop()
	}
	done := make(chan struct{})
	var keeping sync.WaitGroup
	granted := run // what follows writes to run
	keeping.Go(func() { s.keepLease(outer, granted, done, func() { cancel(errTakenOver) }) })

	ending := s.await(outer, ctx, job, run)
	run = conclude(job, run, ending, context.Cause(ctx))
	// The clock may have been set meanwhile: what passed is measured.
	run.EndedAt = run.StartedAt.Add(time.Since(began))
	returned()
	s.finish(outer, run)
	close(done)
	keeping.Wait()
	return run
}

// await runs the job and returns what it says. When outer has ended and the
// job does not, it speaks for the job.
func (s *Scheduler) await(outer, ctx context.Context, job Job, run Run) Ending {
	answer := make(chan Ending, 1)
	go func() { answer <- s.guarded(ctx, job, run) }()
	select {
	case e := <-answer:
		return e
	case <-ctx.Done():
	}
	overdue := time.NewTimer(patience)
	defer overdue.Stop()
	select {
	case e := <-answer:
		return e
	case <-overdue.C:
		s.opt.Log.Warn("A job does not stop although it was told to; it counts as running until it does", "job", job.Name, "reason", context.Cause(ctx))
	}
	select {
	case e := <-answer:
		return e
	case <-outer.Done():
	}
	overdue.Reset(patience)
	select {
	case e := <-answer:
		return e
	case <-overdue.C:
		return Ending{Outcome: Failed, Summary: "it did not stop when it was told to"}
	}
}

// guarded turns a panic of the job into an ending.
func (s *Scheduler) guarded(ctx context.Context, job Job, run Run) (e Ending) {
	defer func() {
		if v := recover(); v != nil {
			s.opt.Log.Error("A job broke: this is a fault in Vitals, please report it", "job", job.Name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			e = Ending{Outcome: Failed, Summary: fmt.Sprintf("the job itself broke: this is a fault in Vitals, please report it (panic: %v)", v)}
		}
	}()
	return s.opt.Do(ctx, job, run)
}

// conclude writes into the run how it ended. Cause is why its context ended,
// nil when it did not.
func conclude(job Job, run Run, e Ending, cause error) Run {
	switch {
	case e.Outcome == Succeeded: // in the last moment, perhaps
	case errors.Is(cause, errTimeout):
		e.Outcome, e.Summary = TimedOut, sentence("took longer than its limit of "+checks.DurationText(job.Timeout)+" and was stopped", e.Summary)
	case errors.Is(cause, errTakenOver):
		e.Outcome, e.Summary = Lost, sentence("the store could not be reached for so long that another process took the job over", e.Summary)
	case cause != nil && e.Outcome == Failed:
		e.Summary = sentence("Vitals was ended while it ran", e.Summary)
	}
	switch e.Outcome {
	case Succeeded, Failed, TimedOut, Skipped, Lost:
	default:
		e = Ending{Outcome: Failed, ExitCode: e.ExitCode, Output: e.Output,
			Summary: sentence(fmt.Sprintf("the job ended as %q: this is a fault in Vitals, please report it", e.Outcome), e.Summary)}
	}
	run.Outcome, run.ExitCode = e.Outcome, e.ExitCode
	run.Summary = strings.TrimSpace(strings.ToValidUTF8(e.Summary, "\uFFFD"))
	run.Output = tail(e.Output)
	return run
}

func sentence(what, more string) string {
	if more == "" {
		return what
	}
	return what + ": " + more
}

// keepLease renews a run's lease until done is closed, and calls lost when
// somebody else has it.
func (s *Scheduler) keepLease(outer context.Context, run Run, done <-chan struct{}, lost func()) {
	ticker := time.NewTicker(s.opt.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(outer), s.storeTimeout())
		held, err := s.opt.Store.Renew(ctx, run.ID, s.opt.Lease)
		cancel()
		switch {
		case isClosed(done):
			return
		case err != nil:
			s.opt.Log.Warn("The lease of a running job cannot be renewed; the job goes on", "job", run.Job, "error", err)
		case !held:
			lost()
			return
		}
	}
}

// finish keeps how a run ended, as often as it takes. When outer has ended
// there is one more try.
func (s *Scheduler) finish(outer context.Context, run Run) {
	for attempt := 0; ; attempt++ {
		last := outer.Err() != nil
		ctx, cancel := context.WithTimeout(context.WithoutCancel(outer), s.storeTimeout())
		err := s.opt.Store.Finish(ctx, run)
		cancel()
		if err == nil {
			break
		}
		wait := backoff(attempt)
		s.opt.Log.Error("How a job ended cannot be kept", "job", run.Job, "outcome", run.Outcome, "error", err, "next_try_in", wait.String(), "giving_up", last)
		if last {
			break
		}
		sleep(outer, wait)
	}
	s.ended(run)
}

// skip keeps that a run that was granted is not begun.
func (s *Scheduler) skip(outer context.Context, run Run, why string) {
	run.Outcome, run.Summary, run.EndedAt = Skipped, why, run.StartedAt
	s.opt.Log.Warn("A scheduled run was not begun", "job", run.Job, "scheduled_at", run.ScheduledAt, "outcome", run.Outcome, "reason", why)
	s.finish(outer, run)
}

func (s *Scheduler) ended(run Run) {
	if s.opt.Ended != nil {
		s.opt.Ended(run)
	}
}
