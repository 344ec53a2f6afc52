package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vitals/schedule"
)

// Claim implements schedule.Store.
func (db *DB) Claim(ctx context.Context, run schedule.Run, lease time.Duration) (kept schedule.Run, mine bool, err error) {
	err = db.durably(ctx, func(t *tx) error {
		now, err := t.now()
		if err != nil {
			return err
		}
		if err := t.loseRuns(now); err != nil {
			return err
		}
		same, err := bodies[schedule.Run](t, "SELECT body FROM runs WHERE job = ? AND scheduled_at = ?", valid(run.Job), whenMillis(run.ScheduledAt))
		if err != nil {
			return err
		}
		if len(same) > 0 {
			kept = same[0]
			if mine = kept.ID == run.ID && kept.Outcome == schedule.Running; mine {
				return t.lease(run.ID, now.Add(lease))
			}
			return nil
		}
		other, err := t.one("SELECT 1 FROM runs WHERE job = ? AND leased_until > 0", []any{valid(run.Job)}, new(int))
		if err != nil {
			return err
		}
		kept, mine = run, !other
		until := now.Add(lease).UnixMilli()
		if kept.Outcome = schedule.Running; other {
			kept.Outcome, kept.EndedAt, kept.Summary, until = schedule.Skipped, kept.StartedAt, schedule.StillRunning, 0
		}
		_, err = t.exec("INSERT INTO runs (id, job, scheduled_at, leased_until, outcome, body) VALUES (?, ?, ?, ?, ?, ?)",
			kept.ID, valid(kept.Job), whenMillis(kept.ScheduledAt), until, string(kept.Outcome), body(kept))
		return err
	})
	return kept, mine && err == nil, err
}

// loseRuns marks the runs whose lease has ended.
func (t *tx) loseRuns(now time.Time) error {
	ended, err := bodies[schedule.Run](t, "SELECT body FROM runs WHERE leased_until > 0 AND leased_until <= ?", now.UnixMilli())
	if err != nil {
		return err
	}
	for _, r := range ended {
		var until int64
		if _, err := t.one("SELECT leased_until FROM runs WHERE id = ?", []any{r.ID}, &until); err != nil {
			return err
		}
		r.Outcome, r.EndedAt = schedule.Lost, momentOf(until)
		r.Summary = "the process that ran it (" + r.By + ") went away without a word"
		if err := t.keepRun(r, 0); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) lease(id string, until time.Time) error {
	_, err := t.exec("UPDATE runs SET leased_until = ? WHERE id = ?", until.UnixMilli(), id)
	return err
}

// keepRun writes a run anew, with when its lease ends; 0 for none.
func (t *tx) keepRun(r schedule.Run, until int64) error {
	_, err := t.exec("UPDATE runs SET leased_until = ?, outcome = ?, body = ? WHERE id = ?", until, string(r.Outcome), body(r), r.ID)
	return err
}

// Renew implements schedule.Store.
func (db *DB) Renew(ctx context.Context, id string, lease time.Duration) (held bool, err error) {
	err = db.durably(ctx, func(t *tx) error {
		held = false
		found, err := bodies[schedule.Run](t, "SELECT body FROM runs WHERE id = ?", id)
		if err != nil || len(found) == 0 {
			return err
		}
		r := found[0]
		if r.Outcome == schedule.Lost {
			other, err := t.one("SELECT 1 FROM runs WHERE job = ? AND leased_until > 0 AND id <> ?", []any{valid(r.Job), id}, new(int))
			if err != nil || other {
				return err
			}
			r.Outcome, r.EndedAt, r.Summary = schedule.Running, time.Time{}, ""
		}
		if r.Outcome != schedule.Running {
			return nil
		}
		now, err := t.now()
		if err != nil {
			return err
		}
		held = true
		return t.keepRun(r, now.Add(lease).UnixMilli())
	})
	return held && err == nil, err
}

// Finish implements schedule.Store.
func (db *DB) Finish(ctx context.Context, run schedule.Run) error {
	return db.durably(ctx, func(t *tx) error { return t.keepRun(run, 0) })
}

// LastScheduled implements schedule.Store.
func (db *DB) LastScheduled(ctx context.Context, job string) (at time.Time, err error) {
	err = db.reading(ctx, func(t *tx) error {
		var ms *int64
		_, err := t.one("SELECT max(scheduled_at) FROM runs WHERE job = ?", []any{valid(job)}, &ms)
		if ms != nil {
			at = momentOf(*ms)
		}
		return err
	})
	return at, err
}

// responses are runs too, so that each happens once; they are not jobs.
const (
	responsePrefix = "response:"
	notResponses   = "job NOT LIKE 'response:%'"
)

// ResponseJob names the runs of an automated response to an incident.
func ResponseJob(response, incident string) string {
	return responsePrefix + response + ":" + incident
}

// LastResponse is when a response last began, to whatever incident; zero when
// it never did.
func (db *DB) LastResponse(ctx context.Context, response string) (at time.Time, err error) {
	err = db.reading(ctx, func(t *tx) error {
		name := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(response)
		all, err := t.runs(" FROM runs WHERE job LIKE ? ESCAPE '!' AND outcome <> 'skipped'", responsePrefix+name+":%")
		for _, r := range all {
			if r.StartedAt.After(at) {
				at = r.StartedAt
			}
		}
		return err
	})
	return at, err
}

// AddRun keeps a run that was not claimed: a heartbeat, or what a wrapper
// began. One of the same job and scheduled time is replaced.
func (db *DB) AddRun(ctx context.Context, r schedule.Run, lease time.Duration) error {
	return db.durably(ctx, func(t *tx) error {
		until := int64(0)
		if r.Outcome == schedule.Running {
			now, err := t.now()
			if err != nil {
				return err
			}
			until = now.Add(lease).UnixMilli()
		}
		_, err := t.exec(`INSERT INTO runs (id, job, scheduled_at, leased_until, outcome, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (job, scheduled_at) DO UPDATE SET id = excluded.id, leased_until = excluded.leased_until, outcome = excluded.outcome, body = excluded.body`,
			r.ID, valid(r.Job), whenMillis(r.ScheduledAt), until, string(r.Outcome), body(r))
		return err
	})
}

// RunFilter chooses runs.
type RunFilter struct {
	Job  string    // "" for all
	From time.Time // scheduled since; zero for all
	Most int       // the newest so many; 0 for all
}

// Runs are those that a filter chooses, the newest first. One whose lease has
// ended is shown as lost, though nobody has written that yet.
func (db *DB) Runs(ctx context.Context, f RunFilter) (all []schedule.Run, err error) {
	where, args := []string{"scheduled_at >= ?", notResponses}, []any{whenMillis(f.From)}
	if f.Job != "" {
		where, args = append(where, "job = ?"), append(args, f.Job)
	}
	query := " FROM runs WHERE " + strings.Join(where, " AND ") + " ORDER BY scheduled_at DESC, job"
	if f.Most > 0 {
		query += fmt.Sprintf(" LIMIT %d", f.Most)
	}
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.runs(query, args...)
		return err
	})
	return all, err
}

