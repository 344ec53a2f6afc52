package host

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitals/checks"
)

const gb = 1_000_000_000

// room is a disk of a size with so much left.
func room(size, available int64) space {
	return space{size: size, used: size - available, available: available}
}

func TestDiskJudgesShareAndFloor(t *testing.T) {
	alone := DefaultDiskOptions()
	alone.DegradedFree, alone.UnhealthyFree = 0, 0
	for name, c := range map[string]struct {
		options DiskOptions
		disk    disk
		want    checks.Status
		words   string
	}{
		"room":                      {DefaultDiskOptions(), disk{space: room(100*gb, 50*gb)}, checks.Healthy, "50 % used, 50.0 GB available"},
		"full and small":            {DefaultDiskOptions(), disk{space: room(20*gb, 900_000_000)}, checks.Unhealthy, "/x is 95.5 % full, 900.0 MB left"},
		"full but 4 GB left":        {DefaultDiskOptions(), disk{space: room(100*gb, 4*gb)}, checks.Degraded, "/x is 96.0 % full"},
		"full but 400 GB left":      {DefaultDiskOptions(), disk{space: room(10000*gb, 400*gb)}, checks.Healthy, "96 % used, 400.0 GB available"},
		"small, nearly full":        {DefaultDiskOptions(), disk{space: room(gb, gb/10)}, checks.Degraded, "/x is 90.0 % full"},
		"the share alone":           {alone, disk{space: room(10000*gb, 400*gb)}, checks.Unhealthy, "/x is 96.0 % full"},
		"inodes":                    {DefaultDiskOptions(), disk{space: space{size: 100 * gb, used: 50 * gb, available: 50 * gb, inodes: 100, inodesFree: 3}}, checks.Unhealthy, "97.0 % of its inodes used, room for 3 more"},
		"space is worse":            {DefaultDiskOptions(), disk{space: space{size: 20 * gb, used: 19 * gb, available: gb / 10, inodes: 100, inodesFree: 10}}, checks.Unhealthy, "full, 100.0 MB left"},
		"no inodes are counted":     {DefaultDiskOptions(), disk{space: room(100*gb, 50*gb)}, checks.Healthy, ""},
		"a read-only disk stays so": {DefaultDiskOptions(), disk{mount: mount{readOnly: true}, space: room(1, 0)}, checks.Healthy, ""},
		"turned read-only":          {DefaultDiskOptions(), disk{mount: mount{readOnly: true, turnedReadOnly: true}, space: room(100*gb, 50*gb)}, checks.Degraded, "made read-only by the kernel"},
		"hangs":                     {DefaultDiskOptions(), disk{err: errHangs}, checks.Unhealthy, "does not answer"},
		"stale":                     {DefaultDiskOptions(), disk{err: &fs.PathError{Op: "statfs", Path: "/x", Err: syscall.ESTALE}}, checks.Unhealthy, "is broken: stale"},
		"disk errors":               {DefaultDiskOptions(), disk{err: syscall.EIO}, checks.Unhealthy, "is broken: input/output error"},
		"forbidden":                 {DefaultDiskOptions(), disk{err: syscall.EACCES}, checks.Unknown, "may not be looked at"},
	} {
		w := &diskWatch{options: c.options}
		c.disk.path = "/x"
		r := w.result([]disk{c.disk})
		wants(t, name, r, c.want, c.words)
		if c.want == checks.Unknown && r.Error == "" {
			t.Errorf("%s: nothing says why", name)
		}
	}
}

