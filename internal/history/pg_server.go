package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// server is the backend that keeps the history in a schema of a PostgreSQL
// database. PgBouncer may stand before it, in transaction mode too: nothing is
// prepared, set or locked for longer than a transaction.
type server struct {
	*DB
	config   *pgx.ConnConfig
	ownClock bool        // Options.Now was chosen
	gone     atomic.Bool // closed
}

const (
	// pgConnections is how many connections record and change, and how many
	// more answer queries.
	pgConnections = 4
	// pgPatience is the longest that one transaction may take. Whoever
	// hangs in the middle of one is thrown out by the server after it, so that
	// others need not wait for a process that went away.
	pgPatience = 30 * time.Second
	// pgQuery is the same for queries, which may read much.
	pgQuery = 5 * time.Minute
)

// connect makes the pools. Connections come when they are needed.
func (db *server) connect() error {
	config, err := pgx.ParseConfig(plainAddress(db.opt.URL))
	if err != nil {
		return &Error{Kind: Refused, Path: "history.url", text: "history.url cannot be read as an address of PostgreSQL: " + withoutAddress(err),
			Hint: "write it as postgres://user:password@host:5432/database"}
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	config.RuntimeParams["application_name"] = "vitals"
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > db.opt.BusyTimeout {
		config.ConnectTimeout = db.opt.BusyTimeout
	}
	db.config = config
	db.path = "postgres://" + net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
	connector := pgConnector{stdlib.GetConnector(*config)}
	open := func(idle int) *sql.DB {
		pool := sql.OpenDB(connector)
		pool.SetMaxOpenConns(pgConnections)
		pool.SetMaxIdleConns(idle)
		pool.SetConnMaxIdleTime(time.Minute)
		return pool
	}
	db.sql, db.readers = open(2), open(1)
	return nil
}

// plainAddress turns the schemes that libraries of other languages write, such
// as postgresql+psycopg, into PostgreSQL's own.
func plainAddress(text string) string {
	if scheme, rest, ok := strings.Cut(text, "://"); ok && scheme != "postgresql" {
		return "postgres://" + rest
	}
	return text
}

// close waits for nobody: what others still ask fails.
func (db *server) close() error {
	db.gone.Store(true)
	if db.sql == nil {
		return nil
	}
	_ = db.readers.Close() // they wrote nothing
	return db.sql.Close()
}

func (db *server) openReaders() error { return nil } // begin has

// with runs f again while the reason for its failing is one that passes and
// nothing can have been kept.
func (db *server) with(ctx context.Context, f func() error) error {
	deadline := time.Now().Add(db.opt.BusyTimeout)
	for try := 1; ; try++ {
		if db.gone.Load() {
			return &Error{Kind: Internal, Path: db.path, text: db.path + " was already closed"}
		}
		err := f()
		if err == nil || !passes(err, try) || time.Now().After(deadline) {
			return db.explain(err)
		}
		// Two that were in each other's way must not meet again.
		wait := time.Duration(rand.Int64N(int64(min(try, 20)) * int64(10*time.Millisecond)))
		if err := pause(ctx, wait); err != nil {
			return db.explain(err)
		}
	}
}

// begins is all that a transaction needs to be said, in one message.
func (db *server) begins(a access) string {
	isolation := "ISOLATION LEVEL READ COMMITTED"
	switch a {
	case toRead:
		isolation = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
	case toPrune:
		isolation = "ISOLATION LEVEL REPEATABLE READ"
	}
	text := "BEGIN " + isolation + "; SET LOCAL search_path = " + pgSchema + ", pg_catalog; SET LOCAL standard_conforming_strings = on"
	for name, most := range map[string]time.Duration{
		"lock_timeout": db.opt.BusyTimeout, "statement_timeout": pgPatience, "idle_in_transaction_session_timeout": pgPatience,
	} {
		text += fmt.Sprintf("; SET LOCAL %s = %d", name, most.Milliseconds())
	}
	switch a {
	case toWrite, toPrune:
		text += "; SET LOCAL synchronous_commit = off"
	case toKeep:
		text += fmt.Sprintf("; SET LOCAL synchronous_commit = on; SELECT pg_catalog.pg_advisory_xact_lock(%d)", lockKeep)
	}
	return text
}

func (db *server) sees() string {
	return fmt.Sprintf("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = %s, pg_catalog; SET LOCAL statement_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d",
		pgSchema, pgQuery.Milliseconds(), pgQuery.Milliseconds())
}

// inTx gives up after pgPatience, and when ctx ends; a COMMIT that was begun is
// waited for all the same, since only its answer tells what became of it.
func (db *server) inTx(ctx context.Context, a access, f func(ctx context.Context, conn *sql.Conn) error) error {
	limited, cancel := context.WithTimeout(ctx, pgPatience)
	defer cancel()
	conn, err := db.sql.Conn(limited)
	if err != nil {
		return db.late(ctx, err)
	}
	defer conn.Close() // gives it back, or drops it where the transaction is still open
	if _, err = conn.ExecContext(limited, db.begins(a)); err == nil {
		err = f(limited, conn)
	}
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), pgPatience)
	defer stop()
	if err != nil {
		_, _ = conn.ExecContext(end, "ROLLBACK") // what f failed with counts
		return db.late(ctx, err)
	}
	if _, err = conn.ExecContext(end, "COMMIT"); err != nil && !answered(err) {
		return &uncertain{err}
	}
	return err
}

// now is the server's time: the clocks of machines differ.
func (db *server) now(t *tx) (time.Time, error) {
	if db.ownClock {
		return db.opt.Now(), nil
	}
	var ms int64
	_, err := t.one("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint", nil, &ms)
	return time.UnixMilli(ms), err
}

// size is what the tables and their indexes take.
func (db *server) size(ctx context.Context) (bytes int64, err error) {
	err = db.reading(ctx, func(t *tx) error {
		bytes, err = t.pgSize()
		return err
	})
	return bytes, err
}

func (t *tx) pgSize() (bytes int64, err error) {
	_, err = t.one(`SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind IN ('r', 'p')`, []any{pgSchema}, &bytes)
	return bytes, err
}

// pgConnector makes connections that take ? for arguments.
type pgConnector struct{ driver.Connector }

func (c pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if plain, ok := conn.(*stdlib.Conn); ok {
		return &pgConn{plain}, nil
	}
	_ = conn.Close()
	return nil, fmt.Errorf("the driver's %T cannot be used", conn)
}

// pgConn is a connection on which arguments are written as ?.
type pgConn struct{ *stdlib.Conn }

// ExecContext implements driver.ExecerContext.
func (c *pgConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, numbered(query, len(args)), args)
}

// QueryContext implements driver.QueryerContext.
func (c *pgConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, numbered(query, len(args)), args)
}

// CheckNamedValue makes texts what PostgreSQL can keep: it knows no NUL.
func (c *pgConn) CheckNamedValue(v *driver.NamedValue) error {
	if valuer, ok := v.Value.(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return err
		}
		v.Value = value
	}
	if text, ok := v.Value.(string); ok {
		v.Value = withoutNUL(text)
	}
	return nil
}

func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

// numbered writes $1, $2, … for every ? outside of quotes.
func numbered(query string, args int) string {
	if args == 0 {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 2*args)
	inQuotes, n := false, 0
	for i := range len(query) {
		switch c := query[i]; {
		case c == '\'':
			inQuotes = !inQuotes
			b.WriteByte(c)
		case c == '?' && !inQuotes:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// quoted is a name as SQL writes it.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
