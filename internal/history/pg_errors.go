package history

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// uncertain is a COMMIT whose answer did not come: it may have been done.
type uncertain struct{ err error }

func (u *uncertain) Error() string {
	return "the connection was lost before the server said whether it kept it: " + u.err.Error()
}
func (u *uncertain) Unwrap() error { return u.err }

// tooLate is a server that did not answer in time, while whoever asked still waits.
type tooLate struct{ err error }

func (l *tooLate) Error() string { return l.err.Error() }
func (l *tooLate) Unwrap() error { return l.err }

// late tells our own patience, which ended, from the caller's.
func (db *server) late(ctx context.Context, err error) error {
	if ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || isTimeout(err)) {
		return &tooLate{err}
	}
	return err
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// answered tells whether an error is the server's own word.
func answered(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !strings.HasPrefix(e.Code, "57P") // it was ended in the middle of something
}

// passes tells whether a second try may do what the first could not, with nothing
// kept by the first. The codes are PostgreSQL's,
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func passes(err error, try int) bool {
	if _, unknown := errors.AsType[*uncertain](err); unknown {
		return false
	}
	if _, ours := errors.AsType[*Error](err); ours {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "40001", "40P01", // serialization, deadlock
			"57P03", // starting up or shutting down
			"53300": // too many connections: others end
			return true
		case "57P01", "57P02", "25P03": // the session was ended
			return try < 4
		}
		return strings.HasPrefix(e.Code, "08") && try < 4
	}
	return try < 4 && isLost(err)
}

// isLost tells whether a connection that had been made broke. One that cannot be
// made is not tried again: who waits for it gets the answer at once.
func isLost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}

func (db *server) lost(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		err = e.Err
	}
	return err != nil && passes(err, 1)
}

// explain says what is wrong with the server or with what it lets us do.
func (db *server) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*uncertain](err); ok {
		return &Error{Kind: Unreachable, Path: db.path, Err: err, text: fmt.Sprintf("the connection to %s broke before it said whether it kept what it was told", db.path),
			Hint: "see whether the server was restarted, and what is between it and this machine"}
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return db.explainNetwork(err)
	}
	return db.explainCode(err, e)
}

func (db *server) explainNetwork(err error) error {
	late, own := errors.AsType[*tooLate](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	timeout := own || connecting && (isTimeout(err) || errors.Is(err, context.DeadlineExceeded))
	switch {
	case timeout:
		if late == nil || connecting {
			return db.unreachable(err, fmt.Sprintf("did not let us in within %s", db.config.ConnectTimeout))
		}
		return db.unreachable(err, fmt.Sprintf("did not answer within %s", pgPatience))
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Interrupted, Path: db.path, Err: err, text: fmt.Sprintf("%s was still at work when time ran out or the command was interrupted", db.path)}
	case connecting || isLost(err):
		return db.unreachable(err, "cannot be reached ("+db.innermost(err)+")")
	}
	return &Error{Kind: Internal, Path: db.path, Err: err, text: fmt.Sprintf("%s: %s", db.path, db.withoutSecret(err.Error()))}
}

func (db *server) unreachable(err error, how string) error {
	return &Error{
		Kind: Unreachable, Path: db.path, Err: err, text: db.path + ", which holds the history, " + how,
		Hint: "see whether that server runs and lets this machine connect; checks go on without it",
	}
}

// explainCode sorts the codes of
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (db *server) explainCode(err error, e *pgconn.PgError) error {
	said := db.withoutSecret(e.Message)
	out := &Error{Kind: Internal, Path: db.path, Err: err, text: fmt.Sprintf("%s: %s (SQLSTATE %s)", db.path, said, e.Code)}
	set := func(kind Kind, text, hint string) error {
		out.Kind, out.text, out.Hint = kind, text, hint
		return out
	}
	switch e.Code {
	case "28P01", "28000":
		return set(Refused, fmt.Sprintf("%s does not let %s in (%s)", db.path, db.config.User, said),
			"see the user and the password of history.url, and the server's pg_hba.conf")
	case "3D000":
		return set(Refused, fmt.Sprintf("%s is not there: the server has no database of that name", db.path),
			fmt.Sprintf("create it (CREATE DATABASE %s), or name another in history.url", quoted(db.config.Database)))
	case "42501":
		return set(Refused, fmt.Sprintf("%s may not do this in %s (%s)", db.config.User, db.path, said),
			fmt.Sprintf("the schema %s has to belong to that user: ALTER SCHEMA %s OWNER TO %s, and its tables likewise", pgSchema, pgSchema, quoted(db.config.User)))
	case "53300":
		return set(Crowded, fmt.Sprintf("%s has no connection left (%s)", db.path, said),
			"raise max_connections or the limit of the user, or put PgBouncer before the server")
	case "53100":
		return set(Full, fmt.Sprintf("the disk that holds %s is full", db.path), "make room on the server's disk")
	case "55P03":
		return set(Locked, fmt.Sprintf("%s was locked by another process for longer than %s", db.path, db.opt.BusyTimeout),
			"see in pg_stat_activity which session holds it and whether it hangs")
	case "57014":
		return set(Unreachable, fmt.Sprintf("%s did not answer in time (%s)", db.path, said), "see in pg_stat_activity what keeps the server busy")
	case "25006":
		return set(ReadOnly, fmt.Sprintf("%s only lets us read (%s)", db.path, said),
			"name the primary in history.url: a standby cannot keep anything")
	}
	if class := e.Code[:min(2, len(e.Code))]; class == "57" || class == "08" {
		return set(Unreachable, fmt.Sprintf("%s, which holds the history, turns us away (%s)", db.path, said), "wait until the server is up again; checks go on without it")
	}
	return out
}

// mayNot names the statement that gives the right that is missing.
func (db *server) mayNot(err error, grant string) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != "42501" {
		return err
	}
	return &Error{
		Kind: Refused, Path: db.path, Err: err, text: fmt.Sprintf("%s may not make the schema %s and its tables in %s (%s)", db.config.User, pgSchema, db.path, e.Message),
		Hint: "let the owner of the database run: " + grant,
	}
}

// innermost is what happened on the network, without what the driver says of
// the address around it.
func (db *server) innermost(err error) string {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "no address is known of " + e.Name
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	text := err.Error()
	if i := strings.LastIndex(text, "): "); i >= 0 {
		text = text[i+len("): "):]
	}
	return db.withoutSecret(text)
}

func (db *server) withoutSecret(text string) string {
	if db.config.Password == "" {
		return text
	}
	return strings.ReplaceAll(text, db.config.Password, "…")
}

// withoutAddress takes the address out of the driver's complaint about it.
func withoutAddress(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		return text[i+len("`: "):]
	}
	return "it is no address"
}
