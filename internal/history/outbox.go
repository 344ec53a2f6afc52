package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"vitals/alerting"
)

func (t *tx) enqueue(notices []alerting.Notice) error {
	for _, n := range notices {
		at := whenMillis(n.Message.At)
		if _, err := t.exec(`INSERT INTO outbox (key, channel, topic, incident_id, state, attempts, created_at, due_at, leased_until, leased_by, ended_at, error, body)
			VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, 0, '', 0, '', ?) ON CONFLICT (key) DO NOTHING`,
			n.Message.Key, valid(n.Channel), or(n.Topic, n.Message.Key), n.Incident, at, at, body(n)); err != nil {
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

// Lease takes a message that is due on a channel and keeps it from everybody
// else for a while: whoever took one says with Delivered, Failed or GiveUp what
// became of it, or another process takes it when the lease is over. Of the
// messages about one thing only the oldest that waits can be taken, and what
// was tried less comes first. False when none is due.
func (db *DB) Lease(ctx context.Context, by, channel string, lease time.Duration) (o alerting.Outgoing, found bool, err error) {
	due, err := db.anyDue(ctx, channel)
	if err != nil || !due { // most often: then nothing need be locked
		return o, false, err
	}
	err = db.durably(ctx, func(t *tx) error {
		now, err := t.now()
		if err != nil {
			return err
		}
		all, err := t.outgoing("WHERE "+isDue+" ORDER BY attempts, seq LIMIT 1", channel, now.UnixMilli(), now.UnixMilli(), now.UnixMilli())
		if found = len(all) > 0; !found || err != nil {
			return err
		}
		o = all[0]
		o.Attempts++
		_, err = t.exec("UPDATE outbox SET leased_until = ?, leased_by = ?, attempts = attempts + 1 WHERE seq = ?", now.Add(lease).UnixMilli(), by, o.Seq)
		return err
	})
	return o, found && err == nil, err
}

const isDue = `state = 'waiting' AND channel = ? AND due_at <= ? AND leased_until <= ?
	AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.state = 'waiting' AND older.channel = outbox.channel AND older.topic = outbox.topic AND older.seq < outbox.seq)
	AND NOT EXISTS (SELECT 1 FROM channel_holds WHERE channel_holds.channel = outbox.channel AND channel_holds.until > ?)`

func (db *DB) anyDue(ctx context.Context, channel string) (due bool, err error) {
	err = db.reading(ctx, func(t *tx) error {
		clock, err := t.now()
		if err != nil {
			return err
		}
		now := clock.UnixMilli()
		due, err = t.one("SELECT 1 FROM outbox WHERE "+isDue+" LIMIT 1", []any{channel, now, now, now}, new(int))
		return err
	})
	return due, err
}

func (t *tx) outgoing(where string, args ...any) (all []alerting.Outgoing, err error) {
	err = t.each(func(row *sql.Rows) error {
		var o alerting.Outgoing
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
func (db *DB) Delivered(ctx context.Context, o alerting.Outgoing) error {
	return db.settle(ctx, o, "sent", "", alerting.EntryNotified, o.Notice.Channel+" was told: "+o.Notice.Message.Title)
}

// GiveUp marks a message as one that cannot be delivered, with the reason. The
// messages instead, if any, go to another channel in its place.
func (db *DB) GiveUp(ctx context.Context, o alerting.Outgoing, reason string, instead ...alerting.Notice) error {
	return db.settle(ctx, o, "dead", reason, alerting.EntryNotNotified, o.Notice.Channel+" could not be told: "+reason, instead...)
}

// settle ends a message. One that somebody else has ended meanwhile, because
// the lease was over, stays as that one left it.
func (db *DB) settle(ctx context.Context, o alerting.Outgoing, state, reason string, kind alerting.EntryKind, text string, instead ...alerting.Notice) error {
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

// Failed gives a message back to be tried again, and leaves its channel alone
// until then. The messages also, if any, go to another channel meanwhile.
func (db *DB) Failed(ctx context.Context, o alerting.Outgoing, r alerting.Retry, also ...alerting.Notice) error {
	return db.durably(ctx, func(t *tx) error {
		if _, err := t.exec("UPDATE outbox SET due_at = ?, leased_until = 0, error = ? WHERE seq = ? AND state = 'waiting'", r.At.UnixMilli(), valid(r.Reason), o.Seq); err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO channel_holds (channel, until) VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET until = excluded.until",
			valid(o.Notice.Channel), r.ChannelAt.UnixMilli()); err != nil {
			return err
		}
		return t.enqueue(also)
	})
}

// Waiting are the messages that have not been delivered yet, the oldest first.
func (db *DB) Waiting(ctx context.Context) (all []alerting.Outgoing, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.outgoing("WHERE state = 'waiting' ORDER BY seq")
		return err
	})
	return all, err
}

// Sent are the messages that were delivered or given up since a moment, the
// oldest first.
func (db *DB) Sent(ctx context.Context, since time.Time) (all []alerting.Outgoing, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.outgoing("WHERE state <> 'waiting' AND ended_at >= ? ORDER BY seq", whenMillis(since))
		return err
	})
	return all, err
}

// Message is the message of a key, false when there is none.
func (db *DB) Message(ctx context.Context, key string) (o alerting.Outgoing, found bool, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err := t.outgoing("WHERE key = ?", key)
		if found = len(all) > 0; found {
			o = all[0]
		}
		return err
	})
	return o, found, err
}

// or is the first of two texts that is not empty.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
