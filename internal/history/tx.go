package history

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// tx is one transaction on the tables of what must not be lost: alerts,
// incidents, messages, runs. Its SQL is written for SQLite and PostgreSQL
// alike: ? for arguments, times as whole milliseconds in a bigint, and nothing
// that only one of them knows.
type tx struct {
	ctx   context.Context
	conn  *sql.Conn
	clock func(t *tx) (time.Time, error)
}

// now is the time by the clock that all who share the history share: leases
// begin and end by it.
func (t *tx) now() (time.Time, error) { return t.clock(t) }

func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.conn.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each calls scan for every row of an answer.
func (t *tx) each(scan func(row *sql.Rows) error, query string, args ...any) error {
	rows, err := t.conn.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads a single row into the targets; false when there is none.
func (t *tx) one(query string, args []any, targets ...any) (bool, error) {
	err := t.conn.QueryRowContext(t.ctx, query, args...).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// durably runs f in a transaction that has reached the disk when durably
// returns: what it wrote survives the power going out. All that is written so
// is written in turn, whoever writes it.
func (db *DB) durably(ctx context.Context, f func(*tx) error) error {
	return db.with(ctx, func() error {
		return db.inTx(ctx, toKeep, func(ctx context.Context, conn *sql.Conn) error { return f(&tx{ctx, conn, db.backend.now}) })
	})
}

// reading runs f in a transaction that only reads.
func (db *DB) reading(ctx context.Context, f func(*tx) error) error {
	return db.with(ctx, func() error {
		return db.inTx(ctx, toRead, func(ctx context.Context, conn *sql.Conn) error { return f(&tx{ctx, conn, db.backend.now}) })
	})
}
