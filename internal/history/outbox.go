package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"vitals/alerting"
)

// Outgoing is a message in the outbox.
type Outgoing struct {
	Seq       int64
	Notice    alerting.Notice
	State     string // waiting, sent or dead
	Attempts  int    // how often it was tried, this time included
	CreatedAt time.Time
	DueAt     time.Time // when it is tried next
	EndedAt   time.Time // when it was sent or given up; zero before
	Error     string    // why the last attempt failed, "" when none did
}

func (t *tx) enqueue(notices []alerting.Notice) error {
	for _, n := range notices {
		at := whenMillis(n.Message.At)
		if _, err := t.exec(`INSERT INTO outbox (key, channel, topic, incident_id, state, attempts, created_at, due_at, leased_until, leased_by, ended_at, error, body)
			VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, 0, '', 0, '', ?) ON CONFLICT (key) DO NOTHING`,
			n.Message.Key, valid(n.Channel), n.Message.Group, n.Incident, at, at, body(n)); err != nil {
			return err
		}
	}
	return nil
}

// Enqueue puts messages into the outbox. One whose key is there already is
// not put in again.
func (db *DB) Enqueue(ctx context.Context, notices ...alerting.Notice) error {
	return db.durably(ctx, func(t *tx) error { return t.enqueue(notices) })
}

// Lease takes up to so many messages that are due, for the named channels, and
// keeps them from everybody else for a while: whoever took one says with
// Delivered or Failed what became of it, or another process takes it when the
// lease is over. Of the messages about one thing on one channel only the oldest
// that waits can be taken.
func (db *DB) Lease(ctx context.Context, by string, channels []string, most int, lease time.Duration) (taken []Outgoing, err error) {
	if len(channels) == 0 || most <= 0 {
		return nil, nil
	}
	err = db.durably(ctx, func(t *tx) error {
		now := db.opt.Now()
		args := []any{}
		for _, c := range channels {
			args = append(args, c)
		}
		args = append(args, now.UnixMilli(), now.UnixMilli(), most)
		taken, err = t.outgoing(`WHERE state = 'waiting' AND channel IN (`+marks(len(channels))+`) AND due_at <= ? AND leased_until <= ?
			AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.state = 'waiting' AND older.channel = outbox.channel AND older.topic = outbox.topic AND older.seq < outbox.seq)
			ORDER BY seq LIMIT ?`, args...)
		for i := range taken {
			taken[i].Attempts++
			if err == nil {
				_, err = t.exec("UPDATE outbox SET leased_until = ?, leased_by = ?, attempts = attempts + 1 WHERE seq = ?", now.Add(lease).UnixMilli(), by, taken[i].Seq)
			}
		}
		return err
	})
	return taken, err
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (t *tx) outgoing(where string, args ...any) (all []Outgoing, err error) {
	err = t.each(func(row *sql.Rows) error {
		var o Outgoing
		var text string
		var created, due, ended int64
		if err := row.Scan(&o.Seq, &o.State, &o.Attempts, &created, &due, &ended, &o.Error, &text); err != nil {
			return err
		}
		o.CreatedAt, o.DueAt, o.EndedAt = momentOf(created), momentOf(due), momentOf(ended)
		all = append(all, o)
		return json.Unmarshal([]byte(text), &all[len(all)-1].Notice)
	}, "SELECT seq, state, attempts, created_at, due_at, ended_at, error, body FROM outbox "+where, args...)
	return all, err
}

// Delivered marks a message as taken by its receiver, and writes that into the
// timeline of its incident.
func (db *DB) Delivered(ctx context.Context, o Outgoing) error {
	return db.settle(ctx, o, "sent", "", alerting.EntryNotified, o.Notice.Channel+" was told: "+o.Notice.Message.Title)
}

// GiveUp marks a message as one that cannot be delivered, with the reason. The
// messages instead, if any, go to another channel in its place.
func (db *DB) GiveUp(ctx context.Context, o Outgoing, reason string, instead ...alerting.Notice) error {
	return db.settle(ctx, o, "dead", reason, alerting.EntryNotNotified, o.Notice.Channel+" could not be told: "+reason, instead...)
}

// settle ends a message. One that somebody else has ended meanwhile, because
// the lease was over, stays as that one left it.
func (db *DB) settle(ctx context.Context, o Outgoing, state, reason string, kind alerting.EntryKind, text string, instead ...alerting.Notice) error {
	return db.durably(ctx, func(t *tx) error {
		now := db.opt.Now()
		n, err := t.exec("UPDATE outbox SET state = ?, ended_at = ?, leased_until = 0, error = ? WHERE seq = ? AND state = 'waiting'", state, now.UnixMilli(), valid(reason), o.Seq)
		if err != nil || n == 0 {
			return err
		}
		if err := t.enqueue(instead); err != nil {
			return err
		}
		if o.Notice.Incident == "" {
			return nil
		}
		known, err := t.one("SELECT 1 FROM incidents WHERE id = ?", []any{o.Notice.Incident}, new(int))
		if err != nil || !known {
			return err
		}
		return t.keepEntries([]alerting.Entry{{
			Incident: o.Notice.Incident, At: now, Kind: kind, Actor: alerting.Self, Text: text, Data: map[string]string{"channel": o.Notice.Channel, "key": o.Notice.Message.Key},
		}})
	})
}

// Failed gives a message back to be tried again at a moment, with the reason.
// The messages also, if any, go to another channel meanwhile.
func (db *DB) Failed(ctx context.Context, o Outgoing, reason string, again time.Time, also ...alerting.Notice) error {
	return db.durably(ctx, func(t *tx) error {
		if _, err := t.exec("UPDATE outbox SET due_at = ?, leased_until = 0, error = ? WHERE seq = ? AND state = 'waiting'", again.UnixMilli(), valid(reason), o.Seq); err != nil {
			return err
		}
		return t.enqueue(also)
	})
}

// Waiting are the messages that have not been delivered yet, the oldest first.
func (db *DB) Waiting(ctx context.Context) (all []Outgoing, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.outgoing("WHERE state = 'waiting' ORDER BY seq")
		return err
	})
	return all, err
}

// Sent are the messages that were delivered or given up since a moment, the
// oldest first.
func (db *DB) Sent(ctx context.Context, since time.Time) (all []Outgoing, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.outgoing("WHERE state <> 'waiting' AND ended_at >= ? ORDER BY seq", whenMillis(since))
		return err
	})
	return all, err
}

// Message is the message of a key, false when there is none.
func (db *DB) Message(ctx context.Context, key string) (o Outgoing, found bool, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err := t.outgoing("WHERE key = ?", key)
		if found = len(all) > 0; found {
			o = all[0]
		}
		return err
	})
	return o, found, err
}
