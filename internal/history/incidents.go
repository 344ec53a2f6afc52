package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vitals/alerting"
)

// ErrNoIncident is what asking for an incident fails with when there is none.
var ErrNoIncident = errors.New("no incident has this id")

// IncidentChange is what a person or a response does to an incident: the
// incident as it is then, what its timeline says, and whom to tell.
type IncidentChange struct {
	Incident alerting.Incident
	Entries  []alerting.Entry
	Notices  []alerting.Notice
}

// OpenIncident keeps an incident opened by hand. When one with the same key is
// open already, nothing is kept and that one is returned with false.
func (db *DB) OpenIncident(ctx context.Context, c IncidentChange) (i alerting.Incident, opened bool, err error) {
	err = db.durably(ctx, func(t *tx) error {
		i, opened = c.Incident, true
		same, err := bodies[alerting.Incident](t, "SELECT body FROM incidents WHERE join_key = ? AND status IN ('open', 'acknowledged')", valid(i.Key))
		if err != nil {
			return err
		}
		if len(same) > 0 {
			i, opened = same[0], false
			return nil
		}
		return t.keepChange(c)
	})
	return i, opened, err
}

// ChangeIncident reads an incident, has change decide, and keeps that, in one
// transaction. What change fails with is returned as it is, and nothing is
// kept. It fails with ErrNoIncident for an ID that is not known.
func (db *DB) ChangeIncident(ctx context.Context, id string, change func(alerting.Incident) (IncidentChange, error)) (i alerting.Incident, err error) {
	var refused error
	err = db.durably(ctx, func(t *tx) error {
		refused = nil
		old, err := t.incident(id)
		if err != nil {
			refused = err
			return nil
		}
		var c IncidentChange
		if c, refused = change(old); refused != nil {
			return nil
		}
		i = c.Incident
		return t.keepChange(c)
	})
	return i, errors.Join(err, refused)
}

func (t *tx) keepChange(c IncidentChange) error {
	return errors.Join(t.keepIncidents([]alerting.Incident{c.Incident}), t.keepEntries(c.Entries), t.enqueue(c.Notices))
}

func (t *tx) incident(id string) (alerting.Incident, error) {
	found, err := bodies[alerting.Incident](t, "SELECT body FROM incidents WHERE id = ?", id)
	if err == nil && len(found) == 0 {
		err = ErrNoIncident
	}
	if err != nil {
		return alerting.Incident{}, err
	}
	return found[0], nil
}

func (t *tx) keepIncidents(all []alerting.Incident) error {
	for _, i := range all {
		if _, err := t.exec(`INSERT INTO incidents (id, join_key, status, opened_at, body) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body`,
			i.ID, valid(i.Key), string(i.Status), whenMillis(i.OpenedAt), body(i)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) keepEntries(entries []alerting.Entry) error {
	for _, e := range entries {
		if _, err := t.exec("INSERT INTO timeline (incident_id, time, kind, body) VALUES (?, ?, ?, ?)", e.Incident, whenMillis(e.At), string(e.Kind), body(e)); err != nil {
			return err
		}
	}
	return nil
}

// AddEntries writes lines into the timelines of incidents that are known.
func (db *DB) AddEntries(ctx context.Context, entries ...alerting.Entry) error {
	return db.durably(ctx, func(t *tx) error { return t.keepEntries(entries) })
}

// IncidentFilter chooses incidents.
type IncidentFilter struct {
	From, To time.Time // opened in between; zero for no bound
	OpenOnly bool
	Most     int // the newest so many; 0 for all
}

// Incidents are those that a filter chooses, the newest first.
func (db *DB) Incidents(ctx context.Context, f IncidentFilter) (all []alerting.Incident, err error) {
	where, args := []string{"opened_at >= ?"}, []any{whenMillis(f.From)}
	if !f.To.IsZero() {
		where, args = append(where, "opened_at <= ?"), append(args, whenMillis(f.To))
	}
	if f.OpenOnly {
		where = append(where, "status IN ('open', 'acknowledged')")
	}
	query := "SELECT body FROM incidents WHERE " + strings.Join(where, " AND ") + " ORDER BY opened_at DESC, id"
	if f.Most > 0 {
		query += fmt.Sprintf(" LIMIT %d", f.Most)
	}
	err = db.reading(ctx, func(t *tx) error {
		all, err = bodies[alerting.Incident](t, query, args...)
		return err
	})
	return all, err
}

// Incident is one incident with its timeline, the oldest line first. The ID
// may be cut short to any start that only one incident has. It fails with
// ErrNoIncident, and with another error where several begin so.
func (db *DB) Incident(ctx context.Context, id string) (i alerting.Incident, timeline []alerting.Entry, err error) {
	var refused error
	err = db.reading(ctx, func(t *tx) error {
		i, refused = t.incidentBegins(id)
		if refused != nil {
			return nil
		}
		timeline, err = t.timeline(i.ID)
		return err
	})
	return i, timeline, errors.Join(err, refused)
}

func (t *tx) incidentBegins(id string) (alerting.Incident, error) {
	if strings.ContainsAny(id, "%_\\") || id == "" {
		return alerting.Incident{}, ErrNoIncident
	}
	found, err := bodies[alerting.Incident](t, "SELECT body FROM incidents WHERE id LIKE ? LIMIT 2", strings.ToLower(id)+"%")
	switch {
	case err != nil:
		return alerting.Incident{}, err
	case len(found) == 0:
		return alerting.Incident{}, ErrNoIncident
	case len(found) > 1:
		return alerting.Incident{}, fmt.Errorf("several incidents begin with %q: write more of the id", id)
	}
	return found[0], nil
}

func (t *tx) timeline(incident string) (all []alerting.Entry, err error) {
	err = t.each(func(row *sql.Rows) error {
		var seq int64
		var text string
		if err := row.Scan(&seq, &text); err != nil {
			return err
		}
		var e alerting.Entry
		err := json.Unmarshal([]byte(text), &e)
		e.Seq = seq
		all = append(all, e)
		return err
	}, "SELECT seq, body FROM timeline WHERE incident_id = ? ORDER BY seq", incident)
	return all, err
}
