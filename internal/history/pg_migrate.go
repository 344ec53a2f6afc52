package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
)

// pgSchema is where the tables are, so that the history can share a database
// with others.
const pgSchema = "vitals"

// lockKeep is the advisory lock of transactions toKeep. Any number will do that
// nobody else in the database chose; this one spells "Vitals".
const lockKeep = 0x566974616c73

// begin opens the pools, which connects once, and migrates where that is needed.
func (db *server) begin(ctx context.Context) error {
	if err := db.connect(); err != nil {
		return err
	}
	err := db.with(ctx, func() error { return db.migrate(ctx) })
	if err != nil {
		_ = db.close() // nothing was done with it
	}
	return err
}

// migrate brings the schema to this version's. Any number of processes may do
// so at once. It changes nothing where the schema is another program's or a
// newer Vitals's.
func (db *server) migrate(ctx context.Context) error {
	var version int64
	err := db.inTx(ctx, toRead, func(ctx context.Context, conn *sql.Conn) (err error) {
		version, err = db.version(ctx, conn)
		return err
	})
	if err != nil || version == schema {
		return err
	}
	return db.inTx(ctx, toKeep, func(ctx context.Context, conn *sql.Conn) error {
		version, err := db.version(ctx, conn)
		if err != nil || version == schema {
			return err
		}
		return db.applyMigrations(ctx, conn, version)
	})
}

// version is the number of migrations that the schema has seen, -1 where there
// is no schema yet.
func (db *server) version(ctx context.Context, conn *sql.Conn) (int64, error) {
	var there, ours bool
	var tables int
	err := conn.QueryRowContext(ctx, `SELECT true, count(c.oid), coalesce(bool_or(c.relname = 'vitals_schema'), false)
		FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
		WHERE n.nspname = ? GROUP BY n.oid`, pgSchema).Scan(&there, &tables, &ours)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return -1, nil
	case err != nil:
		return 0, err
	case !ours && tables > 0:
		return 0, &Error{
			Kind: Foreign, Path: db.path,
			text: fmt.Sprintf("%s has a schema %s that is not Vitals' history, and was left alone", db.path, pgSchema),
			Hint: "give the history a database of its own",
		}
	case !ours:
		return 0, nil
	}
	var version int64
	if err := conn.QueryRowContext(ctx, "SELECT version FROM "+pgSchema+".vitals_schema").Scan(&version); err != nil {
		return 0, err
	}
	if version > schema {
		return 0, &Error{
			Kind: Newer, Path: db.path,
			text: fmt.Sprintf("%s was written by a newer vitals (schema %d; this one knows %d)", db.path, version, schema),
			Hint: "run the newer vitals everywhere, or give this one another database",
		}
	}
	return version, nil
}

func (db *server) applyMigrations(ctx context.Context, conn *sql.Conn, version int64) error {
	if version < 0 {
		if _, err := conn.ExecContext(ctx, "CREATE SCHEMA "+pgSchema); err != nil {
			return db.mayNot(err, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", quoted(db.config.Database), quoted(db.config.User)))
		}
	}
	if version <= 0 {
		version = 0
		if _, err := conn.ExecContext(ctx, "CREATE TABLE vitals_schema (version BIGINT NOT NULL); INSERT INTO vitals_schema VALUES (0)"); err != nil {
			return db.mayNot(err, fmt.Sprintf("ALTER SCHEMA %s OWNER TO %s", pgSchema, quoted(db.config.User)))
		}
	}
	names, err := fs.Glob(migrations, "migrations/postgres/*.sql") // sorted
	if err != nil {
		return err
	}
	for _, name := range names[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = conn.ExecContext(ctx, "UPDATE vitals_schema SET version = ?", int64(schema))
	return err
}