func TestDiskNamesTheFullestAndAllThatIsWrong(t *testing.T) {
	w := &diskWatch{options: DefaultDiskOptions()}
	at := func(path string, s space) disk { return disk{mount: mount{path: path, kind: "ext4"}, space: s} }
	archive := at("/archive", room(10000*gb, 300*gb)) // the fullest, with room for months
	r := w.result([]disk{at("/", room(100*gb, 60*gb)), archive, {mount: mount{path: "/cd", readOnly: true}, space: room(gb, 0)}})
	wants(t, "room everywhere", r, checks.Healthy, "/archive is fullest: 97 % used, 300.0 GB available")
	if used, _ := r.Fact("used"); used.Limits != nil {
		t.Errorf("limits that do not hold for it are shown: %v", used.Limits)
	}
	r = w.result([]disk{at("/", room(20*gb, gb)), archive, at("/srv", room(10*gb, gb/10)), {mount: mount{path: "/nfs"}, err: errHangs}})
	wants(t, "three in trouble", r, checks.Unhealthy, "/ is 95.0 % full, 1.0 GB left; /srv is 99.0 % full, 100.0 MB left; /nfs does not answer")
	if fullest, _ := r.Fact("fullest"); fullest.Value != "/srv" || number(t, r, "available") != gb/10 || number(t, r, "mounts") != 4 {
		t.Errorf("the one to look at: %v", r.Facts)
	}
	if !strings.Contains(r.Hint, "du -xh --max-depth=2 /srv") {
		t.Errorf("the hint is of another: %q", r.Hint)
	}
	if len(r.Tables[0].Rows) != 4 {
		t.Errorf("%d rows", len(r.Tables[0].Rows))
	}
	for _, s := range r.Samples {
		if s.Labels["mount"] == "" || s.Labels["mount"] == "/nfs" {
			t.Errorf("sample %v", s)
		}
	}
}

func TestDiskOutlivesAMountThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	var asked atomic.Int64
	w := &diskWatch{options: DefaultDiskOptions()}
	w.space = func(path string) (space, error) {
		if path == "/dead" {
			asked.Add(1)
			<-release
		}
		return room(10*gb, 5*gb), nil
	}
	list := []mount{{path: "/", kind: "ext4", volume: "1"}, {path: "/dead", kind: "nfs4", volume: "2"}}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		got := w.disks(ctx, list)
		cancel()
		r := w.result(got)
		wants(t, "a dead mount", r, checks.Unhealthy, "/dead does not answer")
		if len(r.Tables[0].Rows) != 2 || r.Tables[0].Rows[0][0] != "/" || r.Tables[0].Rows[0][2] == nil {
			t.Errorf("the one beside it: %v", r.Tables[0].Rows)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times while it hung", asked.Load())
	}
}

