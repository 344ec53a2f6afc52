package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// begins are the statements that begin a transaction. One that writes takes the
// lock at once: one that reads first and wants to write then can fail without
// having waited.
func (sqliteFile) begins(a access) string {
	if a == toRead {
		return "BEGIN"
	}
	return "BEGIN IMMEDIATE"
}

// inTx waits for the lock until ctx ends. What follows is short, and f gets a
// context that does not end: one that can costs the driver a goroutine with each
// statement.
func (db sqliteFile) inTx(ctx context.Context, a access, f func(ctx context.Context, conn *sql.Conn) error) error {
	quick := context.WithoutCancel(ctx)
	conn, err := db.sql.Conn(quick)
	if err != nil {
		return err
	}
	defer conn.Close() // gives it back
	if a == toKeep {
		if _, err := conn.ExecContext(quick, "PRAGMA synchronous=FULL"); err != nil {
			return err
		}
		defer func() {
			// Should it fail, the next recordings are slower and no less safe.
			_, _ = conn.ExecContext(quick, "PRAGMA synchronous=NORMAL")
		}()
	}
	if _, err := conn.ExecContext(ctx, db.begins(a)); err != nil {
		return err
	}
	if err = f(quick, conn); err == nil {
		_, err = conn.ExecContext(quick, "COMMIT")
	}
	if err != nil {
		// SQLite undoes the transaction by itself after some errors; that there is
		// none left to undo then is no second error.
		_, _ = conn.ExecContext(quick, "ROLLBACK")
	}
	return err
}

func (db sqliteFile) now(*tx) (time.Time, error) { return db.opt.Now(), nil }

// stamp: what was added has a higher id than all before it, so that the count
// and the highest id tell all.
func (sqliteFile) stamp() string { return "SELECT count(*), coalesce(max(id), 0), -1 FROM series" }

func (sqliteFile) among(ids []int64) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = fmt.Sprint(id)
	}
	return "IN (" + strings.Join(list, ",") + ")"
}

// scan reads past database/sql, whose conversions cost as much as the reading.
func (sqliteFile) scan(ctx context.Context, conn *sql.Conn, query string, from, to int64, take func(first, second int64, x float64) error) error {
	return conn.Raw(func(conn any) error {
		asks, ok := conn.(driver.QueryerContext)
		if !ok {
			return fmt.Errorf("the driver's %T takes no queries", conn)
		}
		rows, err := asks.QueryContext(ctx, query, []driver.NamedValue{{Ordinal: 1, Value: from}, {Ordinal: 2, Value: to}})
		if err != nil {
			return err
		}
		defer rows.Close()
		row := make([]driver.Value, 3)
		for err = rows.Next(row); err == nil; err = rows.Next(row) {
			if err := ctx.Err(); err != nil { // the driver heeds it up to the first row only
				return err
			}
			first, _ := row[0].(int64)
			second, _ := row[1].(int64)
			x, ok := row[2].(float64)
			if !ok {
				x = math.NaN()
			}
			if err := take(first, second, x); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	})
}
