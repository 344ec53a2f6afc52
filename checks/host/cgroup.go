package host

import (
	"math"
	"os"
	"path"
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
// own group up to the root: every ancestor's limit holds too.
func (g cgroup) folders(controller string) (dirs []string, v2 bool) {
	text, err := os.ReadFile(g.root + "/proc/self/cgroup")
	if err != nil {
		return nil, false
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[1] == "" && dirs == nil:
			dirs, v2 = ancestors(cgroupMount, parts[2]), true
		case contains(parts[1], controller):
			return ancestors(cgroupMount+"/"+parts[1], parts[2]), false
		}
	}
	return dirs, v2
}

func contains(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

func ancestors(mount, group string) []string {
	var dirs []string
	for p := path.Clean("/" + group); ; p = path.Dir(p) {
		dirs = append(dirs, mount+p)
		if p == "/" {
			return dirs
		}
	}
}

// memory returns the lowest limit among this group and its ancestors and how
// much of it is used, both in bytes. Page cache that can be dropped at once
// (inactive_file) does not count as used, as `docker stats` and the kubelet
// have it.
func (g cgroup) memory() (limit, used int64, ok bool) {
	dirs, v2 := g.folders("memory")
	limitFile, usedFile, cacheKey := "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
	if v2 {
		limitFile, usedFile, cacheKey = "memory.max", "memory.current", "inactive_file"
	}
	limit = math.MaxInt64
	for _, dir := range dirs {
		n, found := g.number(dir + "/" + limitFile)
		if !found || n >= cgroupNoLimit || n >= limit {
			continue
		}
		current, found := g.number(dir + "/" + usedFile)
		if !found {
			continue
		}
		cache := g.keyed(dir + "/memory.stat")[cacheKey]
		limit, used, ok = n, max(0, current-cache), true
	}
	return limit, used, ok
}

// cpuQuota returns how many processors' time the group and its ancestors may
// use at most.
func (g cgroup) cpuQuota() (cores float64, ok bool) {
	dirs, v2 := g.folders("cpu")
	cores = math.Inf(1)
	for _, dir := range dirs {
		var quota, period float64
		if v2 {
			fields := strings.Fields(g.text(dir + "/cpu.max"))
			if len(fields) != 2 || fields[0] == "max" {
				continue
			}
			quota, _ = strconv.ParseFloat(fields[0], 64) // a broken figure is 0: no limit
			period, _ = strconv.ParseFloat(fields[1], 64)
		} else {
			q, _ := g.number(dir + "/cpu.cfs_quota_us") // -1 and a missing file: no limit
			p, _ := g.number(dir + "/cpu.cfs_period_us")
			quota, period = float64(q), float64(p)
		}
		if quota > 0 && period > 0 && quota/period < cores {
			cores, ok = quota/period, true
		}
	}
	return cores, ok
}

// cpuUsed returns the processor time that the group has used, in seconds, and
// the number of periods and of those in which it was held back.
func (g cgroup) cpuUsed() (seconds float64, periods, throttled int64, ok bool) {
	dirs, v2 := g.folders("cpu")
	if len(dirs) == 0 {
		return 0, 0, 0, false
	}
	stat := g.keyed(dirs[0] + "/cpu.stat")
	if v2 {
		usec, ok := stat["usage_usec"]
		return float64(usec) / 1e6, stat["nr_periods"], stat["nr_throttled"], ok
	}
	account, _ := g.folders("cpuacct")
	if len(account) == 0 {
		return 0, 0, 0, false
	}
	nanos, ok := g.number(account[0] + "/cpuacct.usage")
	return float64(nanos) / 1e9, stat["nr_periods"], stat["nr_throttled"], ok
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
