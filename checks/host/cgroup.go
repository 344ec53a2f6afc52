package host

import (
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// cgroup reads the limits of the control group this process is in, version 1
// or 2. Root is "" but in tests. Where there are no control groups (other
// systems, no container) nothing is found, and the machine's figures stand.
type cgroup struct{ root string }

const (
	cgroupMount = "/sys/fs/cgroup"
	// Version 1 writes "no limit" as the largest multiple of the page size;
	// nothing real comes near this.
	cgroupNoLimit = 1 << 60
)

// folders lists the folders that may limit a controller, from this process's
// own group up to the root: every ancestor's limit holds too. Inside a
// container some may not exist; those that do are the container's.
func (g cgroup) folders(controller string) (dirs []string, v2 bool) {
	text, err := os.ReadFile(g.root + "/proc/self/cgroup")
	if err != nil {
		return nil, false
	}
	unified, mixed := "", false
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			unified = parts[2]
		case slices.Contains(strings.Split(parts[1], ","), controller):
			return ancestors(g.mountOf(parts[1], controller), parts[2]), false
		default:
			mixed = true
		}
	}
	if unified == "" {
		return nil, false
	}
	if mount := cgroupMount + "/unified"; mixed && g.exists(mount) {
		return ancestors(mount, unified), true
	}
	return ancestors(cgroupMount, unified), true
}

// mountOf is where a version 1 hierarchy is mounted: by the names of all its
// controllers or, elsewhere, by the one.
func (g cgroup) mountOf(controllers, controller string) string {
	if all := cgroupMount + "/" + controllers; controllers == controller || g.exists(all) {
		return all
	}
	return cgroupMount + "/" + controller
}

func ancestors(mount, group string) []string {
	var dirs []string
	for p := path.Clean("/" + group); ; p = path.Dir(p) {
		dirs = append(dirs, path.Join(mount, p))
		if p == "/" {
			return dirs
		}
	}
}

// memory returns the lowest limit among this group and its ancestors, and how
// much may still be used under all of them, both in bytes. Page cache that can
// be dropped at once (inactive_file) does not count as used, as `docker stats`
// and the kubelet have it.
func (g cgroup) memory() (limit, available int64, ok bool) {
	dirs, v2 := g.folders("memory")
	limitFile, usedFile, cacheKey := "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"
	if v2 {
		limitFile, usedFile, cacheKey = "/memory.max", "/memory.current", "inactive_file"
	}
	limit, available = math.MaxInt64, math.MaxInt64
	for _, dir := range dirs {
		n, found := g.number(dir + limitFile)
		if !found || n >= cgroupNoLimit {
			continue
		}
		current, found := g.number(dir + usedFile)
		if !found {
			continue
		}
		used := max(0, current-g.keyed(dir + "/memory.stat")[cacheKey])
		limit, available, ok = min(limit, n), min(available, max(0, n-used)), true
	}
	return limit, available, ok
}

// cpuLimit is how much processor time a group may use, and where its use of it
// is counted.
type cpuLimit struct {
	cores float64
	usage func() (cpuUse, bool)
}

// cpuUse is what a group has used since it began.
type cpuUse struct {
	seconds            float64
	periods, throttled int64 // all accounting periods, and those in which the group was held back
}

// cpu returns the lowest quota among the group and its ancestors.
func (g cgroup) cpu() (limit cpuLimit, ok bool) {
	dirs, v2 := g.folders("cpu")
	limit.cores = math.Inf(1)
	for i, dir := range dirs {
		quota, period := g.quota(dir, v2)
		if quota <= 0 || period <= 0 || quota/period >= limit.cores {
			continue
		}
		ok, limit.cores = true, quota/period
		if v2 {
			limit.usage = func() (cpuUse, bool) { return g.used2(dir) }
		} else {
			above := len(dirs) - i
			limit.usage = func() (cpuUse, bool) { return g.used1(dir, above) }
		}
	}
	return limit, ok
}

// quota returns microseconds of processor time, and the period in which they
// may be used; 0 for no limit.
func (g cgroup) quota(dir string, v2 bool) (quota, period float64) {
	if v2 {
		fields := strings.Fields(g.text(dir + "/cpu.max"))
		if len(fields) != 2 || fields[0] == "max" {
			return 0, 0
		}
		quota, _ = strconv.ParseFloat(fields[0], 64) // a broken figure is 0: no limit
		period, _ = strconv.ParseFloat(fields[1], 64)
		return quota, period
	}
	q, _ := g.number(dir + "/cpu.cfs_quota_us") // -1 and a missing file: no limit
	p, _ := g.number(dir + "/cpu.cfs_period_us")
	return float64(q), float64(p)
}

func (g cgroup) used2(dir string) (cpuUse, bool) {
	stat := g.keyed(dir + "/cpu.stat")
	micros, ok := stat["usage_usec"]
	return cpuUse{float64(micros) / 1e6, stat["nr_periods"], stat["nr_throttled"]}, ok
}

// used1 finds the use of a version 1 group, which another hierarchy may count:
// there the group is the one as many steps above its root.
func (g cgroup) used1(dir string, above int) (cpuUse, bool) {
	stat := g.keyed(dir + "/cpu.stat")
	counted := dir
	if account, _ := g.folders("cpuacct"); !g.exists(dir+"/cpuacct.usage") && len(account) >= above {
		counted = account[len(account)-above]
	}
	nanos, ok := g.number(counted + "/cpuacct.usage")
	return cpuUse{float64(nanos) / 1e9, stat["nr_periods"], stat["nr_throttled"]}, ok
}

func (g cgroup) exists(name string) bool {
	_, err := os.Stat(g.root + name)
	return err == nil
}

func (g cgroup) text(file string) string {
	text, err := os.ReadFile(g.root + file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (g cgroup) number(file string) (int64, bool) {
	n, err := strconv.ParseInt(g.text(file), 10, 64)
	return n, err == nil
}

// keyed reads a file of lines "name value".
func (g cgroup) keyed(file string) map[string]int64 {
	values := map[string]int64{}
	for line := range strings.Lines(g.text(file)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			values[name] = n
		}
	}
	return values
}
