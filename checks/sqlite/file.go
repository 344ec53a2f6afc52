package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// file is what is known of a database file before it is asked.
type file struct {
	size     int64
	readOnly bool // nobody can write it: its mode, or how the file system is mounted
	wal      bool // its journal mode is WAL
	version  string

	walExists, shmExists bool
	walSize              int64
}

// opening is how a file is opened.
//
// Opening a database in WAL mode makes the files -wal and -shm where they are
// missing, even read-only, and a reader cannot remove them: made by root, they
// would stand in the application's way. So a database that nobody has open is
// read as a frozen file, without locks and without those files. One in use has
// them already and is read with the locks of any reader. A database with a
// rollback journal needs no file to be read.
type opening uint8

const (
	asReader opening = iota
	asFrozen
)

func (f *file) opening() opening {
	if f.size == 0 || f.wal && !(f.walExists && f.shmExists) {
		return asFrozen
	}
	return asReader
}

// leftover tells whether there are changes that only opening the file for
// writing would bring in.
func (f *file) leftover() bool { return f.wal && f.walSize > 0 && !f.shmExists }

// These say what stands where the file should be.
var (
	errIsFolder = errors.New("is a folder")
	errNotAFile = errors.New("is not a regular file")
	errNoHeader = errors.New("is shorter than the header of a database")
)

// examine looks at a file from outside, and at the first page of it.
//
// The page is read through SQLite itself and not by opening the file here: on
// Unix, closing a file drops all locks that this process holds on it, and the
// process may well be the one that uses the database.
func examine(ctx context.Context, path string) (file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return file{}, err
	}
	switch {
	case info.IsDir():
		return file{}, errIsFolder
	case !info.Mode().IsRegular(): // a pipe would make the open wait for ever
		return file{}, errNotAFile
	}
	f := file{size: info.Size(), readOnly: info.Mode().Perm()&0o222 == 0 || onReadOnlyMount(path)}
	if wal, err := os.Stat(path + "-wal"); err == nil {
		f.walExists, f.walSize = true, wal.Size()
	}
	if _, err := os.Stat(path + "-shm"); err == nil {
		f.shmExists = true
	}
	if f.size == 0 {
		return f, nil
	}
	err = f.readHeader(ctx, path)
	if err != nil && beingWritten(path) {
		return f, nil // reading it with locks will tell
	}
	return f, err
}

// beingWritten tells whether a rollback journal lies beside the file.
func beingWritten(path string) bool {
	info, err := os.Stat(path + "-journal")
	return err == nil && info.Size() > 0
}

// readHeader takes the journal mode (byte 18, the format version for writing)
// and the version of SQLite that wrote last (bytes 96 to 99) from the header,
// https://www.sqlite.org/fileformat.html#the_database_header.
func (f *file) readHeader(ctx context.Context, path string) error {
	db, err := open(ctx, path, asFrozen)
	if err != nil {
		return err
	}
	defer db.Close()
	var format, version string
	err = db.QueryRowContext(ctx, "SELECT hex(substr(data, 19, 1)), hex(substr(data, 97, 4)) FROM sqlite_dbpage WHERE pgno = 1").Scan(&format, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoHeader
	}
	if err != nil {
		return err
	}
	f.wal = format == "02"
	if n, err := strconv.ParseInt(version, 16, 64); err == nil && n > 0 {
		f.version = fmt.Sprintf("%d.%d.%d", n/1_000_000, n/1000%1000, n%1000)
	}
	return nil
}

// open prepares a connection; the file is touched by the first query.
func open(ctx context.Context, path string, how opening) (*sql.DB, error) {
	name := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		name = "/" + name // file:/C:/…
	}
	settings := url.Values{"mode": {"ro"}, "_query_only": {"1"}, "_defensive": {"1"}, "_error_rc": {"1"}, "_busy_timeout": {patience(ctx)}}
	if how == asFrozen {
		settings.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(name)+"?"+settings.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// patience leaves enough of the remaining time to say that the file was locked.
// In milliseconds, as text.
func patience(ctx context.Context) string {
	left := 5 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	return strconv.FormatInt(max(left.Milliseconds()*8/10, 1), 10)
}

// mayRead tells whether this process may read a file. It opens it, so it must
// only be asked when SQLite could not.
func mayRead(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return !errors.Is(err, fs.ErrPermission)
	}
	return f.Close() == nil
}
