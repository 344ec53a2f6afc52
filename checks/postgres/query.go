package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// One question is one write: the statements below, in one implicit
// transaction. The first also makes that transaction read-only and gives it
// its timeouts. Start-up parameters would do the same for the whole session,
// but PgBouncer refuses them, or accepts and forgets them; what is set inside
// the transaction holds everywhere.

// guarded is the part of a statement that guards those after it.
const guarded = `set_config('transaction_read_only', 'on', true),
	set_config('lock_timeout', '100ms', true),
	set_config('statement_timeout', $1, true)`

// factsSQL asks for everything but the users. Client sessions are counted
// through the function below pg_stat_activity: the view costs a fresh
// connection a millisecond for the names of users and databases. A role that
// may not see a session's type counts it as a client's.
const factsSQL = `SELECT 1, current_setting('server_version'), pg_is_in_recovery(),
	current_setting('default_transaction_read_only'),
	(SELECT count(*) FROM pg_stat_get_activity(NULL) WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'),
	current_setting('max_connections'), ` + guarded

// bareSQL is factsSQL without what a future server, or one that only speaks
// PostgreSQL's protocol, may lack.
const bareSQL = `SELECT 1, current_setting('server_version'), false, '', NULL, NULL, ` + guarded

// usersSQL counts a table, or takes the planner's estimate above a limit. The
// estimate of a partitioned table is that of its parts. The table's name is
// put in quoted, and comes as $1 for the catalogue.
const usersSQL = `SELECT rows > %d, CASE WHEN rows > %[1]d THEN rows ELSE (SELECT count(*) FROM %s) END
FROM (SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint AS rows FROM pg_class
	WHERE oid = $1::regclass AND relkind <> 'p'
	OR oid IN (SELECT relid FROM pg_partition_tree($1::regclass) WHERE isleaf)) AS estimate`

// sourceSQL tells who made transactions read-only.
const sourceSQL = `SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'`

// answer is what a server said. A nil number could not be had.
type answer struct {
	took           time.Duration // until the facts were there, connecting included
	version        string        // such as 15.14
	recovery       bool
	readOnly       bool // by the server's or the database's own setting, not the role's
	connections    *int64
	maxConnections *int64
	users          *int64
	usersEstimated bool
	usersErr       error
	user           string // that Vitals logged in as
}

// query asks everything in one round trip. An error means that the server did
// not answer; that users could not be counted is in the answer.
func (d *database) query(ctx context.Context, conn *pgconn.PgConn, heard func(), started time.Time) (answer, error) {
	var a answer
	p := conn.StartPipeline(ctx)
	defer p.Close()
	p.SendQueryParams(factsSQL, [][]byte{statementTimeout(ctx)}, nil, nil, nil)
	if d.users.name != "" {
		p.SendFlushRequest() // the facts must not wait for the counting
		sql := fmt.Sprintf(usersSQL, d.options.UsersExactLimit, d.users.quoted())
		p.SendQueryParams(sql, [][]byte{[]byte(d.users.quoted())}, nil, nil, nil)
	}
	if err := p.Sync(); err != nil {
		return a, err
	}
	row, err := oneRow(p)
	if refusedSQL(err) {
		p.Close()
		return d.bare(ctx, conn, heard, started)
	}
	if err != nil {
		return a, err
	}
	heard()
	a.took = time.Since(started)
	readOnly := a.read(row)
	if d.users.name != "" {
		a.usersErr = a.readUsers(p)
	}
	if err := p.Close(); a.usersErr == nil && err != nil {
		return a, err
	}
	if gone(a.usersErr) {
		return a, a.usersErr
	}
	if readOnly && !conn.IsClosed() {
		a.readOnly = readOnlyForAll(ctx, conn)
	}
	return a, nil
}

// bare is query for servers that do not know factsSQL. It counts no users.
func (d *database) bare(ctx context.Context, conn *pgconn.PgConn, heard func(), started time.Time) (answer, error) {
	var a answer
	result := conn.ExecParams(ctx, bareSQL, [][]byte{statementTimeout(ctx)}, nil, nil, nil).Read()
	if result.Err != nil {
		return a, result.Err
	}
	if len(result.Rows) != 1 {
		return a, errors.New("SELECT 1 gave no row")
	}
	heard()
	a.took = time.Since(started)
	a.read(result.Rows[0])
	if d.users.name != "" {
		a.usersErr = errors.New("this server does not know what Vitals asks PostgreSQL 13 and later")
	}
	return a, nil
}

// read takes the columns of factsSQL. It returns whether transactions are
// read-only unless they ask to write.
func (a *answer) read(row [][]byte) (readOnly bool) {
	a.version, _, _ = strings.Cut(string(row[1]), " ")
	a.recovery = string(row[2]) == "t"
	a.connections, a.maxConnections = number(row[4]), number(row[5])
	return string(row[3]) == "on"
}

func (a *answer) readUsers(p *pgconn.Pipeline) error {
	row, err := oneRow(p)
	if err != nil {
		return err
	}
	a.usersEstimated, a.users = string(row[0]) == "t", number(row[1])
	return nil
}

// oneRow reads the next result of the pipeline, which has one row.
func oneRow(p *pgconn.Pipeline) ([][]byte, error) {
	next, err := p.GetResults()
	if err != nil {
		return nil, err
	}
	reader, ok := next.(*pgconn.ResultReader)
	if !ok {
		return nil, fmt.Errorf("unexpected message: expected a result, got %T", next)
	}
	result := reader.Read()
	if result.Err != nil {
		return nil, result.Err
	}
	if len(result.Rows) != 1 {
		return nil, fmt.Errorf("expected one row, got %d", len(result.Rows))
	}
	return result.Rows[0], nil
}

// readOnlyForAll tells whether the default is read-only for everybody. Set for
// the role, it is how a careful administrator makes a role for monitoring.
func readOnlyForAll(ctx context.Context, conn *pgconn.PgConn) bool {
	result := conn.ExecParams(ctx, sourceSQL, nil, nil, nil, nil).Read()
	if result.Err != nil || len(result.Rows) != 1 {
		return false
	}
	switch string(result.Rows[0][0]) {
	case "user", "database user", "client", "session":
		return false
	}
	return true
}

// statementTimeout leaves the server enough of the remaining time to say that
// it gave up, which says more than silence. In milliseconds, as text.
func statementTimeout(ctx context.Context) []byte {
	left := 10 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	return strconv.AppendInt(nil, max(left.Milliseconds()*8/10, 1), 10)
}

// refusedSQL tells whether the server understood the conversation and only
// refused a statement: class 42, or 0A for a feature that it lacks.
func refusedSQL(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Severity != "FATAL" && (strings.HasPrefix(e.Code, "42") || strings.HasPrefix(e.Code, "0A"))
}

// gone tells whether an error means that the server is no longer there, and
// not that it refused something or was too slow with it.
func gone(err error) bool {
	if err == nil || timedOut(err) || errors.Is(err, context.Canceled) {
		return false
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || e.Severity == "FATAL" || e.Code == codeAdminShutdown || e.Code == codeCrashShutdown
}

func number(text []byte) *int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
