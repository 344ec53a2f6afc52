package configs

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	_ "modernc.org/sqlite" // database/sql's driver

	"vitals/checks"
)

// usersTables are the names that applications and frameworks give to the table
// of their users, the likeliest first.
var usersTables = []string{"users", "user", "auth_user", "accounts_user", "users_user", "app_user", "accounts", "members", "customers", "profiles"}

// usersTable looks into the database that the proposed file will watch, read
// only, for a table of users. It returns "" when there is none or when the
// database does not let it look in time.
func (f *Found) usersTable(ctx context.Context, env environment, dir string) string {
	o := DatabaseOptions{}
	for _, name := range []string{"VITALS_DATABASE_URL", "DATABASE_URL"} {
		if o.URL == "" {
			o.URL = checks.Secret(resolveAddress(env[name], dir))
		}
	}
	switch {
	case o.Type() == "PostgreSQL":
		return postgresUsers(ctx, o.URL.Reveal())
	case o.Type() == "SQLite":
		return sqliteUsers(ctx, parseAddress(o.URL.Reveal()).path)
	case o.URL == "" && len(f.Databases) == 0 && len(f.SQLite) > 0:
		return sqliteUsers(ctx, filepath.Join(dir, filepath.FromSlash(f.SQLite[0])))
	}
	return ""
}

// postgresUsers asks the catalogue only, in a session that cannot write.
func postgresUsers(ctx context.Context, address string) string {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return ""
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // PgBouncer may stand before the server
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return ""
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return ""
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was changed
	const query = `select c.relname from pg_catalog.pg_class c
		where c.relkind in ('r', 'p') and c.relname = any($1) and pg_catalog.pg_table_is_visible(c.oid)`
	rows, err := tx.Query(ctx, query, usersTables)
	if err != nil {
		return ""
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return ""
	}
	return likeliest(names)
}

// sqliteUsers reads the schema of the file as it lies there, without locks and
// without making any file beside it.
func sqliteUsers(ctx context.Context, path string) string {
	if !isSQLiteFile(path) {
		return ""
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return ""
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "select name from sqlite_master where type = 'table'")
	if err != nil {
		return ""
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if rows.Scan(&name) == nil {
			names = append(names, name)
		}
	}
	if rows.Err() != nil {
		return ""
	}
	return likeliest(names)
}

func likeliest(names []string) string {
	for _, name := range usersTables {
		if slices.Contains(names, name) {
			return name
		}
	}
	return ""
}
