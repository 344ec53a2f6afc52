package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// database is the check whether a server connects and answers.
type database struct {
	options Options
	users   table
	link    *link
}

func (d *database) do(ctx context.Context) checks.Result {
	ctx, cancel, patience := hurry(ctx)
	defer cancel()
	var a answer
	failed := d.link.do(ctx, func(ctx context.Context, conn *pgconn.PgConn, heard func()) (err error) {
		a, err = d.query(ctx, conn, heard, patience.started)
		a.user = d.link.cfg.User
		return err
	})
	if failed != nil {
		res := failed.result("PostgreSQL", "SELECT 1", patience)
		if res.Status == checks.Unhealthy {
			return res.Add(checks.Text("type", "PostgreSQL"), checks.Text("connection_test", "failed"))
		}
		return res.Add(checks.Text("type", "PostgreSQL"))
	}
	return d.judge(a)
}

func (d *database) judge(a answer) checks.Result {
	res := checks.OK("PostgreSQL " + a.version + " answers" + a.role()).Add(a.facts(d.users.name != "")...)
	res = a.measure(res, d.options.Name)
	switch {
	case d.options.Expect == ExpectPrimary && a.recovery:
		res.Status = checks.Unhealthy
		res.Summary = "PostgreSQL " + a.version + " answers, but is a standby where the primary is expected: it takes no writes"
		return res.WithHint("Find the primary and correct the address, or promote this server if the primary is lost.")
	case d.options.Expect == ExpectStandby && !a.recovery:
		res.Status = checks.Unhealthy
		res.Summary = "PostgreSQL " + a.version + " answers, but is a primary where a standby is expected"
		return res.WithHint("It was promoted, or the address is another server's: make sure that there are not two primaries.")
	case a.usersErr != nil:
		why, hint := d.explainUsers(a.usersErr, a.user)
		res.Status, res.Error = checks.Unknown, (&failure{err: a.usersErr}).text()
		res.Summary = "PostgreSQL " + a.version + " answers, but users could not be counted: " + why
		return res.WithHint(hint)
	}
	return res
}

// role says in brackets what is special about the server.
func (a *answer) role() string {
	switch {
	case a.recovery:
		return " (standby)"
	case a.readOnly:
		return " (read-only)"
	}
	return ""
}

func (a *answer) facts(withUsers bool) []checks.Fact {
	facts := []checks.Fact{
		checks.Text("type", "PostgreSQL"),
		checks.Text("connection_test", "passed"),
		checks.Text("version", a.version),
	}
	if withUsers {
		facts = append(facts, maybeInt("users_count", a.users), checks.Bool("users_count_estimated", a.usersEstimated))
	}
	return append(facts,
		checks.Duration("response_time", a.took),
		checks.Bool("read_only", a.recovery || a.readOnly),
		checks.Bool("in_recovery", a.recovery),
		maybeInt("connections_used", a.connections),
		maybeInt("connections_max", a.maxConnections))
}

func maybeInt(name string, value *int64) checks.Fact {
	if value == nil {
		return checks.Unmeasured(name, checks.KindInteger)
	}
	return checks.Int(name, *value)
}

// measure adds what is worth a curve: sessions and users of the server, and
// how many sessions it takes at most.
func (a *answer) measure(res checks.Result, server string) checks.Result {
	for _, s := range []struct {
		name  string
		value *int64
	}{
		{"vitals_database_connections", a.connections},
		{"vitals_database_connections_max", a.maxConnections},
		{"vitals_database_users", a.users},
	} {
		if s.value != nil {
			res = res.Measure(s.name, float64(*s.value), labels(server)...)
		}
	}
	return res
}

// labels tell the samples of several servers apart.
func labels(server string) []string {
	if server == "" {
		return nil
	}
	return []string{"server", server}
}

// explainUsers says why users could not be counted, and what to do about it.
// The connection is fine; this is about one table.
func (d *database) explainUsers(err error, user string) (why, hint string) {
	name, user := d.users.String(), quoteIdentifier(user)
	if timedOut(err) {
		return "counting " + name + " took too long", "Lower users_exact_limit to take the planner's estimate instead, or raise the check's timeout."
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err.Error(), ""
	}
	switch e.Code {
	case codeNoPrivilege:
		if d.users.schema != "" && strings.Contains(e.Message, "schema") {
			return "no privilege on the schema of " + name, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s, and GRANT SELECT ON %s TO %[2]s", quoteIdentifier(d.users.schema), user, d.users.quoted())
		}
		return "no privilege to read " + name, fmt.Sprintf("GRANT SELECT ON %s TO %s", d.users.quoted(), user)
	case codeNoTable, codeNoSchema:
		return "there is no table " + name, "Correct users_table: schema.table, exactly as the catalogue has it, upper and lower case included."
	case codeQueryCanceled:
		return "counting " + name + " took too long", "Lower users_exact_limit to take the planner's estimate instead, or raise the check's timeout."
	case codeLockTimeout:
		return "another session has locked " + name, "Somebody changes the table (pg_locks says who); nothing to do if that is a migration."
	case codeRecoveryConflict:
		return "the standby had to replay a change to " + name + " first", "Nothing to do if it is rare; otherwise look at max_standby_streaming_delay and hot_standby_feedback."
	}
	return e.Message, "Look at the table."
}
