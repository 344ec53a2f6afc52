package checks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Board keeps the last result of each check and shares one run between all who
// ask: a thousand requests for /health cost the database one probe. A check
// that never returned from its last run is not started again.
//
// A Board is safe for use by many goroutines.
type Board struct {
	runner  *Runner
	observe func(Result)
	list    []Check
	entries map[string]*entry
}

// entry is what the board knows of one check.
type entry struct {
	check  Check
	mu     sync.Mutex
	last   Result
	have   bool
	flight chan struct{}   // open while a run is under way; nil otherwise
	stuck  <-chan struct{} // closed once the code of the last run has returned
}

// NewBoard makes a board. Observe is called once for each run's result, from
// the goroutine that ran it; it may be nil.
func NewBoard(runner *Runner, list []Check, observe func(Result)) *Board {
	b := &Board{runner: runner, observe: observe, list: slices.Clone(list), entries: make(map[string]*entry, len(list))}
	for _, c := range list {
		b.entries[c.Name] = &entry{check: c}
	}
	return b
}

// Checks returns the checks on the board, in the order they were given.
func (b *Board) Checks() []Check { return slices.Clone(b.list) }

// Get returns a result no older than maxAge, running the check if there is
// none and joining a run that is under way. When ctx ends first, the last
// known result comes back, or an unknown one. The second value is false when
// no check has that name.
func (b *Board) Get(ctx context.Context, name string, maxAge time.Duration) (Result, bool) {
	e, ok := b.entries[name]
	if !ok {
		return Result{}, false
	}
	return b.get(ctx, e, maxAge), true
}

// All returns a result no older than maxAge for every check, in order.
func (b *Board) All(ctx context.Context, maxAge time.Duration) []Result {
	results := make([]Result, len(b.list))
	var wg sync.WaitGroup
	for i, c := range b.list {
		e := b.entries[c.Name]
		if res, fresh := e.fresh(maxAge); fresh {
			results[i] = res
			continue
		}
		wg.Go(func() { results[i] = b.get(ctx, e, maxAge) })
	}
	wg.Wait()
	NoteDependencies(b.list, results)
	return results
}

// Last returns what is known without running anything, and the names of the
// checks that have not answered yet.
func (b *Board) Last() (results []Result, missing []string) {
	var known []Check
	for _, c := range b.list {
		e := b.entries[c.Name]
		e.mu.Lock()
		if e.have {
			results, known = append(results, e.last), append(known, c)
		} else {
			missing = append(missing, c.Name)
		}
		e.mu.Unlock()
	}
	NoteDependencies(known, results)
	return results, missing
}

// Close closes every check. Runs under way are not waited for.
func (b *Board) Close() {
	for _, c := range b.list {
		if c.Close != nil {
			c.Close()
		}
	}
}

func (e *entry) fresh(maxAge time.Duration) (Result, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last, e.have && time.Since(e.last.Started.Add(e.last.Duration)) < maxAge
}

func (b *Board) get(ctx context.Context, e *entry, maxAge time.Duration) Result {
	e.mu.Lock()
	if e.have && time.Since(e.last.Started.Add(e.last.Duration)) < maxAge {
		defer e.mu.Unlock()
		return e.last
	}
	if e.flight == nil {
		e.flight = make(chan struct{})
		go b.fly(e)
	}
	flight := e.flight
	e.mu.Unlock()

	select {
	case <-flight:
	case <-ctx.Done():
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.have {
		return e.last
	}
	res := CannotTell("has not answered yet", context.Cause(ctx))
	res.Check, res.Critical, res.Started = e.check.Name, e.check.Critical, time.Now()
	return res
}

// fly runs the check once, for everybody who waits. It uses a context of its
// own: one impatient caller must not spoil the answer for the others.
func (b *Board) fly(e *entry) {
	e.mu.Lock()
	stuck, since := e.stuck, e.last.Started
	e.mu.Unlock()

	var res Result
	if hangs(stuck) {
		res = CannotTell(fmt.Sprintf("still hangs in the run of %s and was not started again", since.Format(time.TimeOnly)), nil)
		res.Check, res.Critical, res.Started = e.check.Name, e.check.Critical, since
		res.Duration = time.Since(since)
	} else {
		res, stuck = b.runner.ask(context.Background(), e.check)
	}
	if b.observe != nil {
		b.observe(res)
	}
	e.mu.Lock()
	e.last, e.have, e.stuck = res, true, stuck
	close(e.flight)
	e.flight = nil
	e.mu.Unlock()
}

func hangs(returned <-chan struct{}) bool {
	if returned == nil {
		return false
	}
	select {
	case <-returned:
		return false
	default:
		return true
	}
}
