package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// pool is the check of the application's connection pool: seen from the
// server where its size is known, and from PgBouncer where there is one.
type pool struct {
	options PoolOptions
	name    string // of the server; "" for the application's own
	server  *link  // nil when the size is not known
	bouncer *link  // nil without PgBouncer
}

func newPool(o *Options, server *link) *pool {
	p := &pool{options: o.Pool, name: o.Name}
	if o.URL != "" && o.Pool.Size > 0 {
		p.server = server
	}
	if o.PgBouncer != "" {
		p.bouncer = newLink(o.PgBouncer)
		p.bouncer.console = true
	}
	return p
}

func (p *pool) close() {
	if p.server != nil {
		p.server.close()
	}
	if p.bouncer != nil {
		p.bouncer.close()
	}
}

func (p *pool) do(ctx context.Context) checks.Result {
	ctx, cancel, patience := hurry(ctx)
	defer cancel()
	if p.bouncer == nil {
		return p.fromServer(ctx, patience)
	}
	if p.server == nil {
		return p.fromBouncer(ctx, patience)
	}
	var seen, bounced checks.Result
	var both sync.WaitGroup
	both.Go(func() { bounced = p.fromBouncer(ctx, patience) })
	seen = p.fromServer(ctx, patience)
	both.Wait()
	return join(seen, bounced)
}

// join makes one result of what server and PgBouncer tell. Where both have a
// fact, it is the server's: that is where a connection is really in use.
func join(seen, bounced checks.Result) checks.Result {
	first, second := seen, bounced
	if bounced.Status > seen.Status {
		first, second = bounced, seen
	}
	res := first
	res.Summary += "; " + second.Summary
	if res.Hint == "" {
		res.Hint = second.Hint
	}
	if res.Error == "" {
		res.Error = second.Error
	}
	res.Facts = append([]checks.Fact(nil), seen.Facts...)
	for _, f := range bounced.Facts {
		if _, have := seen.Fact(f.Name); !have {
			res.Facts = append(res.Facts, f)
		}
	}
	res.Samples = append([]checks.Sample(nil), seen.Samples...)
	if len(seen.Samples) == 0 {
		res.Samples = append(res.Samples, bounced.Samples...)
	}
	res.Tables = append(append([]checks.Table(nil), seen.Tables...), bounced.Tables...)
	return res
}

// sessionsSQL counts the pool's sessions by state: client sessions of this
// database, by application and user where they are given and never Vitals' own.
// Type and state are NULL where Vitals may not see them; name, user and
// database always show. In the order of the states' names, NULL last.
const sessionsSQL = `SELECT state, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
	AND coalesce(backend_type, 'client backend') = 'client backend'
	AND application_name <> '` + applicationName + `'
	AND ($1::text = '' OR application_name = $1) AND ($2::text = '' OR usename = $2)
GROUP BY state ORDER BY state`

// sessions are a pool's connections by what they do.
type sessions struct {
	total   int64
	idle    int64
	active  int64
	aborted int64 // idle in a transaction that has failed
	hidden  int64 // what they do may not be seen
}

// out is how many are checked out for certain. Hidden ones may be too.
func (s sessions) out() int64 { return s.total - s.idle - s.hidden }

func (p *pool) fromServer(ctx context.Context, patience patience) checks.Result {
	var s sessions
	var user string
	failed := p.server.do(ctx, func(ctx context.Context, conn *pgconn.PgConn, _ func()) (err error) {
		user = p.server.cfg.User
		s, err = p.sessions(ctx, conn)
		return err
	})
	if failed == nil {
		return p.judge(s, user)
	}
	res := failed.result("PostgreSQL", "how many sessions there are", patience)
	// That the server is down is for the check database to say.
	res.Status, res.Summary = checks.Unknown, "the pool could not be counted: "+res.Summary
	return res.Add(checks.Int("pool_size", int64(p.options.Size)))
}

