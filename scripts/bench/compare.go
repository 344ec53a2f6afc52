package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"
)

// program is one to be run as a whole process.
type program struct {
	path  string
	args  []string
	env   []string // nil = this process's
	worst int      // the highest exit code that still means that it did its work
}

// time runs it and returns how long that took.
func (p program) time(ctx context.Context) (time.Duration, error) {
	c := exec.CommandContext(ctx, p.path, p.args...)
	c.Env = p.env
	began := time.Now()
	err := c.Run()
	took := time.Since(began)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() >= 0 && ended.ExitCode() <= p.worst {
		err = nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", p.path, p.args, err)
	}
	return took, nil
}

// series runs programs one after the other.
func series(ctx context.Context, programs []program) (time.Duration, error) {
	var all time.Duration
	for _, p := range programs {
		took, err := p.time(ctx)
		if err != nil {
			return 0, err
		}
		all += took
	}
	return all, nil
}

// comparison is what pairs of runs came to.
type comparison struct {
	ours, theirs     time.Duration // medians
	ratio, low, high float64       // of the pairs: the median, and what 80 % lie between
}

// compare runs two sets of programs in turn, so that whatever else the machine
// does meets both, and changes their order with each pair.
func compare(ctx context.Context, runs int, ours, theirs []program) (comparison, error) {
	const warmUp = 3
	var a, b, ratios []float64
	for i := range runs + warmUp {
		first, second := ours, theirs
		if i%2 == 1 {
			first, second = theirs, ours
		}
		t1, err := series(ctx, first)
		if err != nil {
			return comparison{}, err
		}
		t2, err := series(ctx, second)
		if err != nil {
			return comparison{}, err
		}
		if i%2 == 1 {
			t1, t2 = t2, t1
		}
		if i >= warmUp {
			a, b, ratios = append(a, float64(t1)), append(b, float64(t2)), append(ratios, float64(t1)/float64(t2))
		}
	}
	return comparison{
		ours: time.Duration(quantile(a, 0.5)), theirs: time.Duration(quantile(b, 0.5)),
		ratio: quantile(ratios, 0.5), low: quantile(ratios, 0.1), high: quantile(ratios, 0.9),
	}, nil
}

// quantile is the value below which the part q of the values lies, on a
// straight line between the two nearest.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if high := low + 1; high < len(sorted) {
		return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
	}
	return sorted[low]
}
