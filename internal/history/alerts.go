package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"time"

	"vitals/alerting"
)

// Step moves the alerts on: it reads their state, has think decide what
// follows from it, and keeps that, all in one transaction that is on the disk
// when Step returns. Any number of processes may call it; they take turns.
// Think may be called again when the file had to be replaced, and must not use
// the DB. A step in which nothing happened writes nothing.
func (db *DB) Step(ctx context.Context, think func(alerting.State) alerting.Changes) (alerting.Changes, error) {
	before, err := db.AlertState(ctx)
	if err != nil {
		return alerting.Changes{}, err
	}
	done := think(before)
	if done.Quiet(before) {
		return done, nil
	}
	err = db.durably(ctx, func(t *tx) error {
		state, err := t.alertState(db.opt.Now())
		if err != nil {
			return err
		}
		done = think(state)
		return t.keepChanges(state, done)
	})
	return done, err
}

// AlertState is what the alerts are now.
func (db *DB) AlertState(ctx context.Context) (state alerting.State, err error) {
	err = db.reading(ctx, func(t *tx) error {
		state, err = t.alertState(db.opt.Now())
		return err
	})
	return state, err
}

func (t *tx) alertState(now time.Time) (s alerting.State, err error) {
	s.Rules = map[string]alerting.RuleState{}
	err = t.each(func(row *sql.Rows) error {
		var rule, body string
		if err := row.Scan(&rule, &body); err != nil {
			return err
		}
		var state alerting.RuleState
		err := json.Unmarshal([]byte(body), &state)
		s.Rules[rule] = state
		return err
	}, "SELECT rule, body FROM rule_states")
	if err != nil {
		return s, err
	}
	if s.Alerts, err = bodies[alerting.Alert](t, "SELECT body FROM alerts ORDER BY id"); err != nil {
		return s, err
	}
	if s.Incidents, err = bodies[alerting.Incident](t, "SELECT body FROM incidents WHERE status IN ('open', 'acknowledged') ORDER BY opened_at, id"); err != nil {
		return s, err
	}
	if s.Groups, err = bodies[alerting.Group](t, "SELECT body FROM notification_groups ORDER BY id"); err != nil {
		return s, err
	}
	s.Silences, err = bodies[alerting.Silence](t, "SELECT body FROM silences WHERE until > ? ORDER BY until, id", now.UnixMilli())
	return s, err
}

// bodies reads one column of JSON.
func bodies[T any](t *tx, query string, args ...any) ([]T, error) {
	var all []T
	err := t.each(func(row *sql.Rows) error {
		var body string
		if err := row.Scan(&body); err != nil {
			return err
		}
		var one T
		err := json.Unmarshal([]byte(body), &one)
		all = append(all, one)
		return err
	}, query, args...)
	return all, err
}

// body is the JSON of a value, as an argument of a statement: one that cannot
// be written makes the statement fail.
func body(v any) jsonText { return jsonText{v} }

type jsonText struct{ value any }

// Value implements driver.Valuer.
func (j jsonText) Value() (driver.Value, error) {
	text, err := json.Marshal(j.value)
	return valid(string(text)), err
}

func (t *tx) keepChanges(before alerting.State, c alerting.Changes) error {
	return errors.Join(
		t.keepRules(before.Rules, c.Rules), t.keepAlerts(before.Alerts, c.Alerts, c.Gone), t.keepTransitions(c.Transitions),
		t.keepIncidents(c.Incidents), t.keepEntries(c.Entries), t.keepGroups(c.Groups, c.GoneGroups), t.enqueue(c.Notices),
	)
}

func (t *tx) keepRules(before, after map[string]alerting.RuleState) error {
	for name, state := range after {
		if before[name] == state {
			continue
		}
		if _, err := t.exec("INSERT INTO rule_states (rule, evaluated_at, body) VALUES (?, ?, ?) ON CONFLICT (rule) DO UPDATE SET evaluated_at = excluded.evaluated_at, body = excluded.body",
			name, whenMillis(state.EvaluatedAt), body(state)); err != nil {
			return err
		}
	}
	for name := range before {
		if _, kept := after[name]; !kept {
			if _, err := t.exec("DELETE FROM rule_states WHERE rule = ?", name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) keepAlerts(before, after []alerting.Alert, gone []string) error {
	known := map[string]any{}
	for _, a := range before {
		text, err := body(a).Value()
		if err != nil {
			return err
		}
		known[a.ID] = text
	}
	for _, a := range after {
		text, err := body(a).Value()
		if err != nil {
			return err
		}
		if known[a.ID] == text {
			continue
		}
		if _, err := t.exec("INSERT INTO alerts (id, rule, phase, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, body = excluded.body",
			a.ID, valid(a.Rule), string(a.Phase), text); err != nil {
			return err
		}
	}
	return t.remove("DELETE FROM alerts WHERE id = ?", gone)
}

func (t *tx) remove(query string, ids []string) error {
	for _, id := range ids {
		if _, err := t.exec(query, id); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) keepTransitions(done []alerting.Transition) error {
	for _, d := range done {
		if _, err := t.exec("INSERT INTO transitions (key, time, alert_id, rule, phase, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
			d.Key(), whenMillis(d.At), d.Alert.ID, valid(d.Alert.Rule), string(d.To), body(d)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) keepGroups(groups []alerting.Group, gone []string) error {
	for _, g := range groups {
		if _, err := t.exec("INSERT INTO notification_groups (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", g.ID, body(g)); err != nil {
			return err
		}
	}
	return t.remove("DELETE FROM notification_groups WHERE id = ?", gone)
}

// Transitions are the changes of alerts from one moment to another, the oldest
// first, and at most so many of the newest.
func (db *DB) Transitions(ctx context.Context, from, to time.Time, most int) (all []alerting.Transition, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = bodies[alerting.Transition](t,
			"SELECT body FROM (SELECT body, time, key FROM transitions WHERE time >= ? AND time <= ? ORDER BY time DESC, key DESC LIMIT ?) AS newest ORDER BY time, key",
			whenMillis(from), whenMillis(to), most)
		return err
	})
	return all, err
}

// AddSilence keeps a silence.
func (db *DB) AddSilence(ctx context.Context, s alerting.Silence) error {
	return db.durably(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO silences (id, until, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until, body = excluded.body",
			s.ID, whenMillis(s.Until), body(s))
		return err
	})
}

// Silences are those that end after a moment, the first to end first. The zero
// time gives all that are kept.
func (db *DB) Silences(ctx context.Context, after time.Time) (all []alerting.Silence, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = bodies[alerting.Silence](t, "SELECT body FROM silences WHERE until > ? ORDER BY until, id", whenMillis(after))
		return err
	})
	return all, err
}

// whenMillis is a time as it is kept: 0 for the zero time.
func whenMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// momentOf is the time that whenMillis made a number of.
func momentOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
