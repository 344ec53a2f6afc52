package configs

import (
	"vitals/checks"
	"vitals/checks/postgres"
	"vitals/checks/sqlite"
)

// DatabaseOptions are those of a database of either sort: the address tells
// which, and then that package's own options judge and do the rest.
type DatabaseOptions struct {
	Name            string               `mapstructure:"name" help:"tells several databases apart: the checks are called database@NAME; empty for the application's own"`
	URL             checks.Secret        `mapstructure:"url" address:"database" help:"postgres://user:password@host:5432/name, sqlite:file.db, or a path that ends in .db, .sqlite or .sqlite3"`
	Expect          string               `mapstructure:"expect" oneof:"any,primary,standby" help:"fail when the server is not in this role: any, primary or standby (PostgreSQL)"`
	UsersTable      string               `mapstructure:"users_table" help:"table whose rows are the application's users, as table or schema.table; empty counts none"`
	UsersExactLimit int64                `mapstructure:"users_exact_limit" help:"with more rows than this the planner's estimate is taken instead of counting"`
	Pool            postgres.PoolOptions `mapstructure:"pool" help:"the application's own connection pool, seen from the server (PostgreSQL)"`
	PgBouncer       checks.Secret        `mapstructure:"pgbouncer_url" help:"address of PgBouncer's console, such as postgres://stats_user:password@host:6432/pgbouncer"`
	checks.Common   `mapstructure:",squash"`
}

// DefaultDatabaseOptions are the options of a database without its address.
func DefaultDatabaseOptions() DatabaseOptions {
	p := postgres.DefaultOptions()
	return DatabaseOptions{
		Expect: p.Expect, UsersExactLimit: p.UsersExactLimit, Pool: p.Pool, Common: p.Common,
	}
}

// Type is PostgreSQL or SQLite, or "" without an address that can be used.
func (o *DatabaseOptions) Type() string {
	switch (parseAddress(o.URL.Reveal())).sort {
	case sortPostgres:
		return "PostgreSQL"
	case sortSQLite:
		return "SQLite"
	}
	return ""
}

// Problems implements checks.Options.
func (o *DatabaseOptions) Problems() []checks.Problem {
	a := parseAddress(o.URL.Reveal())
	if a.problem != "" {
		return []checks.Problem{{Key: "url", Message: a.problem}}
	}
	if a.sort != sortSQLite {
		return o.postgres().Problems()
	}
	problems := o.sqlite(a).Problems()
	for i := range problems {
		if problems[i].Key == "path" {
			problems[i].Key = "url"
		}
	}
	const other = "is only for PostgreSQL, and the address is SQLite's"
	if o.PgBouncer != "" {
		problems = append(problems, checks.Problem{Key: "pgbouncer_url", Message: other})
	}
	if o.Pool.Size != 0 {
		problems = append(problems, checks.Problem{Key: "pool.size", Message: other})
	}
	if o.Expect != postgres.ExpectAny && o.Expect != "" {
		problems = append(problems, checks.Problem{Key: "expect", Message: other})
	}
	return problems
}

// Checks implements checks.Options.
func (o *DatabaseOptions) Checks() []checks.Check {
	switch a := parseAddress(o.URL.Reveal()); {
	case a.problem != "":
		return nil
	case a.sort == sortSQLite:
		return o.sqlite(a).Checks()
	}
	return o.postgres().Checks() // also without an address: PgBouncer alone can be looked at
}

func (o *DatabaseOptions) postgres() *postgres.Options {
	return &postgres.Options{
		Name: o.Name, URL: o.URL, Expect: o.Expect, UsersTable: o.UsersTable, UsersExactLimit: o.UsersExactLimit,
		Pool: o.Pool, PgBouncer: o.PgBouncer, Common: o.Common,
	}
}

func (o *DatabaseOptions) sqlite(a address) *sqlite.Options {
	return &sqlite.Options{
		Name: o.Name, Path: a.path, UsersTable: o.UsersTable, UsersExactLimit: o.UsersExactLimit, Common: o.Common,
	}
}
