package history

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// sqliteFile is the backend that keeps the history in one file.
type sqliteFile struct{ *DB }

// begin opens the file at the path, and a new one where that is damaged.
func (db sqliteFile) begin(ctx context.Context) error {
	path, err := filepath.Abs(db.opt.Path)
	if err != nil {
		return explain(db.opt.Path, db.opt.BusyTimeout, err)
	}
	// SQLite puts the files that belong to a database beside what a link points to.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	db.path = path
	err = db.open(ctx)
	if KindOf(err) == Broken {
		err = db.replace(ctx, err)
	}
	return err
}

// open opens the file and leaves nothing open when it fails.
func (db sqliteFile) open(ctx context.Context) error {
	db.memory.forget()
	db.ours = false
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
func (db sqliteFile) with(ctx context.Context, f func() error) error {
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
func (db sqliteFile) follow(ctx context.Context) error {
	now, err := os.Stat(db.path)
	if db.sql != nil && err == nil && os.SameFile(now, db.file) {
		return nil
	}
	db.letGo(ctx, true)
	return db.open(ctx)
}

// replace moves a damaged file aside and begins a new one. A file that may be
// something else, put at a path that somebody configured, stays where it is.
func (db sqliteFile) replace(ctx context.Context, cause error) error {
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

// close lets go of the file. A log that is still short is left for the next
// process to read: bringing it into the database costs two syncs, more than
// all the rest of recording.
func (db sqliteFile) close() error {
	log, err := os.Stat(db.path + "-wal")
	return db.letGo(context.Background(), err == nil && log.Size() < shortLog)
}

// shortLog is the length in bytes below which a log is left as it is. The next
// process reads all of it when it opens the file: 128 pages take it about as
// long as half a checkpoint on a fast disk.
const shortLog = 128 * (4096 + 24)

// letGo closes the connection, with or without bringing the log in.
func (db sqliteFile) letGo(ctx context.Context, keepLog bool) error {
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

func (db sqliteFile) size(context.Context) (int64, error) {
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

func (db sqliteFile) explain(err error) error { return explain(db.path, db.opt.BusyTimeout, err) }

// openReaders opens the connections that queries read through. They are their
// own: a long query does not keep others from recording.
func (db sqliteFile) openReaders() error {
	if db.readers != nil {
		return nil
	}
	connector, err := sqlite.NewConnector(address(db.path, db.opt.BusyTimeout))
	if err != nil {
		return err
	}
	db.readers = sql.OpenDB(connector)
	db.readers.SetMaxIdleConns(1)
	return nil
}

func (sqliteFile) lost(error) bool { return false }

func (sqliteFile) sees() string { return "BEGIN" }
