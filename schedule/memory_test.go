package schedule

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// memory is a Store as its contract has it.
type memory struct {
	now func() time.Time

	mu     sync.Mutex
	runs   []*kept
	down   bool          // every question fails, and nothing is done
	deaf   bool          // what is asked is done, and the answer is lost
	slow   time.Duration // how long an answer takes
	asked  int
	failed int
}

type kept struct {
	Run
	until time.Time
}

var errDown = errors.New("the store is down")

func newMemory() *memory { return &memory{now: time.Now} }

// begin takes the lock, or fails. What it returns releases the lock and tells
// whether the answer gets through.
func (m *memory) begin(ctx context.Context) (end func() error, err error) {
	m.mu.Lock()
	m.asked++
	if m.slow > 0 {
		slow := m.slow
		m.mu.Unlock()
		if !sleep(ctx, slow) {
			return nil, ctx.Err()
		}
		m.mu.Lock()
	}
	if m.down {
		m.failed++
		m.mu.Unlock()
		return nil, errDown
	}
	return func() error {
		defer m.mu.Unlock()
		if m.deaf {
			m.failed++
			return errDown
		}
		return nil
	}, nil
}

func (m *memory) find(match func(*kept) bool) *kept {
	if i := slices.IndexFunc(m.runs, match); i >= 0 {
		return m.runs[i]
	}
	return nil
}

func (m *memory) Claim(ctx context.Context, run Run, lease time.Duration) (Run, bool, error) {
	end, err := m.begin(ctx)
	if err != nil {
		return Run{}, false, err
	}
	for _, k := range m.runs {
		if k.Outcome == Running && k.until.Before(m.now()) {
			k.Outcome, k.EndedAt = Lost, k.until
		}
	}
	if k := m.find(func(k *kept) bool { return k.Job == run.Job && k.ScheduledAt.Equal(run.ScheduledAt) }); k != nil {
		mine := k.ID == run.ID && k.Outcome == Running
		if mine {
			k.until = m.now().Add(lease)
		}
		run = k.Run
		return run, mine, end()
	}
	k := &kept{Run: run, until: m.now().Add(lease)}
	k.Outcome = Running
	if m.find(func(k *kept) bool { return k.Job == run.Job && k.Outcome == Running }) != nil {
		k.Outcome, k.Summary, k.EndedAt = Skipped, StillRunning, run.StartedAt
	}
	m.runs = append(m.runs, k)
	run = k.Run
	return run, run.Outcome == Running, end()
}

func (m *memory) Renew(ctx context.Context, id string, lease time.Duration) (bool, error) {
	end, err := m.begin(ctx)
	if err != nil {
		return false, err
	}
	k := m.find(func(k *kept) bool { return k.ID == id })
	other := k != nil && m.find(func(o *kept) bool { return o != k && o.Job == k.Job && o.Outcome == Running }) != nil
	held := k != nil && !other && (k.Outcome == Running || k.Outcome == Lost)
	if held {
		k.Outcome, k.EndedAt, k.until = Running, time.Time{}, m.now().Add(lease)
	}
	return held, end()
}

func (m *memory) Finish(ctx context.Context, run Run) error {
	end, err := m.begin(ctx)
	if err != nil {
		return err
	}
	if k := m.find(func(k *kept) bool { return k.ID == run.ID }); k != nil {
		k.Run = run
	}
	return end()
}

func (m *memory) LastScheduled(ctx context.Context, job string) (time.Time, error) {
	end, err := m.begin(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, k := range m.runs {
		if k.Job == job && k.ScheduledAt.After(last) {
			last = k.ScheduledAt
		}
	}
	return last, end()
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// counts tells how often it was asked, and in vain.
func (m *memory) counts() (asked, failed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked, m.failed
}

// all returns the runs by scheduled time.
func (m *memory) all() []Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	runs := make([]Run, len(m.runs))
	for i, k := range m.runs {
		runs[i] = k.Run
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return a.ScheduledAt.Compare(b.ScheduledAt) })
	return runs
}

// story writes scheduled times and outcomes in a line, as 10:00 succeeded.
func (m *memory) story() string {
	var all []string
	for _, r := range m.all() {
		all = append(all, r.ScheduledAt.UTC().Format("15:04")+" "+string(r.Outcome))
	}
	return strings.Join(all, ", ")
}
