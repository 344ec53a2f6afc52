package host

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitals/checks"
)

func folders(paths ...string) *FileSystemOptions {
	o := DefaultFileSystemOptions()
	o.Paths = paths
	return &o
}

func TestFolderIsWrittenAndLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "circle")); err != nil {
		t.Fatal(err)
	}
	r := ask(t, folders(dir))
	if r.Status != checks.Healthy || number(t, r, "uploads_size") != 3000 || number(t, r, "accessible") != 1 || !r.Critical {
		t.Errorf("%v %s %v", r.Status, r.Summary, r.Facts)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d entries left, %v", len(entries), err)
	}
}

func TestFolderTroubleIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(good, "none"): "is missing",
		file:                        "is not a folder",
		"/proc":                     "/proc ",
	} {
		r := ask(t, folders(good, path))
		if r.Status != checks.Unhealthy || !strings.Contains(r.Summary, says) || r.Hint == "" || strings.Contains(r.Summary, good+" ") {
			t.Errorf("%s: %v %q, hint %q", path, r.Status, r.Summary, r.Hint)
		}
	}
}

func TestLeftoversOfKilledRunsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Minute} {
		path := filepath.Join(dir, probePrefix+name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now(), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	ask(t, folders(dir))
	if _, err := os.Stat(filepath.Join(dir, probePrefix+"old")); !os.IsNotExist(err) {
		t.Errorf("an old probe file stays: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, probePrefix+"new")); err != nil {
		t.Errorf("the probe file of another run was taken away: %v", err)
	}
}

func TestFolderWords(t *testing.T) {
	for err, says := range map[error]string{
		syscall.EROFS: "read-only", syscall.EACCES: "may not be written", syscall.EPERM: "may not be written", syscall.ENOSPC: "no space left",
		syscall.EDQUOT: "quota", syscall.ENOENT: "is missing", syscall.ENOTDIR: "is not a folder", syscall.EIO: "input/output errors",
		syscall.ESTALE: "lost the file server", syscall.ELOOP: "leads in circles", errHangs: "does not answer", errDiffers: "something else than was written",
		syscall.ENAMETOOLONG: "cannot be written: file name too long",
	} {
		what, hint := folderTrouble(&fs.PathError{Op: "open", Path: "/srv/uploads/" + probePrefix + "X", Err: err})
		if !strings.Contains(what, says) || strings.Contains(what, probePrefix) || hint == "" {
			t.Errorf("%v: %q, hint %q; want %q", err, what, hint, says)
		}
	}
}

func TestFolderThatHangs(t *testing.T) {
	good := t.TempDir()
	o := folders(good, "/dead")
	w := &folderWatch{options: *o, sizes: newSizes("")}
	release := make(chan struct{})
	defer close(release)
	w.flights.ask(ended(t), "/dead", func() folder { <-release; return folder{} }) // as a dead file server does
	for range 2 {
		r := w.look(t.Context())
		wants(t, "hangs", r, checks.Unhealthy, "/dead does not answer")
		if rows := r.Tables[0].Rows; len(rows) != 2 || rows[0][1] != true || rows[1][1] != false {
			t.Errorf("the other: %v", r.Tables[0].Rows)
		}
		if number(t, r, "accessible") != 0 {
			t.Errorf("%v", r.Facts)
		}
	}
}

// ended is a context whose time is up.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestNoFolderNoCheck(t *testing.T) {
	if list := folders().Checks(); list != nil {
		t.Errorf("%v", list)
	}
}

func TestFolderIsRelativeOrALink(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("uploads", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("uploads", "link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("circle", "circle"); err != nil {
		t.Fatal(err)
	}
	wants(t, "relative", ask(t, folders("uploads")), checks.Healthy, "uploads can be written")
	wants(t, "a link", ask(t, folders("link")), checks.Healthy, "link can be written")
	wants(t, "a circle", ask(t, folders("circle")), checks.Unhealthy, "circle is a symbolic link that leads in circles")
}