func (t *tx) runs(query string, args ...any) ([]schedule.Run, error) {
	all, err := bodies[schedule.Run](t, "SELECT body"+query, args...)
	if err != nil {
		return nil, err
	}
	now, err := t.now()
	if err != nil {
		return nil, err
	}
	gone, err := bodies[string](t, "SELECT '\"' || id || '\"' FROM runs WHERE leased_until > 0 AND leased_until <= ?", now.UnixMilli())
	if err != nil {
		return nil, err
	}
	for i := range all {
		for _, id := range gone {
			if all[i].ID == id {
				all[i].Outcome, all[i].Summary = schedule.Lost, "the process that ran it ("+all[i].By+") went away without a word"
			}
		}
	}
	return all, nil
}

// JobState is what is known of a job from its runs.
type JobState struct {
	Last        schedule.Run // the newest that was run or is running
	LastSuccess time.Time    // when it last succeeded; zero when never
	DueAt       time.Time    // when the next success is due at the latest; zero where nobody said
}

// Jobs are the states of all jobs that have run since a moment, by name.
func (db *DB) Jobs(ctx context.Context, since time.Time) (states map[string]JobState, err error) {
	states = map[string]JobState{}
	err = db.reading(ctx, func(t *tx) error {
		clear(states)
		newest, err := t.runs(` FROM runs WHERE scheduled_at = (SELECT max(r.scheduled_at) FROM runs AS r WHERE r.job = runs.job AND r.outcome <> 'skipped') AND scheduled_at >= ? AND `+notResponses, whenMillis(since))
		if err != nil {
			return err
		}
		good, err := t.runs(` FROM runs WHERE scheduled_at = (SELECT max(r.scheduled_at) FROM runs AS r WHERE r.job = runs.job AND r.outcome = 'succeeded')`)
		if err != nil {
			return err
		}
		first, err := t.runs(` FROM runs WHERE scheduled_at = (SELECT min(r.scheduled_at) FROM runs AS r WHERE r.job = runs.job)`)
		for _, r := range newest {
			states[r.Job] = JobState{Last: r}
		}
		note := func(runs []schedule.Run, set func(*JobState, schedule.Run)) {
			for _, r := range runs {
				if s, known := states[r.Job]; known {
					set(&s, r)
					states[r.Job] = s
				}
			}
		}
		note(first, func(s *JobState, r schedule.Run) { s.DueAt = r.DueAt }) // for one that never succeeded
		note(good, func(s *JobState, r schedule.Run) { s.LastSuccess, s.DueAt = r.EndedAt, r.DueAt })
		return err
	})
	return states, err
}

// Run is the run of an ID, which may be cut short to any start that only one
// has. False when there is none.
func (db *DB) Run(ctx context.Context, id string) (r schedule.Run, found bool, err error) {
	if id == "" || strings.ContainsAny(id, "%_\\") {
		return r, false, nil
	}
	var several error
	err = db.reading(ctx, func(t *tx) error {
		all, err := t.runs(" FROM runs WHERE id LIKE ? LIMIT 2", strings.ToLower(id)+"%")
		if len(all) == 1 {
			r, found = all[0], true
		} else if len(all) > 1 {
			several = fmt.Errorf("several runs begin with %q: write more of the id", id)
		}
		return err
	})
	return r, found, errors.Join(err, several)
}