func TestDiskLooksAtRealDisksOnce(t *testing.T) {
	file, private, gone := syscall.ENOTDIR, syscall.EACCES, syscall.ENOENT
	for name, c := range map[string]struct {
		mounts  []mount
		errors  map[string]error
		include []string
		exclude []string
		want    []string
	}{
		"a server": {mounts: []mount{
			{path: "/proc", kind: "proc", volume: "1"}, {path: "/", kind: "ext4", volume: "2"}, {path: "/boot", kind: "vfat", volume: "3"},
			{path: "/run", kind: "tmpfs", volume: "4"}, {path: "/snap/core/1", kind: "squashfs", volume: "5"}, {path: "/var/lib/docker/overlay2/x/merged", kind: "overlay", volume: "6"},
			{path: "/mnt/nfs", kind: "nfs4", volume: "7"}, {path: "/mnt/nfs", kind: "autofs", volume: "8"}, {path: "/pool", kind: "zfs", volume: "9"},
		}, want: []string{"/", "/boot", "/pool"}},
		"a mount on its automount": {mounts: []mount{{path: "/net", kind: "autofs", volume: "1"}, {path: "/net", kind: "nfs4", volume: "2"}}, want: []string{"/net"}},
		"bind mounts": {mounts: []mount{
			{path: "/a", kind: "ext4", volume: "1", part: true}, {path: "/srv/data", kind: "ext4", volume: "1"}, {path: "/", kind: "btrfs", volume: "2", part: true}, {path: "/home", kind: "btrfs", volume: "2", part: true},
		}, want: []string{"/", "/srv/data"}},
		"a container": {mounts: []mount{
			{path: "/", kind: "overlay", volume: "1"}, {path: "/etc/hosts", kind: "ext4", volume: "2", part: true},
			{path: "/etc/hostname", kind: "ext4", volume: "2", part: true}, {path: "/var/lib/app", kind: "ext4", volume: "2", part: true},
		}, errors: map[string]error{"/etc/hosts": file, "/etc/hostname": file}, want: []string{"/", "/var/lib/app"}},
		"only files":            {mounts: []mount{{path: "/", kind: "9p", volume: "1"}, {path: "/etc/hosts", kind: "ext4", volume: "2", part: true}}, errors: map[string]error{"/etc/hosts": file}, want: []string{"/"}},
		"somebody's own mount":  {mounts: []mount{{path: "/", kind: "xfs", volume: "1"}, {path: "/home/a/x", kind: "fuse.sshfs", volume: "2"}}, errors: map[string]error{"/home/a/x": private}, want: []string{"/"}},
		"forbidden":             {mounts: []mount{{path: "/", kind: "xfs", volume: "1"}, {path: "/root/x", kind: "ext4", volume: "2"}}, errors: map[string]error{"/root/x": private}, want: []string{"/", "/root/x"}},
		"forbidden in one way":  {mounts: []mount{{path: "/a", kind: "xfs", volume: "1"}, {path: "/bb", kind: "xfs", volume: "1"}}, errors: map[string]error{"/a": private}, want: []string{"/bb"}},
		"hidden below another":  {mounts: []mount{{path: "/", kind: "xfs", volume: "1"}, {path: "/a/b", kind: "ext4", volume: "2"}}, errors: map[string]error{"/a/b": gone}, want: []string{"/"}},
		"excluded":              {mounts: []mount{{path: "/", kind: "xfs", volume: "1"}, {path: "/mnt/usb", kind: "vfat", volume: "2"}}, exclude: []string{"/mnt/*"}, want: []string{"/"}},
		"included":              {mounts: []mount{{path: "/", kind: "xfs", volume: "1"}, {path: "/run", kind: "tmpfs", volume: "2"}}, include: []string{"/run"}, want: []string{"/run"}},
		"both names of one":     {mounts: []mount{{path: "/a", kind: "xfs", volume: "1"}, {path: "/b", kind: "xfs", volume: "1", part: true}}, include: []string{"/a", "/b"}, want: []string{"/a", "/b"}},
		"excluded and included": {mounts: []mount{{path: "/a", kind: "xfs", volume: "1"}, {path: "/b", kind: "xfs", volume: "2"}}, include: []string{"/*"}, exclude: []string{"/b"}, want: []string{"/a"}},
	} {
		o := DefaultDiskOptions()
		o.Include, o.Exclude = c.include, c.exclude
		w := &diskWatch{options: o, space: func(path string) (space, error) { return room(10*gb, 5*gb), c.errors[path] }}
		var got []string
		for _, d := range w.disks(t.Context(), c.mounts) {
			got = append(got, d.path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: looked at %q, want %q", name, got, c.want)
		}
	}
}

func TestDiskWithNothingToLookAt(t *testing.T) {
	o := DefaultDiskOptions()
	o.Include = []string{"/there/is/none"}
	if r := ask(t, &o); r.Status != checks.Unknown || !strings.Contains(r.Summary, "no disk to look at") {
		t.Errorf("%v %s", r.Status, r.Summary)
	}
}

// One look at disks and load must not be felt: it is asked for by every
// /health.
func BenchmarkDiskAndLoad(b *testing.B) {
	disk, load := DefaultDiskOptions(), DefaultLoadOptions()
	list := append(disk.Checks(), load.Checks()...)
	runner := &checks.Runner{}
	for b.Loop() {
		for _, r := range runner.Run(b.Context(), list) {
			if r.Status == checks.Unknown {
				b.Fatal(fmt.Sprint(r.Summary, r.Error))
			}
		}
	}
}
