package history

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"
)

//go:embed migrations/*.sql migrations/postgres/*.sql
var migrations embed.FS

// schema is the version that this Vitals writes: the number of migrations. A
// test compares it with the files, so that opening need not list them.
const schema = 3

// applicationID marks a file as ours, "Vitl": other programs use user_version too.
const applicationID = 0x5669746c

// format is what the header of a file says it is.
type format struct {
	application, version, tables int64
}

// migrate brings the file to this version's schema. Any number of processes
// may do so at once. It fails when the file is another program's or a newer
// Vitals's, and then changes nothing.
func (db sqliteFile) migrate(ctx context.Context) error {
	var f format
	if err := readHeader(context.WithoutCancel(ctx), db.sql, &f); err != nil { // quicker, see inTx
		return err
	}
	db.ours = f.application == applicationID
	if db.ours && f.version == schema {
		return nil
	}
	// To read only: a transaction that may write makes an empty file a database,
	// and then it is too late for prepareFile.
	if err := db.inTx(ctx, toRead, func(ctx context.Context, conn *sql.Conn) error { return db.acceptable(ctx, conn, &f) }); err != nil {
		return err
	}
	if f.version == 0 {
		if err := db.prepareFile(ctx); err != nil {
			return err
		}
	}
	return db.inTx(ctx, toWrite, func(ctx context.Context, conn *sql.Conn) error {
		if err := db.acceptable(ctx, conn, &f); err != nil {
			return err
		}
		return applyMigrations(ctx, conn, f.version)
	})
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readHeader(ctx context.Context, q queryer, f *format) error {
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&f.version); err != nil {
		return err
	}
	return q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&f.application)
}

// acceptable reads, inside a transaction, what the file is.
func (db sqliteFile) acceptable(ctx context.Context, conn *sql.Conn, f *format) error {
	if err := readHeader(ctx, conn, f); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&f.tables); err != nil {
		return err
	}
	isNew := f.application == 0 && f.version == 0 && f.tables == 0
	if f.application != applicationID && !isNew || f.version < 0 {
		return &Error{
			Kind: Foreign, Path: db.path,
			text: fmt.Sprintf("%s is the database of another program and was left alone", db.path),
			Hint: "point data_dir to a folder of its own",
		}
	}
	if f.version > schema {
		return &Error{
			Kind: Newer, Path: db.path,
			text: fmt.Sprintf("%s was written by a newer vitals (schema %d; this one knows %d)", db.path, f.version, schema),
			Hint: "run the newer vitals, or point data_dir to another folder",
		}
	}
	return nil
}

// prepareFile sets what cannot be set inside a transaction. Changing the
// journal does not wait for other processes by itself.
func (db sqliteFile) prepareFile(ctx context.Context) error {
	deadline := time.Now().Add(db.opt.BusyTimeout)
	for {
		_, err := db.sql.ExecContext(ctx, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL")
		if err == nil || kindOf(err) != Locked || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

func applyMigrations(ctx context.Context, conn *sql.Conn, version int64) error {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	for _, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d; PRAGMA application_id=%d", schema, applicationID))
	return err
}
