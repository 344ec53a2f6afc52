package history

import (
	"context"
	"time"

	"vitals/alerting"
)

// EnqueueLeased puts messages into the outbox that are leased to the caller
// from the start, so that nobody else sends them before the lease is over. It
// is for a test by hand, which looks at a channel as it is now: it waits
// neither for what is queued there nor for the end of a pause.
func (db *DB) EnqueueLeased(ctx context.Context, by string, lease time.Duration, notices ...alerting.Notice) (all []alerting.Outgoing, err error) {
	err = db.durably(ctx, func(t *tx) error {
		all = nil
		now, err := t.now()
		if err != nil {
			return err
		}
		if err := t.enqueue(notices); err != nil {
			return err
		}
		for _, n := range notices {
			if _, err := t.exec("UPDATE outbox SET leased_until = ?, leased_by = ?, attempts = 1 WHERE key = ? AND state = 'waiting'",
				now.Add(lease).UnixMilli(), by, n.Message.Key); err != nil {
				return err
			}
			one, err := t.outgoing("WHERE key = ?", n.Message.Key)
			if err != nil {
				return err
			}
			all = append(all, one...)
		}
		return nil
	})
	return all, err
}

// Topic are the messages of one Notice.Topic on all channels, the oldest first.
func (db *DB) Topic(ctx context.Context, topic string) (all []alerting.Outgoing, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all, err = t.outgoing("WHERE topic = ? ORDER BY seq", topic)
		return err
	})
	return all, err
}
