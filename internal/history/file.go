package history

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// create makes the folder and an empty file that only the owner can read:
// SQLite takes the modes of the files beside it from the file, and would make
// the file itself readable by everybody.
//
// The file is made under another name and linked into place. Opening and
// closing it under its own name could, in a process that has it open already,
// drop SQLite's locks on it.
func create(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	empty, err := os.CreateTemp(folder, filepath.Base(path)+".new-*") // CreateTemp's files are 0600
	if err != nil {
		return err
	}
	defer os.Remove(empty.Name())
	if err := empty.Close(); err != nil {
		return err
	}
	if err := os.Link(empty.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	// Not every file system has links.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// address is the data source name of the file with the settings that every
// connection has.
func address(path string, patience time.Duration) string {
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path // file:/C:/…
	}
	path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	settings := url.Values{
		"_busy_timeout": {fmt.Sprint(patience.Milliseconds())},
		"_synchronous":  {"NORMAL"}, // an observation is not worth a sync; what must not be lost asks for FULL itself
		"_error_rc":     {"true"},
	}
	return "file:" + path + "?" + settings.Encode()
}

// setAside renames a damaged database and the files that belong to it, and
// returns its new name. Nothing is deleted.
//
// The log goes first: left behind, it would be read into the new database.
func setAside(path string, now time.Time) (string, error) {
	aside := path + ".broken-" + now.UTC().Format("20060102T150405.000000")
	for _, suffix := range []string{"-wal", "-shm", ""} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
