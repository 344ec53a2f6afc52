package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// Clients that wait for PgBouncer to give them a connection: more than 20 in
// one pool, or one for longer than 15 s, are the thresholds in use for its
// SHOW POOLS.
const (
	waitingDegraded = 20
	waitUnhealthy   = 15 * time.Second
)

// bouncerPool is one pool of PgBouncer: a database and a user.
type bouncerPool struct {
	database, user, mode string
	clients, waiting     int64
	active, idle, size   int64
	longest              time.Duration // of those that wait now
}

func (p *pool) fromBouncer(ctx context.Context, patience patience) checks.Result {
	var pools []bouncerPool
	failed := p.bouncer.do(ctx, func(ctx context.Context, conn *pgconn.PgConn, _ func()) (err error) {
		pools, err = bouncerPools(ctx, conn)
		return err
	})
	if failed == nil {
		return p.judgeBouncer(pools)
	}
	res := failed.result("PgBouncer", "SHOW POOLS", patience)
	if _, ok := errors.AsType[*pgconn.PgError](failed.err); ok {
		// It runs; whether it lets this user look at its console is Vitals' trouble.
		res.Status = checks.Unknown
		res.Hint = "Name the user in stats_users of pgbouncer.ini, and its password in pgbouncer_url."
	}
	return res
}

// bouncerPools asks the console. It speaks the simple protocol only, and its
// columns differ between versions: they are taken by name.
func bouncerPools(ctx context.Context, conn *pgconn.PgConn) ([]bouncerPool, error) {
	rows, err := show(ctx, conn, "SHOW POOLS")
	if err != nil {
		return nil, err
	}
	databases, err := show(ctx, conn, "SHOW DATABASES")
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, d := range databases {
		sizes[d["name"]] = d.number("pool_size")
	}
	var pools []bouncerPool
	for _, r := range rows {
		if r["database"] == "pgbouncer" { // the console itself
			continue
		}
		pools = append(pools, bouncerPool{
			database: r["database"], user: r["user"], mode: r["pool_mode"],
			clients: r.number("cl_active"), waiting: r.number("cl_waiting"),
			active: r.number("sv_active"), idle: r.number("sv_idle") + r.number("sv_used"),
			size:    sizes[r["database"]],
			longest: time.Duration(r.number("maxwait"))*time.Second + time.Duration(r.number("maxwait_us"))*time.Microsecond,
		})
	}
	return pools, nil
}

// record is a row by the names of its columns.
type record map[string]string

// number is 0 for a column that is not there.
func (r record) number(column string) int64 {
	if n := number([]byte(r[column])); n != nil {
		return *n
	}
	return 0
}

func show(ctx context.Context, conn *pgconn.PgConn, command string) ([]record, error) {
	results, err := conn.Exec(ctx, command).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("%s gave %d results", command, len(results))
	}
	var records []record
	for _, row := range results[0].Rows {
		r := record{}
		for i, f := range results[0].FieldDescriptions {
			r[f.Name] = string(row[i])
		}
		records = append(records, r)
	}
	return records, nil
}

func (p *pool) judgeBouncer(pools []bouncerPool) checks.Result {
	t := checks.Table{Name: "pools", Columns: []checks.Column{
		{Name: "database"}, {Name: "user"}, {Name: "pool_mode"}, {Name: "pool_size", Kind: checks.KindInteger},
		{Name: "clients_active", Kind: checks.KindInteger}, {Name: "clients_waiting", Kind: checks.KindInteger},
		{Name: "servers_active", Kind: checks.KindInteger}, {Name: "servers_idle", Kind: checks.KindInteger},
		{Name: "longest_wait", Kind: checks.KindDuration},
	}}
	var sum bouncerPool
	worst := checks.OK("")
	for _, b := range pools {
		t.Add(b.database, b.user, b.mode, b.size, b.clients, b.waiting, b.active, b.idle, b.longest)
		sum.clients, sum.waiting = sum.clients+b.clients, sum.waiting+b.waiting
		sum.active, sum.idle, sum.size = sum.active+b.active, sum.idle+b.idle, sum.size+b.size
		sum.longest = max(sum.longest, b.longest)
		if one := b.judge(p.options.DegradedPercent); one.Status > worst.Status {
			worst = one
		}
	}
	if worst.Status == checks.Healthy {
		worst.Summary = fmt.Sprintf("PgBouncer has %s active and %d waiting, over %s in use", plural(sum.clients, "client"), sum.waiting, plural(sum.active, "server connection"))
	}
	worst.Tables = []checks.Table{t}
	return p.bouncerFacts(worst, sum)
}

func (b *bouncerPool) judge(degradedPercent float64) checks.Result {
	at := fmt.Sprintf("in PgBouncer's pool of %s for user %s", b.database, b.user)
	const hint = "Look for slow queries and for transactions left open on the server; if neither, enlarge pool_size."
	switch {
	case b.waiting > 0 && b.longest > waitUnhealthy:
		return checks.Fail(fmt.Sprintf("%s waiting for a connection %s, for up to %s", plural(b.waiting, "client"), at, b.longest.Round(100*time.Millisecond)), nil).WithHint(hint)
	case b.waiting > waitingDegraded:
		return checks.Warn(fmt.Sprintf("%s waiting for a connection %s", plural(b.waiting, "client"), at)).WithHint(hint)
	case b.size > 0 && float64(b.active)*100 >= float64(b.size)*degradedPercent:
		return checks.Warn(fmt.Sprintf("%d of %d server connections in use %s", b.active, b.size, at)).WithHint(hint)
	}
	return checks.OK("")
}

// bouncerFacts gives the facts of /admin/db-pool-status in PgBouncer's terms:
// its connections to the server are the pool. It opens none beyond its size
// that it tells apart, and keeps no broken ones.
func (p *pool) bouncerFacts(res checks.Result, sum bouncerPool) checks.Result {
	size := checks.Unmeasured("pool_size", checks.KindInteger)
	used := checks.Unmeasured("pool_used", checks.KindPercent)
	if sum.size > 0 {
		size = checks.Int("pool_size", sum.size)
		used = checks.Percent("pool_used", 100*float64(sum.active)/float64(sum.size))
	}
	res = res.Add(size,
		checks.Int("checked_in_connections", sum.idle),
		checks.Int("checked_out_connections", sum.active),
		checks.Int("overflow_connections", 0),
		checks.Int("invalid_connections", 0),
		used,
		checks.Int("clients_active", sum.clients),
		checks.Int("clients_waiting", sum.waiting),
		checks.Duration("longest_wait", sum.longest)).
		Measure("db_connections_active", float64(sum.active), labels(p.name)...).
		Measure("db_connections_checked_out", float64(sum.active), labels(p.name)...)
	if sum.size > 0 {
		res = res.Measure("vitals_database_pool_size", float64(sum.size), labels(p.name)...)
	}
	return res
}
