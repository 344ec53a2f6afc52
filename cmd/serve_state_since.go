package cmd

import (
	"context"
	"sync"
	"time"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/report"
)

// pageBack is how many past results are looked through for when trouble began.
const pageBack = 2000

// sinceBook remembers since when checks have had their status, so that a page a
// second does not look far back for each that fails.
type sinceBook struct {
	mu    sync.Mutex
	known map[string]sinceEntry
}

type sinceEntry struct {
	status  checks.Status
	since   time.Time
	atLeast bool
	seen    time.Time // when it last was so
}

// onto adds to a page since when each check that is not healthy has been so.
func (b *sinceBook) onto(ctx context.Context, p *report.StatusPage, recent map[string][]history.Point, db *history.DB) error {
	for i := range p.Checks {
		c := &p.Checks[i]
		if c.Status == checks.Healthy {
			continue
		}
		points := recent[c.Check]
		e := sinceEntry{status: c.Status, seen: p.Now}
		e.since, e.atLeast = sinceWhen(c.Result, points, pageResults)
		if e.atLeast {
			if known, ok := b.lookUp(c.Check, c.Status, points[0].Time); ok {
				e.since, e.atLeast = known.since, known.atLeast
			} else {
				back, err := db.Recent(ctx, pageBack, c.Check)
				if err != nil {
					return err
				}
				e.since, e.atLeast = sinceWhen(c.Result, back[c.Check], pageBack)
			}
		}
		b.note(c.Check, e)
		c.Since, c.SinceAtLeast = e.since, e.atLeast
	}
	return nil
}

// lookUp is what was noted of a check that has had the status ever since a
// moment: what was noted before it may have ended meanwhile.
func (b *sinceBook) lookUp(check string, status checks.Status, always time.Time) (sinceEntry, bool) {
	if b == nil {
		return sinceEntry{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.known[check]
	return e, ok && e.status == status && !e.seen.Before(always)
}

func (b *sinceBook) note(check string, e sinceEntry) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = map[string]sinceEntry{}
	}
	b.known[check] = e
}

// sinceWhen tells since when a check has had its status: the first of the last
// results that are all alike. It may be longer when all of those asked for are.
func sinceWhen(r checks.Result, past []history.Point, asked int) (since time.Time, atLeast bool) {
	since = r.Started
	for i := len(past) - 1; i >= 0; i-- {
		if past[i].Status != r.Status {
			return since, false
		}
		since = past[i].Time
	}
	return since, len(past) >= asked
}
