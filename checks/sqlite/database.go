package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"vitals/checks"
)

// database is the check whether a file can be read. It keeps nothing open
// between runs: a reader that stays would keep the application's last
// connection from cleaning up after itself.
type database struct {
	options Options
}

// answer is what a file said. A nil users could not be counted.
type answer struct {
	file           file
	took           time.Duration // until the schema was read, opening included
	journalMode    string
	users          *int64
	usersEstimated bool
	usersErr       error
}

func (d *database) do(ctx context.Context) checks.Result {
	started := time.Now()
	a, err := d.ask(ctx, started)
	if isCode(err, lib.SQLITE_CORRUPT) && ctx.Err() == nil {
		// A file read without locks in the middle of a write can look broken.
		time.Sleep(20 * time.Millisecond)
		a, err = d.ask(ctx, started)
	}
	if err != nil {
		return d.failed(ctx, err, time.Since(started))
	}
	return d.judge(a)
}

// ask looks at the file in the way that leaves no trace, see opening.
func (d *database) ask(ctx context.Context, started time.Time) (answer, error) {
	path := d.options.Path
	f, err := examine(ctx, path)
	if err != nil {
		return answer{}, err
	}
	how := f.opening()
	a, err := d.query(ctx, f, how, started)
	if how == asFrozen {
		// If somebody has opened it since, what was read may be of two times.
		if now, again := examine(ctx, path); again == nil && now.opening() != asFrozen {
			return d.query(ctx, now, now.opening(), started)
		}
	}
	return a, err
}

func (d *database) query(ctx context.Context, f file, how opening, started time.Time) (answer, error) {
	a := answer{file: f, journalMode: "wal"}
	db, err := open(ctx, d.options.Path, how)
	if err != nil {
		return a, err
	}
	defer db.Close()
	// SELECT 1 alone would not touch the file.
	var one, objects int64
	if err := db.QueryRowContext(ctx, "SELECT 1, (SELECT count(*) FROM sqlite_schema)").Scan(&one, &objects); err != nil {
		return a, err
	}
	a.took = time.Since(started)
	if !f.wal {
		if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&a.journalMode); err != nil {
			return a, err
		}
	}
	if d.options.UsersTable != "" {
		a.usersErr = a.count(ctx, db, &d.options)
		if isCode(a.usersErr, lib.SQLITE_CORRUPT) || isCode(a.usersErr, lib.SQLITE_IOERR) {
			return a, a.usersErr
		}
	}
	return a, nil
}

// count counts the users, or takes the number of rows from the statistics that
// ANALYZE has left, where they exist and exceed the limit.
func (a *answer) count(ctx context.Context, db *sql.DB, o *Options) error {
	var stat string
	err := db.QueryRowContext(ctx, "SELECT stat FROM sqlite_stat1 WHERE tbl = ? COLLATE NOCASE LIMIT 1", o.UsersTable).Scan(&stat)
	if err == nil {
		rows, _, _ := strings.Cut(stat, " ")
		if n, err := strconv.ParseInt(rows, 10, 64); err == nil && n > o.UsersExactLimit {
			a.users, a.usersEstimated = &n, true
			return nil
		}
	}
	var n int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+quoteIdentifier(o.UsersTable)).Scan(&n); err != nil {
		return err
	}
	a.users = &n
	return nil
}

func quoteIdentifier(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func (d *database) judge(a answer) checks.Result {
	path := d.options.Path
	res := checks.OK(fmt.Sprintf("SQLite database %s answers", path)).Add(a.facts(d.options.UsersTable != "")...)
	res = measure(res, d.options.Name, a)
	switch {
	case a.file.size == 0:
		res.Status, res.Summary = checks.Degraded, fmt.Sprintf("SQLite database %s is empty: 0 bytes, no tables", path)
		return res.WithHint("If the application has had data in it, somebody has emptied or replaced the file: restore a backup.")
	case a.usersErr != nil:
		why, hint := d.explainUsers(a.usersErr)
		res.Status, res.Error = checks.Unknown, a.usersErr.Error()
		res.Summary = fmt.Sprintf("SQLite database %s answers, but users could not be counted: %s", path, why)
		return res.WithHint(hint)
	case a.file.leftover():
		res.Summary += "; changes in the -wal file beside it, left by a program that has crashed, are not counted"
	}
	return res
}

func (a *answer) facts(withUsers bool) []checks.Fact {
	facts := []checks.Fact{
		checks.Text("type", "SQLite"),
		checks.Text("connection_test", "passed"),
		checks.Text("version", a.file.version),
	}
	if withUsers {
		count := checks.Unmeasured("users_count", checks.KindInteger)
		if a.users != nil {
			count = checks.Int("users_count", *a.users)
		}
		facts = append(facts, count, checks.Bool("users_count_estimated", a.usersEstimated))
	}
	facts = append(facts,
		checks.Duration("response_time", a.took),
		checks.Bytes("size", a.file.size),
		checks.Text("journal_mode", a.journalMode),
		checks.Bool("read_only", a.file.readOnly))
	if a.file.walSize > 0 {
		facts = append(facts, checks.Bytes("wal_size", a.file.walSize))
	}
	return facts
}

func measure(res checks.Result, name string, a answer) checks.Result {
	var labels []string
	if name != "" {
		labels = []string{"server", name}
	}
	res = res.Measure("vitals_database_size_bytes", float64(a.file.size+a.file.walSize), labels...)
	if a.users != nil {
		res = res.Measure("vitals_database_users", float64(*a.users), labels...)
	}
	return res
}

func (d *database) explainUsers(err error) (why, hint string) {
	table := d.options.UsersTable
	switch {
	case strings.Contains(err.Error(), "no such table"):
		return "there is no table " + table, "Correct users_table, or create the table."
	case isCode(err, lib.SQLITE_INTERRUPT), errors.Is(err, context.DeadlineExceeded):
		return "counting " + table + " took too long", "Run ANALYZE and lower users_exact_limit to take its statistics instead, or raise the check's timeout."
	case isCode(err, lib.SQLITE_BUSY):
		return "the database was locked meanwhile", "Nothing to do if it is rare."
	}
	return "the database refuses it", ""
}

// isCode tells whether an error is of one of SQLite's primary result codes,
// https://www.sqlite.org/rescode.html.
func isCode(err error, code int) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Code()&0xff == code
}
