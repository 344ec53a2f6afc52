package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"vitals/checks"
)

// diskWatch remembers which file systems did not answer: asking a dead NFS
// server hangs in the kernel, and each further question would hang beside it.
type diskWatch struct {
	options DiskOptions
	space   func(path string) (space, error)
	flights flights[disk]
}

func (w *diskWatch) look(ctx context.Context) checks.Result {
	list, err := listMounts(ctx, w.options.Root)
	if err != nil {
		return checks.CannotTell("the mounted disks could not be listed", err)
	}
	disks := w.disks(ctx, list)
	if len(disks) == 0 {
		return checks.CannotTell("no disk to look at: none is mounted here, or none matches include and exclude", nil)
	}
	return w.result(disks)
}

func (w *diskWatch) result(disks []disk) checks.Result {
	t := checks.Table{Name: "mounts", Columns: []checks.Column{
		{Name: "mount"}, {Name: "type"}, {Name: "size", Kind: checks.KindBytes}, {Name: "available", Kind: checks.KindBytes},
		{Name: "used", Kind: checks.KindPercent}, {Name: "inodes_used", Kind: checks.KindPercent}, {Name: "device"},
	}}
	var res checks.Result
	var said []string
	var fullest *disk
	var full checks.Status // of the fullest
	for i, d := range disks {
		v := w.judge(d)
		if v.what != "" {
			said = append(said, d.path+" "+v.what)
		}
		if res.Hint == "" || v.status > res.Status {
			res.Hint = v.hint
		}
		res.Status = max(res.Status, v.status)
		if d.err != nil {
			t.Add(d.path, d.kind, nil, nil, nil, nil, d.device)
			if res.Error == "" && !errors.Is(d.err, errHangs) {
				res.Error = d.err.Error()
			}
			continue
		}
		used := d.space.usedPercent()
		res = w.row(res, &t, d)
		if fullest == nil || v.full > full || v.full == full && !d.readOnly && (fullest.readOnly || used > fullest.space.usedPercent()) {
			fullest, full = &disks[i], v.full
		}
	}
	res.Tables = []checks.Table{t}
	res.Facts = append(w.facts(fullest, full), checks.Int("mounts", int64(len(disks))))
	if len(said) > 0 {
		res.Summary = several(said, "; ")
	} else {
		res.Summary = fmt.Sprintf("%s is fullest: %.0f %% used, %s available", fullest.path, fullest.space.usedPercent(), checks.BytesText(fullest.space.available))
	}
	return res
}

// row adds one disk to the table and to the samples.
func (w *diskWatch) row(res checks.Result, t *checks.Table, d disk) checks.Result {
	used := d.space.usedPercent()
	res = res.Measure("vitals_disk_used_percent", used, "mount", d.path).
		Measure("vitals_disk_available_bytes", float64(d.space.available), "mount", d.path)
	var inodes any // nil: not counted here
	if d.space.inodes > 0 {
		inodes = d.space.inodesPercent()
		res = res.Measure("vitals_disk_inodes_used_percent", d.space.inodesPercent(), "mount", d.path)
	}
	t.Add(d.path, d.kind, d.space.size, d.space.available, used, inodes, d.device)
	return res
}

// facts are those of the fullest disk; nil for none. The limits are named where
// the share alone decides, or has decided: a floor may have overruled it.
func (w *diskWatch) facts(fullest *disk, full checks.Status) []checks.Fact {
	if fullest == nil {
		return nil
	}
	used := checks.Percent("used", fullest.space.usedPercent())
	if full == judge(fullest.space.usedPercent(), w.options.DegradedPercent, w.options.UnhealthyPercent) {
		used = used.Judged(w.options.DegradedPercent, w.options.UnhealthyPercent)
	}
	return []checks.Fact{checks.Text("fullest", fullest.path), used, checks.Bytes("available", fullest.space.available)}
}

// verdict is how one disk is; what follows its name in a sentence.
type verdict struct {
	status, full checks.Status // full is the part of it that is for want of space
	what, hint   string
}

func (w *diskWatch) judge(d disk) verdict {
	switch {
	case d.err != nil:
		return unreadable(d.err)
	case d.turnedReadOnly:
		return verdict{status: checks.Degraded, what: "was made read-only by the kernel, as it does after disk errors",
			hint: "Look at dmesg and SMART, see that backups are good, then repair it (fsck) and mount it again with rw."}
	case d.readOnly:
		return verdict{} // nobody can fill a disk that nobody can write to
	}
	status, what := w.judgeSpace(d.space)
	hint := "Find what grew: du -xh --max-depth=2 " + d.path + " | sort -h | tail; deleted files that are still open: lsof +L1."
	if inodes, words := w.judgeInodes(d.space); inodes > status {
		status, what = inodes, words
		hint = "Find where the many small files are: du --inodes -x --max-depth=2 " + d.path + " | sort -n | tail."
	}
	if status == checks.Healthy {
		hint = ""
	}
	return verdict{status: status, full: status, what: what, hint: hint}
}

func (w *diskWatch) judgeSpace(s space) (checks.Status, string) {
	o := w.options
	status := judge(s.usedPercent(), o.DegradedPercent, o.UnhealthyPercent)
	if status == checks.Unhealthy && o.UnhealthyFree > 0 && s.available > o.UnhealthyFree {
		status = checks.Degraded
	}
	if status == checks.Degraded && o.DegradedFree > 0 && s.available > o.DegradedFree {
		status = checks.Healthy
	}
	if status == checks.Healthy {
		return status, ""
	}
	return status, fmt.Sprintf("is %.1f %% full, %s left", s.usedPercent(), checks.BytesText(s.available))
}

// judgeInodes has no floor: file systems make as many inodes as they will ever
// have use for, or as they need.
func (w *diskWatch) judgeInodes(s space) (checks.Status, string) {
	status := judge(s.inodesPercent(), w.options.DegradedPercent, w.options.UnhealthyPercent)
	if status == checks.Healthy {
		return status, ""
	}
	return status, fmt.Sprintf("has %.1f %% of its inodes used, room for %d more files", s.inodesPercent(), s.inodesFree)
}

func unreadable(err error) verdict {
	broken := []syscall.Errno{syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.ENXIO, syscall.EHOSTDOWN, syscall.ETIMEDOUT}
	switch {
	case errors.Is(err, errHangs):
		return verdict{status: checks.Unhealthy, what: "does not answer: its disk or file server hangs", hint: "Look at the file server and the way to it, or at disk errors in dmesg; umount -l takes the mount away."}
	case slices.ContainsFunc(broken, func(e syscall.Errno) bool { return errors.Is(err, e) }):
		return verdict{status: checks.Unhealthy, what: "is broken: " + reason(err), hint: "Look at dmesg, and at the file server or program behind the mount; then mount it again."}
	case errors.Is(err, fs.ErrPermission):
		return verdict{status: checks.Unknown, what: "may not be looked at by the user Vitals runs as", hint: "Run Vitals as a user who may, or name the mount in disk.exclude."}
	}
	return verdict{status: checks.Unknown, what: "could not be read: " + reason(err), hint: "Try it by hand: df, then ls on the mount."}
}
