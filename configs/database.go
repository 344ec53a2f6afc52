package configs

import (
	"reflect"

	"vitals/checks"
	"vitals/checks/postgres"
)

// DatabaseOptions are those of a database of either sort; its address tells
// which. They hold what both packages' options know.
type DatabaseOptions struct {
	Name            string               `mapstructure:"name" help:"tells this database from others; empty for the main one"`
	URL             checks.Secret        `mapstructure:"url" help:"postgres://user:password@host:5432/name, host=… dbname=…, sqlite:file.db or a path that ends in .db"`
	UsersTable      string               `mapstructure:"users_table" help:"table whose rows are counted as users, such as public.users"`
	UsersExactLimit int64                `mapstructure:"users_exact_limit" help:"above this many rows the planner's estimate is taken"`
	Expect          string               `mapstructure:"expect" help:"primary, replica or any"`
	Pool            postgres.PoolOptions `mapstructure:"pool" help:"the application's connection pool (PostgreSQL)"`
	PgBouncerURL    checks.Secret        `mapstructure:"pgbouncer_url" help:"PgBouncer's admin console, for its pools"`
	checks.Common   `mapstructure:",squash"`
}

// DefaultDatabaseOptions are the defaults of every database.
func DefaultDatabaseOptions() DatabaseOptions {
	return DatabaseOptions{}
}

func (o *DatabaseOptions) Problems() []checks.Problem { return nil }
func (o *DatabaseOptions) Checks() []checks.Check { return nil }

func elementDefaults(t reflect.Type) any { return nil }
