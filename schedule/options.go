package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"
)

// Options are what a Scheduler works with.
type Options struct {
	Jobs  []Job // with names that differ; none where only RunNow is used
	Store Store

	// Do runs a job. It should return soon after its context ends; until it has
	// returned, the job counts as running. A panic counts as failed.
	Do func(ctx context.Context, job Job, run Run) Ending

	// By names this process in runs; "" means host/process id.
	By string
	// Lease is how long a run may be without a sign of life before it counts as
	// lost; it is renewed three times as often. 0 means a minute.
	Lease time.Duration
	// From is the moment up to which scheduled times are left alone, such as
	// that of a reload, lest a changed spec catch up what it never missed. Zero
	// means that the store's last run decides.
	From time.Time

	Now func() time.Time // nil means time.Now
	Log *slog.Logger     // nil means no log

	// Ended is told of every run that this process ended or kept as skipped, by
	// many goroutines. It may be nil.
	Ended func(Run)
}

// Scheduler runs jobs when they are due. Make one with New.
type Scheduler struct {
	opt     Options
	stopped chan struct{}
	stop    sync.Once
}

// New returns a scheduler, or says what is wrong with the options. To change
// the jobs of one that runs, Stop it and run a new one with From set: runs that
// are under way go on.
func New(o Options) (*Scheduler, error) {
	if o.Store == nil || o.Do == nil {
		return nil, errors.New("a scheduler needs a Store and a Do")
	}
	var problems []error
	seen := map[string]bool{}
	for _, j := range o.Jobs {
		if err := j.Validate(); err != nil {
			problems = append(problems, err)
		} else if seen[j.Name] {
			problems = append(problems, fmt.Errorf("there are two jobs called %s: give each its own name", j.Name))
		}
		seen[j.Name] = true
	}
	if o.By == "" {
		o.By = thisProcess()
	}
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Scheduler{opt: o, stopped: make(chan struct{})}, errors.Join(problems...)
}

func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return host + "/" + strconv.Itoa(os.Getpid())
}

// Run follows the jobs until ctx ends or Stop is called, and returns when all
// runs that it began have ended. When ctx ends, theirs end too; one that has
// not returned ten seconds later is left behind.
func (s *Scheduler) Run(ctx context.Context) {
	ticking, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, job := range s.opt.Jobs {
		all.Go(func() { s.follow(ctx, ticking, job) })
	}
	select {
	case <-s.stopped:
	case <-ctx.Done():
	}
	cancel()
	all.Wait()
}

// Stop makes Run begin nothing more. Runs under way go on, and Run returns when
// they have ended.
func (s *Scheduler) Stop() { s.stop.Do(func() { close(s.stopped) }) }

// RunNow runs a job at once, whatever its spec, which may be the zero value,
// and returns the run when it has ended. Where the job is running already, it
// returns a skipped run. An error means that the store could not be asked and
// nothing was run.
func (s *Scheduler) RunNow(ctx context.Context, job Job) (Run, error) {
	kept, mine, err := s.claim(ctx, s.newRun(job, s.opt.Now().Truncate(time.Millisecond)))
	switch {
	case err != nil:
		return Run{}, fmt.Errorf("the job %s was not run, because the record of runs cannot be used: %w", job.Name, err)
	case !mine:
		s.ended(kept)
		return kept, nil
	}
	return s.execute(ctx, job, kept), nil
}
