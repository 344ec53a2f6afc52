package demo

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	userCount    = 600
	eventCount   = 160
	bookingCount = 1200
	followCount  = 800
)

// maker makes up the platform's past year.
type maker struct {
	tx   *sql.Tx
	rand *rand.Rand
	now  time.Time
}

func newMaker(tx *sql.Tx, seed uint64, now time.Time) *maker {
	return &maker{tx: tx, rand: rand.New(rand.NewPCG(seed, 1)), now: now.UTC()}
}

func (m *maker) all(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.users, m.follows, m.events, m.bookings} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ago is a moment up to so many days back, the recent ones likelier: the
// platform grows.
func (m *maker) ago(days float64) time.Time {
	x := m.rand.Float64()
	return m.now.Add(-time.Duration(x * x * days * 24 * float64(time.Hour)))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var (
	givenNames = []string{"Amber", "Basil", "Clover", "Dale", "Ember", "Fern", "Glen", "Hazel", "Indigo", "Juniper", "Kestrel", "Linden", "Maple", "North", "Olive", "Pepper", "Quill", "River", "Sage", "Teal"}
	cities     = []struct{ city, country, currency string }{
		{"Pune", "IN", "INR"}, {"Mumbai", "IN", "INR"}, {"Bengaluru", "IN", "INR"}, {"Delhi", "IN", "INR"}, {"Berlin", "DE", "EUR"}, {"Lisbon", "PT", "EUR"},
	}
	kinds = []string{"yoga", "running", "cycling", "swimming", "climbing", "dance"}
)

func (m *maker) users(ctx context.Context) error {
	for id := 1; id <= userCount; id++ {
		name := fmt.Sprintf("%s %d", pick(m.rand, givenNames), id)
		created := m.ago(365)
		var active any
		if m.rand.IntN(10) > 0 {
			active = stamp(created.Add(time.Duration(m.rand.Float64() * float64(m.now.Sub(created)))))
		}
		_, err := m.tx.ExecContext(ctx, "INSERT INTO users VALUES (?,?,?,?,?,?)",
			id, fmt.Sprintf("person%d@platform.example", id), name, pick(m.rand, cities).country, stamp(created), active)
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) follows(ctx context.Context) error {
	for range followCount {
		a, b := 1+m.rand.IntN(userCount), 1+m.rand.IntN(userCount)
		if a == b {
			continue
		}
		if _, err := m.tx.ExecContext(ctx, "INSERT OR IGNORE INTO follows VALUES (?,?,?)", a, b, stamp(m.ago(300))); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) events(ctx context.Context) error {
	for id := 1; id <= eventCount; id++ {
		where := pick(m.rand, cities)
		var kind any = pick(m.rand, kinds)
		if m.rand.IntN(12) == 0 {
			kind = nil // organisers forget
		}
		created := m.ago(200)
		starts := created.Add(time.Duration(1+m.rand.IntN(60)) * 24 * time.Hour)
		_, err := m.tx.ExecContext(ctx, "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?)", id, 1+m.rand.IntN(userCount),
			fmt.Sprintf("%s in %s", pick(m.rand, []string{"Morning session", "Open training", "Beginners' day", "Long run", "Weekend camp"}), where.city),
			kind, where.city, where.country, 10+5*m.rand.IntN(12), 20000+5000*m.rand.IntN(20), where.currency, stamp(created), stamp(starts))
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) bookings(ctx context.Context) error {
	for id := 1; id <= bookingCount; id++ {
		created := m.ago(180)
		status, attended := "confirmed", any(nil)
		switch n := m.rand.IntN(20); {
		case n == 0:
			status = "cancelled"
		case n < 14:
			attended = 1
		case n < 17:
			attended = 0
		}
		event := 1 + m.rand.IntN(eventCount)
		if _, err := m.tx.ExecContext(ctx, "INSERT INTO bookings VALUES (?,?,?,?,?,?)", id, event, 1+m.rand.IntN(userCount), status, attended, stamp(created)); err != nil {
			return err
		}
		if err := m.payment(ctx, id, event, created); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) payment(ctx context.Context, booking, event int, created time.Time) error {
	status := "success"
	switch n := m.rand.IntN(50); {
	case n == 0:
		status = "pending"
	case n < 3:
		status = "failed"
	}
	_, err := m.tx.ExecContext(ctx, "INSERT INTO payments SELECT ?, ?, price_minor, currency, ?, ? FROM events WHERE id = ?", booking, booking, status, stamp(created), event)
	if err != nil || status != "success" || m.rand.IntN(40) > 0 {
		return err
	}
	_, err = m.tx.ExecContext(ctx, "INSERT INTO refunds (payment_id, amount_minor, created_at) SELECT id, amount_minor, ? FROM payments WHERE id = ?", stamp(created.Add(24*time.Hour)), booking)
	return err
}
