package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vitals/checks"
)

// TestMain lets this program be started once more, as another user or with
// file systems of its own: it then asks about one folder and ends.
func TestMain(m *testing.M) {
	if setting := os.Getenv("VITALS_TEST_FOLDER"); setting != "" {
		if err := answerElsewhere(setting); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// elsewhere is what the other process is asked.
type elsewhere struct {
	Path  string
	Mount string // options of a tmpfs to mount there first; "" for none
	Fill  bool   // fill it
	Flags uintptr
	Disk  bool // ask about the disk, not the folder
}

func answerElsewhere(setting string) error {
	var e elsewhere
	if err := json.Unmarshal([]byte(setting), &e); err != nil {
		return err
	}
	if e.Mount != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("making mounts private: %w", err)
		}
		if err := unix.Mount("test", e.Path, "tmpfs", e.Flags, e.Mount); err != nil {
			return fmt.Errorf("mounting: %w", err)
		}
	}
	if e.Fill {
		err := os.WriteFile(filepath.Join(e.Path, "fills"), make([]byte, 1<<20), 0o600)
		if !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("filling: %w", err)
		}
	}
	var o checks.Options = folders(e.Path)
	if e.Disk {
		d := DefaultDiskOptions()
		d.Include = []string{e.Path}
		o = &d
	}
	r := (&checks.Runner{}).Run(context.Background(), o.Checks())[0]
	return json.NewEncoder(os.Stdout).Encode(r)
}

// askElsewhere starts this program again with other rights.
func askElsewhere(t *testing.T, e elsewhere, as *syscall.SysProcAttr) (checks.Result, error) {
	t.Helper()
	setting, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(forEverybody(t))
	c.Env = append(os.Environ(), "VITALS_TEST_FOLDER="+string(setting))
	c.SysProcAttr, c.Stderr, c.Dir = as, os.Stderr, "/"
	text, err := c.Output()
	var r checks.Result
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// forEverybody copies this program to where another user may start it.
func forEverybody(t *testing.T) string {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	dir := openFolder(t)
	to, err := os.OpenFile(filepath.Join(dir, "again"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

// openFolder is a temporary folder that everybody may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ordinary are the rights of a user who owns nothing; this one's, where the
// tests do not run as root.
func ordinary() *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// apart gives file systems of its own.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

func TestFolderOfAnotherUser(t *testing.T) {
	dir := openFolder(t)
	mustNotWrite := filepath.Join(dir, "closed")
	if err := os.Mkdir(mustNotWrite, 0o555); err != nil {
		t.Fatal(err)
	}
	mustNotEnter := filepath.Join(dir, "private", "uploads")
	if err := os.MkdirAll(mustNotEnter, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(mustNotEnter), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(mustNotEnter), 0o755) })
	for _, path := range []string{mustNotWrite, mustNotEnter} {
		r, err := askElsewhere(t, elsewhere{Path: path}, ordinary())
		if err != nil {
			t.Fatal(err)
		}
		wants(t, path, r, checks.Unhealthy, path+" may not be written by the user Vitals runs as")
	}
}

// Real file systems that are read-only and full, where this system lets us
// mount them; the words for both are tested below in any case.
func TestFolderOnAFileSystemInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		ask   elsewhere
		words string
	}{
		"read-only": {elsewhere{Mount: "size=64k", Flags: unix.MS_RDONLY}, " is on a file system that is read-only"},
		"full":      {elsewhere{Mount: "size=4k", Fill: true}, " has no space left"},
		"full disk": {elsewhere{Mount: "size=64k", Fill: true, Disk: true}, " is 100.0 % full, 0 B left"},
		"no inodes": {elsewhere{Mount: "size=64k,nr_inodes=1", Disk: true}, " has 100.0 % of its inodes used"},
	} {
		c.ask.Path = openFolder(t)
		r, err := askElsewhere(t, c.ask, apart())
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
			t.Logf("%s: no file systems of one's own here: %v", name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wants(t, name, r, checks.Unhealthy, c.ask.Path+c.words)
	}
	// In a container the kernel's own are read-only, elsewhere closed.
	r := ask(t, folders("/sys"))
	if wants(t, "/sys", r, checks.Unhealthy, "/sys "); !strings.Contains(r.Summary, "read-only") && !strings.Contains(r.Summary, "may not be written") {
		t.Errorf("/sys: %s", r.Summary)
	}
}

func TestProcessesOfAnotherUser(t *testing.T) {
	// The first process is root's, whoever runs the tests; its files are
	// nobody else's business before Linux 6.2.
	r := ask(t, processes(func(o *ProcessOptions) { o.PID = 1 }))
	if r.Status != checks.Healthy || number(t, r, "threads") < 1 {
		t.Errorf("the first process: %v %s %v", r.Status, r.Summary, r.Facts)
	}
	if user := r.Tables[0].Rows[0][2]; user == "" {
		t.Errorf("nobody's: %v", r.Tables[0].Rows)
	}
}
