package host

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// probePrefix begins the name of every probe file.
const probePrefix = ".vitals-probe-"

var errDiffers = errors.New("what was read is not what was written")

// tryFolder writes a probe file, syncs it, reads it back and removes it. The
// name cannot be guessed and the file must be new, so that nobody can make
// Vitals write to a file of theirs.
func tryFolder(path string) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return syscall.ENOTDIR
	}
	name := filepath.Join(path, probePrefix+rand.Text())
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = writeAndReadBack(f)
	// File servers may report only now that there was no room.
	if closed := f.Close(); err == nil {
		err = closed
	}
	if removed := os.Remove(name); err == nil {
		err = removed
	}
	return err
}

func writeAndReadBack(f *os.File) error {
	content := []byte(rand.Text())
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	back := make([]byte, len(content)+1)
	n, err := f.ReadAt(back, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(back[:n], content) {
		return errDiffers
	}
	return nil
}

// isLeftover tells whether a file is the probe of a run that was killed
// between writing and removing. A younger one may be of another run.
func isLeftover(info fs.FileInfo) bool {
	return strings.HasPrefix(info.Name(), probePrefix) && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Hour
}

// folderTrouble words why a folder cannot be used: what follows its name, and
// what to do.
func folderTrouble(err error) (what, hint string) {
	switch {
	case errors.Is(err, errHangs):
		return "does not answer: its disk or file server hangs", "Look at the mount (NFS server, disk errors in dmesg)."
	case errors.Is(err, errDiffers):
		return "gave back something else than was written", "The disk or its controller is broken, or something rewrites files: look at dmesg and SMART."
	case errors.Is(err, fs.ErrNotExist):
		return "is missing", "Make the folder, or correct file_system.paths."
	case errors.Is(err, syscall.ENOTDIR):
		return "is not a folder", "Correct file_system.paths."
	case errors.Is(err, syscall.EROFS):
		return "is on a file system that is read-only", "Disk errors often cause this: look at dmesg, repair, and mount it again with rw."
	case errors.Is(err, fs.ErrPermission):
		return "may not be written by the user Vitals runs as", "Give that user the right to write, or run Vitals as the application's user."
	case isNoSpace(err):
		return "has no space left", "Free some, or enlarge the disk: df -h and df -i show which is full."
	case isQuota(err):
		return "has no space left in the quota of the user Vitals runs as", "Free some of that user's files, or raise the quota: quota -s shows it."
	case errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ENOTCONN):
		return "has lost the file server or program behind it", "Look at the server, then umount and mount it again."
	case errors.Is(err, syscall.ELOOP):
		return "is a symbolic link that leads in circles", "Correct the link, or file_system.paths."
	case errors.Is(err, syscall.EIO):
		return "has input/output errors", "The disk fails: look at dmesg and SMART, and see that backups are good."
	}
	return "cannot be written: " + reason(err), "Try it as Vitals' user: touch a file there."
}

// reason is the system's word for an error, without the probe's name.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
