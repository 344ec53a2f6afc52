package schedule

import (
	"context"
	"time"
)

// Store keeps runs, for any number of processes. That a scheduled time is run
// once is the store's promise, not the scheduler's: it holds when processes are
// killed, clocks differ and answers get lost.
//
// Any error means that the store cannot be used at the moment. The scheduler
// logs it, waits and asks again, so that each method must bear being repeated.
// All methods may be called by many goroutines, and return soon after their
// context ends.
//
// A lease ends a length of time after it was given or last renewed, by the
// clock that all processes share: the database server's where there is one.
// Whoever shows runs should show a running one whose lease has ended as lost.
type Store interface {
	// Claim asks for the run of one scheduled time of one job: run has ID, Job,
	// ScheduledAt, StartedAt and By. In one transaction that no other claim of
	// the job can interleave with, the store
	//
	//  1. marks every running run, of any job, whose lease has ended as Lost,
	//     EndedAt the end of the lease;
	//  2. looks for a run of this Job and ScheduledAt. Where there is one, it
	//     returns that; it is mine only if it has this ID and is Running (the
	//     answer to an earlier claim was lost), and its lease begins anew;
	//  3. looks for another run of this Job that is Running. Where there is one,
	//     it keeps this run as Skipped, EndedAt its StartedAt, Summary
	//     StillRunning, and returns it: not mine;
	//  4. else keeps this run as Running, with a lease, and returns it: mine.
	Claim(ctx context.Context, run Run, lease time.Duration) (kept Run, mine bool, err error)

	// Renew begins the lease of the run with this ID anew and tells whether it
	// is still held. One that was marked Lost meanwhile becomes Running again
	// unless another run of its job is Running. It is not held any more when
	// another one runs, when it has ended, or when there is none of this ID.
	Renew(ctx context.Context, id string, lease time.Duration) (held bool, err error)

	// Finish keeps how a run ended: EndedAt, Outcome, ExitCode, Summary and
	// Output, by its ID. It replaces Lost: the process was only slow. Finishing
	// it once more is no error.
	Finish(ctx context.Context, run Run) error

	// LastScheduled is the latest ScheduledAt of a job, whatever became of it;
	// the zero time for a job that was never run.
	LastScheduled(ctx context.Context, job string) (time.Time, error)
}

// StillRunning is the summary of a run that was skipped because the one before
// it had not ended.
const StillRunning = "the run before it was still under way"
