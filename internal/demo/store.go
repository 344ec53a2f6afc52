package demo

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

// store is the platform's database: one SQLite file.
type store struct {
	path string
	mu   sync.RWMutex // held for writing while the file is swapped
	db   *sql.DB
}

const schema = `
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, country TEXT, created_at TEXT NOT NULL, last_active_at TEXT);
CREATE TABLE follows (follower_id INTEGER NOT NULL REFERENCES users(id), followed_id INTEGER NOT NULL REFERENCES users(id), created_at TEXT NOT NULL, PRIMARY KEY (follower_id, followed_id));
CREATE TABLE events (id INTEGER PRIMARY KEY, organiser_id INTEGER NOT NULL REFERENCES users(id), title TEXT NOT NULL, event_type TEXT, city TEXT NOT NULL, country TEXT NOT NULL, capacity INTEGER NOT NULL, price_minor INTEGER NOT NULL, currency TEXT NOT NULL, created_at TEXT NOT NULL, starts_at TEXT NOT NULL);
CREATE TABLE bookings (id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES events(id), user_id INTEGER NOT NULL REFERENCES users(id), status TEXT NOT NULL, attended INTEGER, created_at TEXT NOT NULL);
CREATE TABLE payments (id INTEGER PRIMARY KEY, booking_id INTEGER NOT NULL REFERENCES bookings(id), amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE refunds (id INTEGER PRIMARY KEY, payment_id INTEGER NOT NULL REFERENCES payments(id), amount_minor INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX events_starts_at ON events(starts_at);
CREATE INDEX bookings_event ON bookings(event_id);
CREATE INDEX payments_created_at ON payments(created_at);
`

func newStore(ctx context.Context, path string, seed uint64, now time.Time) (*store, error) {
	s := &store{path: path}
	if err := s.open(); err != nil {
		return nil, err
	}
	err := s.fill(ctx, seed, now)
	if err != nil {
		s.db.Close()
		return nil, err
	}
	return s, nil
}

func (s *store) open() error {
	db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_pragma=busy_timeout(2000)&_pragma=synchronous(normal)&_txlock=immediate")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(4)
	s.db = db
	return nil
}

func (s *store) fill(ctx context.Context, seed uint64, now time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	if err := newMaker(tx, seed, now).all(ctx); err != nil {
		return err
	}
	return tx.Commit()
}

// count answers a query that gives one number.
func (s *store) count(ctx context.Context, query string, args ...any) (n int64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	err = s.db.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// text answers a query that gives one text.
func (s *store) text(ctx context.Context, query string, args ...any) (v string, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	err = s.db.QueryRowContext(ctx, query, args...).Scan(&v)
	return v, err
}

func (s *store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	res, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// brokenSuffix is where the good file waits while a broken one stands in its
// place.
const brokenSuffix = ".good"

// setBroken puts a file that is no database in the place of the database, or
// puts the database back.
func (s *store) setBroken(broken bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.db.Close(); err != nil { // this also folds the log into the file
		return err
	}
	if !broken {
		if err := os.Rename(s.path+brokenSuffix, s.path); err != nil {
			return err
		}
		return s.open()
	}
	if err := os.Rename(s.path, s.path+brokenSuffix); err != nil {
		return err
	}
	for _, rest := range []string{"-wal", "-shm"} {
		if err := os.Remove(s.path + rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.WriteFile(s.path, []byte("This is what is left when a disk has written the wrong sectors.\n"), 0o600); err != nil {
		return err
	}
	return s.open()
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db.Close()
}
