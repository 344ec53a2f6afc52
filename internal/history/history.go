// Package history remembers what checks found, in one SQLite file that any
// number of short-lived processes and one daemon share.
//
// Its trouble is never the trouble of what was checked: every function fails
// with an *Error whose text a caller prints as a warning and goes on.
package history

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// DefaultName is the file's name where nobody chose another.
const DefaultName = "history.db"

// Options say where the history is and how much of it is kept.
type Options struct {
	Path        string           // the file; its folder is made when missing
	Retention   time.Duration    // how long results and samples are kept; 0 means for ever
	MaxSize     int64            // bytes on the disk that Prune keeps the file below, at least 8 MiB; 0 means no bound
	BusyTimeout time.Duration    // how long to wait for other writers; 0 means 5 s
	Now         func() time.Time // nil means time.Now

	// Warn is told, in a sentence, what happened to the history without making
	// the call fail: a damaged file was moved aside. It must not use the DB. It
	// may be nil.
	Warn func(string)
}

// DB is an open history. It is safe for use by many goroutines; they take
// turns.
type DB struct {
	path     string
	opt      Options
	turn     chan struct{} // holds one token: who has it may use what follows
	sql      *sql.DB
	file     os.FileInfo // the file that is open, to notice when it is replaced
	ours     bool        // whether the file has been seen to be a history of Vitals
	checks   map[string]known
	series   map[seriesKey]known
	readers  *sql.DB  // what queries read through; nil before the first
	list     *catalog // the series as the last query saw them; nil before the first
	pruneDue bool
	closed   bool
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
	if o.Now == nil {
		o.Now = time.Now
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, explain(o.Path, o.BusyTimeout, err)
	}
	// SQLite puts the files that belong to a database beside what a link points to.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	db := &DB{path: path, opt: o, turn: make(chan struct{}, 1)}
	err = db.open(ctx)
	if KindOf(err) == Broken {
		err = db.replace(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// open opens the file and leaves nothing open when it fails.
func (db *DB) open(ctx context.Context) error {
	db.checks, db.series, db.ours = map[string]known{}, map[seriesKey]known{}, false
	db.list = nil
	err := create(db.path)
	if err != nil {
		return db.explain(err)
	}
	connector, err := sqlite.NewConnector(address(db.path, db.opt.BusyTimeout))
	if err != nil {
		return db.explain(err)
	}
	db.sql = sql.OpenDB(connector)
	// One connection: SQLite has one writer anyway, and each costs a
	// millisecond to open.
	db.sql.SetMaxOpenConns(1)
	db.file, err = os.Stat(db.path)
	if err == nil {
		err = db.migrate(ctx)
	}
	if err != nil {
		err = db.explain(err)
		db.letGo(ctx, true)
	}
	return err
}

// with runs f while nobody else uses the database. When the file turns out to
// be damaged it is moved aside and f is run once more, on the new one.
func (db *DB) with(ctx context.Context, f func() error) error {
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return db.explain(ctx.Err())
	}
	if db.closed {
		return &Error{Kind: Internal, Path: db.path, text: db.path + " was already closed"}
	}
	if err := db.follow(ctx); err != nil {
		return err
	}
	err := db.explain(f())
	if KindOf(err) != Broken {
		return err
	}
	if err := db.replace(ctx, err); err != nil {
		return err
	}
	return db.explain(f())
}

// follow opens the file again when another one lies at its path, or none:
// somebody moved it aside, restored an old one, or deleted it.
func (db *DB) follow(ctx context.Context) error {
	now, err := os.Stat(db.path)
	if db.sql != nil && err == nil && os.SameFile(now, db.file) {
		return nil
	}
	db.letGo(ctx, true)
	return db.open(ctx)
}

// replace moves a damaged file aside and begins a new one. A file that may be
// something else, put at a path that somebody configured, stays where it is.
func (db *DB) replace(ctx context.Context, cause error) error {
	db.letGo(ctx, true)
	if !db.ours && filepath.Base(db.path) != DefaultName {
		return cause
	}
	now, err := os.Stat(db.path)
	if err == nil && os.SameFile(now, db.file) { // else another process was faster
		aside, err := setAside(db.path, db.opt.Now())
		if err != nil {
			return &Error{
				Kind: Broken, Path: db.path, Err: err,
				text: fmt.Sprintf("%v; it could not be moved aside (%v)", cause, err),
				Hint: "move the file away: the next run begins a new one",
			}
		}
		if db.opt.Warn != nil {
			db.opt.Warn(cause.Error() + "; it was moved to " + aside + " and a new history begun")
		}
	}
	return db.open(ctx)
}

// Close lets go of the file. A log that is still short is left for the next
// process to read: bringing it into the database costs two syncs, more than
// all the rest of recording.
func (db *DB) Close() error {
	db.turn <- struct{}{}
	defer func() { <-db.turn }()
	if db.closed {
		return nil
	}
	db.closed = true
	log, err := os.Stat(db.path + "-wal")
	return db.explain(db.letGo(context.Background(), err == nil && log.Size() < shortLog))
}

// shortLog is the length in bytes below which a log is left as it is. The next
// process reads all of it when it opens the file: 128 pages take it about as
// long as half a checkpoint on a fast disk.
const shortLog = 128 * (4096 + 24)

// letGo closes the connection, with or without bringing the log in.
func (db *DB) letGo(ctx context.Context, keepLog bool) error {
	if db.sql == nil {
		return nil
	}
	if db.readers != nil { // first: the last to close decides over the log
		_ = db.readers.Close() // they wrote nothing
		db.readers = nil
	}
	if keepLog {
		keepLogOnClose(context.WithoutCancel(ctx), db.sql)
	}
	err := db.sql.Close()
	db.sql = nil
	return err
}

// Size returns the bytes that the history takes on the disk, its log included.
func (db *DB) Size(context.Context) (int64, error) {
	var size int64
	for _, suffix := range []string{"", "-wal", "-shm"} {
		file, err := os.Stat(db.path + suffix)
		if err == nil {
			size += file.Size()
		} else if suffix == "" {
			return 0, db.explain(err)
		}
	}
	return size, nil
}

func (db *DB) explain(err error) error { return explain(db.path, db.opt.BusyTimeout, err) }
