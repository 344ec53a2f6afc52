package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Kind says what is wrong with the history, for callers that react
// differently.
type Kind uint8

// The kinds of trouble.
const (
	Internal    Kind = iota // anything that is not one of the others
	Full                    // no space left
	Locked                  // others kept the file locked for longer than the busy timeout
	Broken                  // the file is damaged or not a database, and could not be moved aside
	ReadOnly                // the folder or the file cannot be written
	Disk                    // the disk or the file system refused to read or write
	Newer                   // it was written by a newer Vitals
	Foreign                 // it belongs to another program
	Interrupted             // the context ended first
	Unreachable             // the server cannot be reached, or does not answer in time
	Refused                 // the server does not let us in, or not do what has to be done
	Crowded                 // the server has no connection left
)

// Error is what every function of this package fails with. Its text is a
// whole sentence part that names the file or the server; Hint says what to do.
type Error struct {
	Kind Kind
	Path string
	Hint string
	Err  error // the cause; nil where there is none beyond the kind

	text string
}

// Error says what is wrong, for people.
func (e *Error) Error() string { return e.text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an error of this package, and Internal for
// another error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// explain turns the error of a driver or of the operating system into an
// Error. It leaves nil and an Error alone.
func explain(path string, patience time.Duration, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	e := &Error{Kind: kindOf(err), Path: path, Err: err}
	switch e.Kind {
	case Full:
		e.text = fmt.Sprintf("the disk that holds %s is full", path)
		e.Hint = "make room on that disk, or point data_dir to another one"
	case Locked:
		e.text = fmt.Sprintf("%s was locked by another process for longer than %s", path, patience)
		e.Hint = "see which process holds the file open (fuser, lsof) and whether it hangs"
	case Broken:
		e.text = fmt.Sprintf("%s is damaged or not a database (%s)", path, reason(err))
		e.Hint = "move the file away: the next run begins a new one"
	case ReadOnly:
		e.text = fmt.Sprintf("%s cannot be written (%s)", path, reason(err))
		e.Hint = "give the user that runs vitals write access to the folder and its files, or point data_dir to one that it may write"
	case Disk:
		e.text = fmt.Sprintf("the disk refused to read or write %s (%v)", path, err)
		e.Hint = "look for a quota, a file size limit, or errors of the disk in the system's log"
	case Interrupted:
		e.text = fmt.Sprintf("%s was still at work when time ran out or the command was interrupted", path)
	default:
		e.text = fmt.Sprintf("%s: %v", path, err)
	}
	return e
}

// reason is the cause without what the sentence around it says already: the
// path, and the number of SQLite's code.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	text := err.Error()
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		text = strings.TrimSuffix(text, fmt.Sprintf(" (%d)", e.Code()))
	}
	return text
}

func kindOf(err error) Kind {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Interrupted
	}
	if isNoSpace(err) {
		return Full
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return kindOfCode(e.Code())
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return ReadOnly
	}
	return Internal
}

// kindOfCode sorts SQLite's result codes, https://www.sqlite.org/rescode.html.
func kindOfCode(code int) Kind {
	if code == lib.SQLITE_IOERR_SHMSIZE { // the small -shm file could not grow: SQLite does not say FULL then
		return Full
	}
	switch code & 0xff {
	case lib.SQLITE_FULL:
		return Full
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return Locked
	case lib.SQLITE_NOTADB, lib.SQLITE_CORRUPT:
		return Broken
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return ReadOnly
	case lib.SQLITE_IOERR:
		return Disk
	case lib.SQLITE_INTERRUPT:
		return Interrupted
	}
	return Internal
}
