package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// verdict is a failure in words.
type verdict struct {
	status  checks.Status
	summary string
	hint    string
}

func down(hint, format string, values ...any) verdict {
	return verdict{checks.Unhealthy, fmt.Sprintf(format, values...), hint}
}

func cannotTell(hint, format string, values ...any) verdict {
	return verdict{checks.Unknown, fmt.Sprintf(format, values...), hint}
}

// result turns a failure into the result of a check. What is what the server
// is called: PostgreSQL or PgBouncer. The question is what was asked.
func (f *failure) result(what, question string, patience patience) checks.Result {
	v := f.explain(what, question, patience)
	res := checks.Result{Status: v.status, Summary: v.summary, Hint: v.hint, Error: f.text()}
	// The password may come from a file that nobody else knows of. One that is
	// also the name of something (postgres, postgres) would only blot that out.
	if f.cfg != nil && !strings.Contains(f.cfg.User+" "+f.cfg.Database+" "+servers(f.cfg), f.cfg.Password) {
		redactor := checks.NewRedactor(checks.Secret(f.cfg.Password))
		redactor.Result(&res)
	}
	return res
}

// text is the driver's own error on one line. It names user, database and
// server, never the password.
func (f *failure) text() string {
	lines := strings.Split(f.err.Error(), "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && (len(kept) == 0 || line != kept[len(kept)-1]) {
			kept = append(kept, line)
		}
	}
	text := strings.Join(kept, " ")
	if e, ok := errors.AsType[*pgconn.PgError](f.err); ok && e.Detail != "" {
		text += " DETAIL: " + e.Detail
	}
	return text
}

// explain finds the words. The order matters: an end of time is recognized
// before what it looks like to the network, and the server's own words before
// what the network says of the end of the conversation.
func (f *failure) explain(what, question string, patience patience) verdict {
	switch {
	case errors.Is(f.err, context.Canceled):
		return cannotTell("", "the check was interrupted before %s answered", what)
	case errors.Is(f.err, errBusy):
		return cannotTell("Look at the result of that check first.", "%s could not be asked: %s", what, errBusy)
	case f.stage == stageAddress:
		return cannotTell("Correct the address in the configuration.", "the address of %s cannot be used: %s", what, f.err)
	}
	at := what + " at " + servers(f.cfg)
	if e, ok := errors.AsType[*pgconn.PgError](f.err); ok {
		return f.fromServer(e, what, at, question)
	}
	if timedOut(f.err) {
		return f.silent(at, question, patience.spent())
	}
	if v, ok := fromTLS(f.err, at); ok {
		return v
	}
	return f.fromNetwork(what, at, question)
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) || errors.As(err, &t) && t.Timeout()
}

// silent words a server that did not answer in time.
func (f *failure) silent(at, question string, after time.Duration) verdict {
	if v, ok := fromDNS(f.err, at); ok {
		return v
	}
	switch f.stage {
	case stageReach:
		return down("Packets are lost on the way: look at firewalls and security groups, at the route, and whether that machine runs.",
			"%s cannot be reached: nothing came back within %s", at, after)
	case stageLogin:
		return down("It hangs, is overloaded, or something else listens there: look at its log, its load and its disks.",
			"%s accepts connections but said nothing within %s", at, after)
	}
	return down("It is overloaded, out of memory or waits for its disks: look at its log and its load.",
		"%s lets Vitals log in but did not answer %s within %s", at, question, after)
}

// The SQLSTATE codes that have sentences of their own,
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	codeProtocolViolation  = "08P01"
	codeInvalidPassword    = "28P01"
	codeInvalidAuth        = "28000"
	codeNoDatabase         = "3D000"
	codeNoSchema           = "3F000"
	codeNoPrivilege        = "42501"
	codeNoTable            = "42P01"
	codeNoParameter        = "42704"
	codeTooManyConnections = "53300"
	codeLockTimeout        = "55P03"
	codeCannotConnectNow   = "57P03"
	codeAdminShutdown      = "57P01"
	codeCrashShutdown      = "57P02"
	codeQueryCanceled      = "57014"
	codeRecoveryConflict   = "40001"
)

// fromServer words what the server itself said.
func (f *failure) fromServer(e *pgconn.PgError, what, at, question string) verdict {
	user, database := f.cfg.User, f.cfg.Database
	if database == "" {
		database = user // as the server does
	}
	switch e.Code {
	case codeCannotConnectNow:
		return notNow(e.Message, at)
	case codeTooManyConnections:
		return down("Find who holds them (select usename, application_name, state, count(*) from pg_stat_activity group by 1, 2, 3), end what is idle, or raise max_connections.",
			"%s has no connection left: too many clients", at)
	case codeInvalidPassword:
		if f.cfg.Password == "" {
			return down("Put the password into the address, into PGPASSWORD or into ~/.pgpass.", "%s wants a password for user %q and none is set", at, user)
		}
		return down("Correct the password in the address, in PGPASSWORD or in ~/.pgpass.", "%s refuses the password of user %q", at, user)
	case codeInvalidAuth:
		return notAllowed(e.Message, at, user, database)
	case codeNoDatabase:
		return down("Create it, or correct the database in the address.", "%s has no database %q", at, database)
	case codeNoPrivilege:
		return down(fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", quoteIdentifier(database), quoteIdentifier(user)),
			"%s does not let user %q into database %q", at, user, database)
	case codeNoParameter:
		return cannotTell("Take the parameter that Error names out of the address.", "%s does not know a parameter of the address", at)
	case codeAdminShutdown, codeCrashShutdown:
		return down("Look at its log: it is being stopped, has crashed, or somebody ended the session.", "%s ended the connection before it answered", at)
	case codeProtocolViolation:
		return down("Those are the words of what stands in front of PostgreSQL: look at its log and its configuration.", "%s refuses: %s", at, e.Message)
	}
	if f.stage == stageAsk {
		return down("Look at its log.", "%s lets Vitals log in but fails at %s", at, question)
	}
	return down("Look at its log.", "%s refuses the connection", at)
}

// notNow tells the reasons for "cannot connect now" apart. The words are
// PostgreSQL's; in another language the general sentence remains.
func notNow(message, at string) verdict {
	switch {
	case strings.Contains(message, "starting up"):
		return down("Wait. If it takes long, its log says how far it is.", "%s is starting up and takes no connections yet", at)
	case strings.Contains(message, "shutting down"):
		return down("Find out who stops it, and start it again.", "%s is shutting down", at)
	case strings.Contains(message, "recover"), strings.Contains(message, "not yet accepting"), strings.Contains(message, "not accepting"):
		return down("Wait. Its log says how far it is; a standby that never gets there waits for WAL.", "%s is recovering and takes no connections yet", at)
	}
	return down("It is starting, stopping or recovering: its log says which.", "%s takes no connections at the moment", at)
}

// notAllowed tells the reasons for a refused login apart.
func notAllowed(message, at, user, database string) verdict {
	switch {
	case strings.Contains(message, "pg_hba.conf"):
		return down("Add a line for this user, database and address to pg_hba.conf and reload, or use TLS where only that is allowed.",
			"%s: no line of pg_hba.conf lets user %q into database %q from here", at, user, database)
	case strings.Contains(message, "does not exist"):
		return down("Create the role, or correct the user in the address.", "%s has no user %q", at, user)
	}
	return down("Error has the server's reason; look at the role and at pg_hba.conf.", "%s does not let user %q log in", at, user)
}
