package host

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/disk"

	"vitals/checks"
)

// DiskOptions are the settings of the disk check. A share of a disk says
// little about a large one (5 % of 10 TB is room for months), so both the
// share and the floor in bytes must be passed.
type DiskOptions struct {
	Include          []string `mapstructure:"include" help:"patterns of mount points to look at; empty means all real disks"`
	Exclude          []string `mapstructure:"exclude" help:"patterns of mount points to leave out"`
	DegradedPercent  float64  `mapstructure:"degraded_percent" help:"degraded above this share of space or inodes used"`
	UnhealthyPercent float64  `mapstructure:"unhealthy_percent" help:"unhealthy above this share of space or inodes used"`
	DegradedFree     int64    `mapstructure:"degraded_free" unit:"bytes" help:"but not degraded while more than this is free; 0 means that the share alone decides"`
	UnhealthyFree    int64    `mapstructure:"unhealthy_free" unit:"bytes" help:"but not unhealthy while more than this is free; 0 means that the share alone decides"`
	checks.Common    `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const diskExample = `disk:
  degraded_percent: 85
  unhealthy_percent: 95
  exclude: [/mnt/*]
`

// DefaultDiskOptions degrades above 85 % with less than 10 GB free and fails
// above 95 % with less than 2 GB free.
func DefaultDiskOptions() DiskOptions {
	return DiskOptions{
		DegradedPercent: 85, UnhealthyPercent: 95, DegradedFree: 10e9, UnhealthyFree: 2e9,
		Common: checks.Common{Critical: true},
	}
}

// Problems returns what is wrong with the settings.
func (o *DiskOptions) Problems() []checks.Problem {
	all := percentProblems(o.DegradedPercent, o.UnhealthyPercent)
	for key, patterns := range map[string][]string{"include": o.Include, "exclude": o.Exclude} {
		for i, p := range patterns {
			if _, err := path.Match(p, ""); err != nil {
				all = append(all, checks.Problem{Key: fmt.Sprintf("%s[%d]", key, i), Message: "is no pattern: " + err.Error()})
			}
		}
	}
	return all
}

// Checks makes the check `disk`.
func (o *DiskOptions) Checks() []checks.Check {
	w := &diskWatch{options: *o, usage: disk.UsageWithContext, busy: map[string]chan struct{}{}}
	return []checks.Check{o.Apply(checks.Check{Name: "disk", Help: "space and inodes of each mounted disk", Tags: []string{"host"}, Do: w.look})}
}

// diskWatch remembers which mounts did not answer: asking a dead NFS server
// hangs in the kernel, and each further question would hang beside it.
type diskWatch struct {
	options DiskOptions
	usage   func(context.Context, string) (*disk.UsageStat, error)
	mu      sync.Mutex
	busy    map[string]chan struct{} // closed once the question has come back
}

// mount is what is known of one mounted disk.
type mount struct {
	path, device, kind string
	usage              *disk.UsageStat // nil when it did not answer
	err                error
	readOnly           bool
}

func (w *diskWatch) look(ctx context.Context) checks.Result {
	parts, err := disk.PartitionsWithContext(rooted(ctx, w.options.Root), true)
	if err != nil {
		return checks.CannotTell("the mounted disks could not be listed", err)
	}
	var mounts []*mount
	for _, p := range parts {
		if w.wanted(p) {
			mounts = append(mounts, &mount{path: p.Mountpoint, device: p.Device, kind: p.Fstype, readOnly: slices.Contains(p.Opts, "ro")})
		}
	}
	mounts = distinct(mounts)
	if len(mounts) == 0 {
		return checks.CannotTell("no disk to look at: none is mounted here, or none matches include and exclude", nil)
	}
	var wg sync.WaitGroup
	for _, m := range mounts {
		wg.Go(func() { m.usage, m.err = w.ask(ctx, m.path) })
	}
	wg.Wait()
	return w.result(mounts)
}

// ask asks for one mount's usage and comes back when ctx ends even if the
// kernel does not.
func (w *diskWatch) ask(ctx context.Context, mountPoint string) (*disk.UsageStat, error) {
	w.mu.Lock()
	if hanging := w.busy[mountPoint]; hanging != nil {
		w.mu.Unlock()
		return nil, fmt.Errorf("still does not answer since an earlier look")
	}
	done := make(chan struct{})
	w.busy[mountPoint] = done
	w.mu.Unlock()
	type answer struct {
		usage *disk.UsageStat
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		u, err := w.usage(ctx, mountPoint)
		w.mu.Lock()
		delete(w.busy, mountPoint)
		w.mu.Unlock()
		close(done)
		answers <- answer{u, err}
	}()
	select {
	case a := <-answers:
		return a.usage, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("does not answer")
	}
}

// unreal are kinds of file systems that hold no data of anybody's, or that are
// always full by nature.
func unreal(kind string) bool {
	switch kind {
	case "squashfs", "iso9660", "udf", "overlay", "aufs", "autofs", "tmpfs", "devtmpfs", "ramfs", "proc", "sysfs", "cgroup", "cgroup2",
		"devpts", "mqueue", "hugetlbfs", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "configfs", "fusectl", "binfmt_misc",
		"nsfs", "rpc_pipefs", "efivarfs", "selinuxfs", "fuse.lxcfs", "fuse.gvfsd-fuse", "fuse.portal", "devfs", "fdescfs", "linprocfs", "9p", "erofs":
		return true
	}
	return false
}

// wanted tells whether a mount is looked at. A container's root is an overlay,
// and the only disk it has: it counts.
func (w *diskWatch) wanted(p disk.PartitionStat) bool {
	if matchesAny(w.options.Exclude, p.Mountpoint) {
		return false
	}
	if len(w.options.Include) > 0 {
		return matchesAny(w.options.Include, p.Mountpoint)
	}
	return !unreal(p.Fstype) || p.Mountpoint == "/" && p.Fstype == "overlay"
}

func matchesAny(patterns []string, mountPoint string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, mountPoint)
		return err == nil && ok || p == mountPoint
	})
}

// distinct leaves out bind mounts: the same device again. The shortest mount
// point stands for all.
func distinct(mounts []*mount) []*mount {
	slices.SortStableFunc(mounts, func(a, b *mount) int {
		if d := len(a.path) - len(b.path); d != 0 {
			return d
		}
		return strings.Compare(a.path, b.path)
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(mounts, func(m *mount) bool {
		if !strings.HasPrefix(m.device, "/") {
			return false
		}
		again := seen[m.device]
		seen[m.device] = true
		return again
	})
}

func (w *diskWatch) result(mounts []*mount) checks.Result {
	t := checks.Table{Name: "mounts", Columns: []checks.Column{
		{Name: "mount"}, {Name: "type"}, {Name: "size", Kind: checks.KindBytes}, {Name: "available", Kind: checks.KindBytes},
		{Name: "used", Kind: checks.KindPercent}, {Name: "inodes_used", Kind: checks.KindPercent}, {Name: "device"},
	}}
	res := checks.Result{}
	var bad []string
	var fullest *mount
	for _, m := range mounts {
		status, why := w.judge(m)
		res.Status = max(res.Status, status)
		if why != "" {
			bad = append(bad, m.path+" "+why)
		}
		if m.usage == nil {
			t.Add(m.path, m.kind, nil, nil, nil, nil, m.device)
			continue
		}
		t.Add(m.path, m.kind, int64(m.usage.Total), int64(m.usage.Free), m.usage.UsedPercent, m.usage.InodesUsedPercent, m.device)
		res = res.Measure("vitals_disk_used_percent", m.usage.UsedPercent, "mount", m.path).
			Measure("vitals_disk_available_bytes", float64(m.usage.Free), "mount", m.path)
		if fullest == nil || m.usage.UsedPercent > fullest.usage.UsedPercent {
			fullest = m
		}
	}
	res.Tables = []checks.Table{t}
	w.describe(&res, bad, fullest, len(mounts))
	return res
}

func (w *diskWatch) describe(res *checks.Result, bad []string, fullest *mount, n int) {
	switch {
	case len(bad) > 0:
		res.Summary = strings.Join(bad, "; ")
		res.Hint = "Find what grew: du -xh --max-depth=2 MOUNT | sort -h | tail; deleted files that are still open: lsof +L1."
	default:
		res.Summary = fmt.Sprintf("%s is fullest: %.0f %% used, %s available", fullest.path, fullest.usage.UsedPercent, checks.BytesText(int64(fullest.usage.Free)))
	}
	if fullest != nil {
		res.Facts = append(res.Facts, checks.Percent("used", fullest.usage.UsedPercent).Judged(w.options.DegradedPercent, w.options.UnhealthyPercent),
			checks.Bytes("available", int64(fullest.usage.Free)))
	}
	res.Facts = append(res.Facts, checks.Int("mounts", int64(n)))
}

// judge tells how one mount is, and why in words that follow its name.
func (w *diskWatch) judge(m *mount) (checks.Status, string) {
	if m.err != nil {
		if strings.Contains(m.err.Error(), "not answer") {
			return checks.Unhealthy, m.err.Error()
		}
		return checks.Unknown, "could not be read: " + m.err.Error()
	}
	o, u := w.options, m.usage
	if m.readOnly {
		// Nobody can fill a disk that nobody can write to.
		return checks.Healthy, ""
	}
	if u.InodesTotal > 0 {
		if s := judge(u.InodesUsedPercent, o.DegradedPercent, o.UnhealthyPercent); s != checks.Healthy {
			return s, fmt.Sprintf("has %.1f %% of its inodes used, %d left", u.InodesUsedPercent, u.InodesFree)
		}
	}
	status := judge(u.UsedPercent, o.DegradedPercent, o.UnhealthyPercent)
	free := int64(u.Free)
	if status == checks.Unhealthy && o.UnhealthyFree > 0 && free > o.UnhealthyFree {
		status = checks.Degraded
	}
	if status == checks.Degraded && o.DegradedFree > 0 && free > o.DegradedFree {
		status = checks.Healthy
	}
	if status == checks.Healthy {
		return status, ""
	}
	return status, fmt.Sprintf("is %.1f %% full, %s left", u.UsedPercent, checks.BytesText(free))
}
