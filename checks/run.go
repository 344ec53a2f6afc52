package checks

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Runner asks checks. Its rules: no check outlives its deadline in the eyes of
// the caller, a panic is an unknown result, and at most Concurrency checks are
// asked at a time. The zero value works.
type Runner struct {
	Timeout     time.Duration // for checks that set none; 0 means 10 s
	Concurrency int           // 0 means 16
	Redactor    Redactor
	Panicked    func(check string, value any, stack []byte) // may be nil; for the log
}

// grace is how long after its deadline a check may take to put its own, better
// words to what happened. "Within the timeout plus 100 ms" is promised.
const grace = 50 * time.Millisecond

// Run asks all checks and returns their results in the same order.
func (r *Runner) Run(ctx context.Context, list []Check) []Result {
	results := make([]Result, len(list))
	slots := make(chan struct{}, r.concurrency())
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i], _ = r.ask(ctx, c)
		})
	}
	wg.Wait()
	NoteDependencies(list, results)
	return results
}

// ask asks one check. The channel is closed when the check's own code has
// returned, which may be later than ask does, or never.
func (r *Runner) ask(ctx context.Context, c Check) (Result, <-chan struct{}) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = r.timeout()
	}
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	answer := make(chan Result, 1)
	returned := make(chan struct{})
	go func() {
		res := r.guarded(ctx, c)
		cancel()
		close(returned) // before the answer: whoever has the answer may ask again at once
		answer <- res
	}()
	res := await(ctx, answer, timeout)
	r.complete(&res, c, started)
	return res, returned
}

func await(ctx context.Context, answer <-chan Result, timeout time.Duration) Result {
	select {
	case res := <-answer:
		return res
	case <-ctx.Done():
	}
	last := time.NewTimer(grace)
	defer last.Stop()
	select {
	case res := <-answer:
		return res
	case <-last.C:
		return CannotTell(fmt.Sprintf("gave no answer within %s and did not stop when asked to", timeout), context.Cause(ctx))
	}
}

// guarded turns a panic of the check into a result.
func (r *Runner) guarded(ctx context.Context, c Check) (res Result) {
	defer func() {
		if v := recover(); v != nil {
			if r.Panicked != nil {
				r.Panicked(c.Name, v, debug.Stack())
			}
			res = CannotTell("the check itself broke: this is a fault in Vitals, please report it", fmt.Errorf("panic: %v", v))
		}
	}()
	return c.Do(ctx)
}

func (r *Runner) complete(res *Result, c Check, started time.Time) {
	res.Check, res.Critical, res.Started = c.Name, c.Critical, started
	res.Duration = time.Since(started)
	if res.Summary == "" {
		res.Summary = res.Status.String()
	}
	r.Redactor.Result(res)
}

func (r *Runner) timeout() time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return 10 * time.Second
}

func (r *Runner) concurrency() int {
	if r.Concurrency > 0 {
		return r.Concurrency
	}
	return 16
}

// NoteDependencies fills in FailedDependencies from the other results. The two
// slices belong together by index.
func NoteDependencies(list []Check, results []Result) {
	status := make(map[string]Status, len(results))
	for i := range results {
		status[list[i].Name] = results[i].Status
	}
	for i, c := range list {
		results[i].FailedDependencies = nil
		for _, name := range c.DependsOn {
			if s, ok := status[name]; ok && s == Unhealthy {
				results[i].FailedDependencies = append(results[i].FailedDependencies, name)
			}
		}
	}
}
