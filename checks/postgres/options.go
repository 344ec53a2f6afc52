// Package postgres asks whether a PostgreSQL server (13 and later) works, and
// how much of the application's connection pool is in use, seen from the
// server or from PgBouncer.
//
// Its rules: it only reads, in a read-only transaction with a statement and a
// lock timeout of its own, so that it never changes, blocks or overloads what
// it looks at; it holds at most one connection; and it judges a server only by
// a fresh connection when a kept one fails.
package postgres

import (
	"fmt"
	"slices"

	"vitals/checks"
)

// The values of Options.Expect.
const (
	ExpectAny     = "any"
	ExpectPrimary = "primary"
	ExpectStandby = "standby"
)

// Options are the settings of one PostgreSQL server.
type Options struct {
	Name            string        `mapstructure:"name" help:"tells several servers apart: the checks are called database@NAME; empty for the application's own"`
	URL             checks.Secret `mapstructure:"url" help:"address, such as postgres://user:password@host:5432/database; sslmode is kept as it is"`
	Expect          string        `mapstructure:"expect" oneof:"any,primary,standby" help:"fail when the server is not in this role: any, primary or standby"`
	UsersTable      string        `mapstructure:"users_table" help:"table whose rows are the application's users, as table or schema.table; empty counts none"`
	UsersExactLimit int64         `mapstructure:"users_exact_limit" help:"with more rows than this the planner's estimate is taken instead of counting"`
	Pool            PoolOptions   `mapstructure:"pool" help:"the application's own connection pool, seen from the server"`
	PgBouncer       checks.Secret `mapstructure:"pgbouncer_url" help:"address of PgBouncer's console, such as postgres://stats_user:password@host:6432/pgbouncer"`
	checks.Common   `mapstructure:",squash"`
}

// PoolOptions describe the application's connection pool. Its sessions are
// found by application name, by user, or by both; with neither they are all
// sessions of the database that are not Vitals' own.
type PoolOptions struct {
	Application      string  `mapstructure:"application_name" help:"application_name of the pool's connections; empty for any"`
	User             string  `mapstructure:"user" help:"role that the pool logs in as; empty for any"`
	Size             int     `mapstructure:"size" help:"connections the pool keeps, over all processes of the application; 0 leaves the check out"`
	MaxOverflow      int     `mapstructure:"max_overflow" help:"connections the pool may open beyond its size; -1 for any number"`
	DegradedPercent  float64 `mapstructure:"degraded_percent" help:"degraded from this share of size checked out"`
	UnhealthyPercent float64 `mapstructure:"unhealthy_percent" help:"unhealthy from this share of size and max_overflow together checked out"`
}

// DefaultOptions returns the options of a server without its address.
//
// 80 % of the pool checked out is the threshold of the rule db_pool_usage;
// at 100 % the next request waits for a connection.
func DefaultOptions() Options {
	return Options{
		Expect:          ExpectAny,
		UsersExactLimit: 1_000_000,
		Pool:            PoolOptions{DegradedPercent: 80, UnhealthyPercent: 100},
		Common:          checks.Common{Critical: true},
	}
}

// Problems implements checks.Options. An empty URL is no problem where no Name
// is given: then there is no PostgreSQL to look at.
func (o *Options) Problems() []checks.Problem {
	var all []checks.Problem
	add := func(key, format string, values ...any) {
		all = append(all, checks.Problem{Key: key, Message: fmt.Sprintf(format, values...)})
	}
	if o.URL == "" && o.Name != "" {
		add("url", "is missing; expected an address such as postgres://user:password@host:5432/database")
	}
	if problem := urlProblem(o.URL); problem != "" {
		add("url", "%s", problem)
	}
	if problem := urlProblem(o.PgBouncer); problem != "" {
		add("pgbouncer_url", "%s", problem)
	}
	switch o.Expect {
	case "", ExpectAny, ExpectPrimary, ExpectStandby:
	default:
		add("expect", "%q is not known; use any, primary or standby", o.Expect)
	}
	if _, err := parseTable(o.UsersTable); err != nil {
		add("users_table", "%s", err)
	}
	if o.UsersExactLimit < 0 {
		add("users_exact_limit", "must not be negative, got %d", o.UsersExactLimit)
	}
	return append(all, o.Pool.problems()...)
}

func (o *PoolOptions) problems() []checks.Problem {
	var all []checks.Problem
	add := func(key, format string, values ...any) {
		all = append(all, checks.Problem{Key: "pool." + key, Message: fmt.Sprintf(format, values...)})
	}
	if o.Size < 0 {
		add("size", "must not be negative, got %d", o.Size)
	}
	if o.MaxOverflow < -1 {
		add("max_overflow", "must be -1 (any number), 0 or more, got %d", o.MaxOverflow)
	}
	if o.DegradedPercent <= 0 {
		add("degraded_percent", "must be above 0, got %g", o.DegradedPercent)
	}
	if o.UnhealthyPercent <= 0 {
		add("unhealthy_percent", "must be above 0, got %g", o.UnhealthyPercent)
	}
	return all
}

// Checks implements checks.Options: database, and database.pool where a pool
// size or PgBouncer is given. Both share one connection to the server.
func (o *Options) Checks() []checks.Check {
	if o.Disabled || o.URL == "" && o.PgBouncer == "" {
		return nil
	}
	suffix := ""
	if o.Name != "" {
		suffix = "@" + o.Name
	}
	var all []checks.Check
	server := newLink(o.URL)
	if o.URL != "" {
		users, _ := parseTable(o.UsersTable) // Problems tells what is wrong with it
		d := &database{options: *o, users: users, link: server}
		all = append(all, o.Apply(checks.Check{
			Name: "database" + suffix,
			Help: "whether PostgreSQL accepts connections and answers",
			Tags: []string{"postgres"}, Do: d.do, Close: server.close,
		}))
	}
	if o.URL != "" && o.Pool.Size > 0 || o.PgBouncer != "" {
		p := newPool(o, server)
		c := o.Apply(checks.Check{
			Name: "database.pool" + suffix,
			Help: "how much of the application's connection pool is in use",
			Tags: []string{"postgres"}, Do: p.do, Close: p.close,
		})
		if o.URL != "" {
			c.DependsOn = append(slices.Clone(c.DependsOn), "database"+suffix)
		}
		all = append(all, c)
	}
	return all
}
