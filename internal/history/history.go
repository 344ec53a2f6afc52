// Package history remembers what checks found, in one SQLite file that any
// number of short-lived processes and one daemon share, or on a PostgreSQL
// server that several machines share.
//
// Its trouble is never the trouble of what was checked: every function fails
// with an *Error whose text a caller prints as a warning and goes on.
package history

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"time"
)

// DefaultName is the file's name where nobody chose another.
const DefaultName = "history.db"

// Options say where the history is and how much of it is kept.
type Options struct {
	Path      string        // the file; its folder is made when missing
	URL       string        // postgres://…: the history is there, in a schema of its own, and Path is not used; never shown
	Retention time.Duration // how long anything is kept; 0 means for ever
	// RawRetention is how long each result and sample is kept; what is older is
	// kept by the hour. 0 means as long as the hours.
	RawRetention time.Duration
	MaxSize      int64            // bytes on the disk that Prune keeps the history below, at least 8 MiB; 0 means no bound
	BusyTimeout  time.Duration    // how long to wait for other writers and for a server's answer; 0 means 5 s
	Now          func() time.Time // nil means time.Now

	// Warn is told, in a sentence, what happened to the history without making
	// the call fail: a damaged file was moved aside. It must not use the DB. It
	// may be nil.
	Warn func(string)
}

// DB is an open history. It is safe for use by many goroutines; on SQLite they
// take turns.
type DB struct {
	path    string // the file, or the server and database without the password
	opt     Options
	backend backend
	turn    chan struct{} // holds one token: who has it may use the file
	sql     *sql.DB
	file    os.FileInfo // the file that is open, to notice when it is replaced; nil for a server
	ours    bool        // whether the file has been seen to be a history of Vitals
	readers *sql.DB     // what queries read through; nil before the first
	closed  bool
	memory  memory
}

// memory is what a DB knows of what is kept, so that it need not ask again.
type memory struct {
	mu       sync.Mutex
	checks   map[string]known
	series   map[seriesKey]known
	list     *catalog // the series as the last query saw them; nil before the first
	pruneDue bool
}

// forget is for when another database, or none, is behind the DB.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.checks, m.series, m.list = map[string]known{}, map[seriesKey]known{}, nil
}

// known is a row of checks or series: its id, and the day on which it was last
// marked as seen. On a later day it has to be looked up again, since it may
// have been pruned.
type known struct {
	id  int64
	day int64
}

type seriesKey struct{ name, labels string }

// Open opens the history and makes or migrates it where that is needed. A
// damaged file is moved aside, never deleted, and a new one begun.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	ownClock := o.Now != nil
	if !ownClock {
		o.Now = time.Now
	}
	db := &DB{opt: o, turn: make(chan struct{}, 1)}
	if o.URL != "" {
		db.backend = &server{DB: db, ownClock: ownClock}
	} else {
		db.backend = sqliteFile{db}
	}
	db.memory.forget()
	if err := db.backend.begin(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

// with runs f, which uses the database, and runs it again where the first time
// came to nothing for a reason that has gone: a damaged file was moved aside, a
// server had others to serve first.
func (db *DB) with(ctx context.Context, f func() error) error { return db.backend.with(ctx, f) }

// inTx runs f in a transaction, which it commits unless f fails. Waiting for
// the lock ends with ctx; f gets a context that does not.
func (db *DB) inTx(ctx context.Context, a access, f func(ctx context.Context, conn *sql.Conn) error) error {
	return db.backend.inTx(ctx, a, f)
}

// Close lets go of the file or the server.
func (db *DB) Close() error {
	db.turn <- struct{}{}
	defer func() { <-db.turn }()
	if db.closed {
		return nil
	}
	db.closed = true
	return db.explain(db.backend.close())
}

// Size returns the bytes that the history takes on the disk: those of the file
// and its log, or of the tables and their indexes.
func (db *DB) Size(ctx context.Context) (int64, error) { return db.backend.size(ctx) }

func (db *DB) explain(err error) error { return db.backend.explain(err) }