func (p *pool) sessions(ctx context.Context, conn *pgconn.PgConn) (sessions, error) {
	var s sessions
	result := conn.ExecParams(ctx, sessionsSQL, [][]byte{[]byte(p.options.Application), []byte(p.options.User)}, nil, nil, nil).Read()
	if result.Err != nil {
		return s, result.Err
	}
	for _, row := range result.Rows {
		n := number(row[1])
		if n == nil {
			return s, errors.New("a count of sessions is not a number")
		}
		s.total += *n
		switch state := string(row[0]); {
		case row[0] == nil || state == "disabled": // no privilege, or track_activities is off
			s.hidden += *n
		case state == "idle":
			s.idle += *n
		case state == "active":
			s.active += *n
		case state == "idle in transaction (aborted)":
			s.aborted += *n
		}
	}
	return s, nil
}

// judge compares with the pool's size. With hidden sessions the true number
// lies between two bounds; where they disagree, nobody can tell.
func (p *pool) judge(s sessions, user string) checks.Result {
	res := checks.Result{Facts: p.facts(s)}
	if s.hidden == 0 {
		res = res.Measure("db_connections_active", float64(s.active), labels(p.name)...).
			Measure("db_connections_checked_out", float64(s.out()), labels(p.name)...).
			Measure("vitals_database_pool_size", float64(p.options.Size), labels(p.name)...)
	}
	least, most := p.status(s.out()), p.status(s.out()+s.hidden)
	res.Status = least
	res.Summary = fmt.Sprintf("%d of %d pool connections checked out", s.out(), p.options.Size)
	if over := s.total - int64(p.options.Size); over > 0 {
		res.Summary += fmt.Sprintf(", %d open beyond the pool's size", over)
	}
	switch {
	case s.hidden > 0 && least != most:
		res.Status = checks.Unknown
		res.Summary = fmt.Sprintf("%d of the pool's %d sessions are hidden from Vitals: %d to %d of %d connections are checked out",
			s.hidden, s.total, s.out(), s.out()+s.hidden, p.options.Size)
		return res.WithHint("GRANT pg_read_all_stats TO " + quoteIdentifier(user) + " (and track_activities must be on)")
	case s.hidden > 0:
		res.Summary += fmt.Sprintf("; %d sessions hidden", s.hidden)
	}
	if least != checks.Healthy {
		return res.WithHint("Look for slow queries and for transactions left open; if neither, enlarge the pool, within max_connections.")
	}
	return res
}

// status judges a number of connections checked out: degraded by the pool's
// size, unhealthy by all that it can ever give, since up to there a request
// still gets a connection.
func (p *pool) status(out int64) checks.Status {
	size := float64(p.options.Size)
	switch limit := size + float64(p.options.MaxOverflow); {
	case p.options.MaxOverflow >= 0 && float64(out)*100 >= limit*p.options.UnhealthyPercent:
		return checks.Unhealthy
	case float64(out)*100 >= size*p.options.DegradedPercent:
		return checks.Degraded
	}
	return checks.Healthy
}

// facts are those of /admin/db-pool-status. Checked out is every session that
// is not idle: active, or in a transaction. Invalid are those in a transaction
// that has failed, which can do nothing but roll back; they are checked out.
func (p *pool) facts(s sessions) []checks.Fact {
	size := int64(p.options.Size)
	used := checks.Percent("pool_used", 100*float64(s.out())/float64(size))
	if p.options.MaxOverflow >= 0 {
		used = used.Judged(p.options.DegradedPercent, p.options.UnhealthyPercent*float64(size+int64(p.options.MaxOverflow))/float64(size))
	}
	facts := []checks.Fact{
		checks.Int("pool_size", size),
		checks.Int("checked_in_connections", s.idle),
		checks.Int("checked_out_connections", s.out()),
		checks.Int("overflow_connections", max(s.total-size, 0)),
		checks.Int("invalid_connections", s.aborted),
		used,
	}
	if s.hidden == 0 {
		return facts
	}
	for i, f := range facts {
		switch f.Name {
		case "checked_in_connections", "checked_out_connections", "invalid_connections", "pool_used":
			facts[i] = checks.Unmeasured(f.Name, f.Kind)
		}
	}
	return append(facts, checks.Int("hidden_connections", s.hidden))
}

// plural is "1 client", "2 clients".
func plural(n int64, word string) string {
	if n != 1 && !strings.HasSuffix(word, "s") {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}
