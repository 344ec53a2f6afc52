package host

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// mount is one line of the list of mounted file systems.
type mount struct {
	path, device, kind string
	volume             string // the same for all mounts of one file system
	part               bool   // only a part of the file system is seen here: a bind mount
	readOnly           bool   // nobody can write to the file system
	turnedReadOnly     bool   // it was mounted to be written, and the kernel has stopped that
}

// space is what a file system says of itself, sizes in bytes.
type space struct {
	size, used, available int64 // available is what is left to ordinary users
	inodes, inodesFree    int64 // 0 where the file system does not count them
}

// usedPercent is the share that df shows: what is kept back for root counts
// neither as used nor as available.
func (s space) usedPercent() float64 {
	return percent(float64(s.used), float64(s.used+s.available))
}

func (s space) inodesPercent() float64 {
	return percent(float64(s.inodes-s.inodesFree), float64(s.inodes))
}

// disk is what one mounted file system has answered.
type disk struct {
	mount
	space space // empty when err says why it could not be had
	err   error
}

// disks asks each file system that is wanted once. One that hangs takes
// nothing from the others.
func (w *diskWatch) disks(ctx context.Context, list []mount) []disk {
	groups := w.groups(list)
	answers := make([]disk, len(groups))
	var wg sync.WaitGroup
	for i, group := range groups {
		wg.Go(func() {
			d, ok := w.flights.ask(ctx, group[0].path, func() disk { return w.first(group) })
			if !ok {
				d = disk{mount: group[0], err: errHangs}
			}
			answers[i] = d
		})
	}
	wg.Wait()
	answers = slices.DeleteFunc(answers, func(d disk) bool { return errors.Is(d.err, errNothing) || d.err == nil && d.space.size == 0 })
	slices.SortFunc(answers, func(a, b disk) int { return strings.Compare(a.path, b.path) })
	return answers
}

// errNothing is for mounts that nobody can see: hidden below another, private
// to a user, or a single file.
var errNothing = errors.New("nothing to be seen here")

// first returns the answer of the first mount of a file system that can be
// seen. Containers have single files mounted (/etc/hosts): they are nobody's
// disk.
func (w *diskWatch) first(group []mount) disk {
	answer := disk{mount: group[0], err: errNothing}
	for _, m := range group {
		s, err := w.space(m.path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		case errors.Is(err, fs.ErrPermission) && strings.HasPrefix(m.kind, "fuse") && len(w.options.Include) == 0:
			// A user's own mount, closed even to root.
		case errors.Is(err, fs.ErrPermission):
			answer = disk{mount: m, err: err}
		default:
			return disk{mount: m, space: s, err: err}
		}
	}
	return answer
}

// groups puts the mounts of the same file system together, the best to name it
// by first: the whole before a part, then the shortest path. Who names mounts
// in the configuration gets each of them.
func (w *diskWatch) groups(list []mount) [][]mount {
	visible := map[string]mount{} // a later mount hides an earlier one at the same place
	for _, m := range list {
		visible[m.path] = m
	}
	byVolume := map[string][]mount{}
	for _, m := range visible {
		if !w.wanted(m) {
			continue
		}
		key := m.volume
		if len(w.options.Include) > 0 {
			key = m.path
		}
		byVolume[key] = append(byVolume[key], m)
	}
	groups := make([][]mount, 0, len(byVolume))
	for _, group := range byVolume {
		slices.SortFunc(group, func(a, b mount) int {
			if a.part != b.part {
				if b.part {
					return -1
				}
				return 1
			}
			return cmp.Or(cmp.Compare(len(a.path), len(b.path)), strings.Compare(a.path, b.path))
		})
		groups = append(groups, group)
	}
	return groups
}

// wanted tells whether a mount is looked at. What / is counts whatever it is:
// a container's is an overlay, and the only disk it has.
func (w *diskWatch) wanted(m mount) bool {
	if matchesAny(w.options.Exclude, m.path) {
		return false
	}
	if len(w.options.Include) > 0 {
		return matchesAny(w.options.Include, m.path)
	}
	return !alwaysFull(m.kind) && (m.path == "/" || !unreal(m.kind))
}

func matchesAny(patterns []string, mountPoint string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, mountPoint)
		return err == nil && ok || p == mountPoint
	})
}

// alwaysFull are kinds of file systems that are made full and never change.
func alwaysFull(kind string) bool {
	switch kind {
	case "squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs", "fuse.snapfuse", "fuse.squashfuse":
		return true
	}
	return false
}

// unreal are kinds of file systems that hold no data of anybody's on a disk of
// their own.
func unreal(kind string) bool {
	switch kind {
	case "overlay", "aufs", "autofs", "tmpfs", "devtmpfs", "ramfs", "rootfs", "proc", "sysfs", "cgroup", "cgroup2",
		"devpts", "mqueue", "hugetlbfs", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "configfs", "fusectl", "binfmt_misc",
		"nsfs", "rpc_pipefs", "nfsd", "efivarfs", "selinuxfs", "resctrl", "functionfs", "ecryptfs", "nullfs",
		"fuse.lxcfs", "fuse.gvfsd-fuse", "fuse.portal", "fuse.rootlesskit", "devfs", "fdescfs", "linprocfs", "9p":
		return true
	}
	return false
}
