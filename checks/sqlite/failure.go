package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"vitals/checks"
)

// failed turns an error into the result of the check.
func (d *database) failed(ctx context.Context, err error, took time.Duration) checks.Result {
	res := d.explain(ctx, err, took.Round(50*time.Millisecond))
	res.Error = err.Error()
	res = res.Add(checks.Text("type", "SQLite"))
	if res.Status == checks.Unhealthy {
		res = res.Add(checks.Text("connection_test", "failed"))
	}
	return res
}

const notADatabase = "Correct the path; if it is right, the file is encrypted or has been overwritten: restore a backup."

func (d *database) explain(ctx context.Context, err error, took time.Duration) checks.Result {
	at := "SQLite database " + d.options.Path
	down := func(hint, format string, values ...any) checks.Result {
		return checks.Fail(at+" "+fmt.Sprintf(format, values...), nil).WithHint(hint)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return down("Correct the path, or restore a backup if the file has been deleted.", "does not exist")
	case errors.Is(err, fs.ErrPermission):
		return d.mayNot(d.options.Path)
	case errors.Is(err, errIsFolder):
		return down("Name the file in it.", "is a folder, not a file")
	case errors.Is(err, errNotAFile):
		return down("Correct the path.", "is a device or a pipe, not a file")
	case errors.Is(err, errNoHeader):
		return down(notADatabase, "is not a SQLite database")
	case errors.Is(err, context.Canceled) || ctx.Err() == context.Canceled:
		return checks.CannotTell("the check was interrupted before "+at+" answered", nil)
	case errors.Is(err, context.DeadlineExceeded) || isCode(err, lib.SQLITE_INTERRUPT):
		return down("Look at the disk it lies on, and at what else reads and writes there.", "did not answer within %s", took)
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return down("Error has the details.", "cannot be read")
	}
	return d.fromCode(e.Code(), took, down)
}

// fromCode words SQLite's result codes.
func (d *database) fromCode(code int, took time.Duration, down func(hint, format string, values ...any) checks.Result) checks.Result {
	switch code {
	case lib.SQLITE_READONLY_ROLLBACK, lib.SQLITE_READONLY_RECOVERY, lib.SQLITE_READONLY_CANTINIT:
		return down("Start the application, or open the file once with sqlite3: that finishes the interrupted write. Do not delete the -journal or -wal file.",
			"was left in the middle of a write and cannot be read until a program that may write opens it")
	}
	switch code & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return down("Some program holds a write transaction open, or uses locking_mode=EXCLUSIVE: fuser or lsof say which.", "was locked for all of %s", took)
	case lib.SQLITE_NOTADB:
		return down(notADatabase, "is not a SQLite database")
	case lib.SQLITE_CORRUPT:
		return down("Stop the application, copy the file and those beside it away, and restore a backup, or try .recover of sqlite3.", "is damaged")
	case lib.SQLITE_IOERR:
		return down("Look for errors of the disk in the system's log.", "cannot be read: the disk refuses")
	case lib.SQLITE_CANTOPEN, lib.SQLITE_PERM, lib.SQLITE_READONLY:
		for _, path := range []string{d.options.Path, d.options.Path + "-wal", d.options.Path + "-shm"} {
			if !mayRead(path) {
				return d.mayNot(path)
			}
		}
		return down("Look at the file and at those beside it.", "cannot be opened")
	case lib.SQLITE_NOMEM:
		return checks.CannotTell("Vitals has too little memory to open SQLite database "+d.options.Path, nil)
	}
	return down("Error has the details.", "cannot be read")
}

// mayNot is Vitals' own trouble and says nothing about the database.
func (d *database) mayNot(path string) checks.Result {
	return checks.CannotTell(fmt.Sprintf("SQLite database %s cannot be looked at: Vitals may not read %s", d.options.Path, path), nil).
		WithHint("Run Vitals as the application's user, or give its user read access to the file, those beside it and the folder.")
}
