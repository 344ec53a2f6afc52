package host

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitals/checks"
)

const meminfo = "MemTotal:        8388608 kB\nMemFree:         1048576 kB\nMemAvailable:    %d kB\nBuffers: 0 kB\nCached: 0 kB\nSwapTotal: 1024 kB\nSwapFree: 256 kB\n"

// groups are control groups as they are found in the wild.
var (
	// The limit is an ancestor's; 100 MB of the page cache can be dropped.
	inSlice = map[string]string{
		"proc/self/cgroup":                 "0::/app/web\n",
		"sys/fs/cgroup/app/web/memory.max": "max\n", "sys/fs/cgroup/app/memory.max": "2147483648\n", "sys/fs/cgroup/app/memory.current": "1932735283\n",
		"sys/fs/cgroup/app/memory.stat": "anon 1\ninactive_file 107374182\n",
	}
	// The own limit is the lowest, but a neighbour has used up the parent's.
	crowded = map[string]string{
		"proc/self/cgroup":                 "0::/app/web\n",
		"sys/fs/cgroup/app/web/memory.max": "1073741824\n", "sys/fs/cgroup/app/web/memory.current": "104857600\n",
		"sys/fs/cgroup/app/memory.max": "2147483648\n", "sys/fs/cgroup/app/memory.current": "2093796556\n",
	}
	version1 = map[string]string{
		"proc/self/cgroup": "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/\n",
		"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "1073741824",
		"sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": "1063004405",
		"sys/fs/cgroup/memory/docker/x/memory.stat":           "total_inactive_file 0\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712",
		"sys/fs/cgroup/memory/memory.usage_in_bytes":          "5368709120",
	}
	// Inside the container its own group is mounted as the root.
	insideVersion1 = map[string]string{
		"proc/self/cgroup":                           "4:memory:/docker/x\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824",
		"sys/fs/cgroup/memory/memory.usage_in_bytes": "536870912",
	}
	unlimited = map[string]string{
		"proc/self/cgroup":             "0::/app\n",
		"sys/fs/cgroup/app/memory.max": "max\n", "sys/fs/cgroup/app/memory.current": "1932735283\n",
	}
	larger = map[string]string{
		"proc/self/cgroup":             "0::/app\n",
		"sys/fs/cgroup/app/memory.max": "17179869184\n", "sys/fs/cgroup/app/memory.current": "17179869184\n",
	}
	broken = map[string]string{"proc/self/cgroup": "nonsense\n0::\n", "sys/fs/cgroup/memory.max": "-\n"}
)

func TestMemory(t *testing.T) {
	const gib = 1 << 30
	for name, c := range map[string]struct {
		available int // kB
		files     map[string]string
		status    checks.Status
		used      float64
		total     float64
		source    string
	}{
		"half used":                 {4194304, nil, checks.Healthy, 50, 8 * gib, "machine"},
		"at 80 is healthy":          {1677722, nil, checks.Healthy, 80, 8 * gib, "machine"},
		"above 80 degrades":         {1258291, nil, checks.Degraded, 85, 8 * gib, "machine"},
		"above 90 is not healthy":   {419430, nil, checks.Unhealthy, 95, 8 * gib, "machine"},
		"the ancestor's limit":      {4194304, inSlice, checks.Degraded, 85, 2 * gib, "container"},
		"no room below the parent":  {4194304, crowded, checks.Unhealthy, 95, 1 * gib, "container"},
		"the machine has less left": {209715, insideVersion1, checks.Degraded, 80.1, 1 * gib, "container"},
		"version 1":                 {4194304, version1, checks.Unhealthy, 99, 1 * gib, "container"},
		"version 1 from inside":     {4194304, insideVersion1, checks.Healthy, 50, 1 * gib, "container"},
		"no limit":                  {4194304, unlimited, checks.Healthy, 50, 8 * gib, "machine"},
		"more than the machine has": {4194304, larger, checks.Healthy, 50, 8 * gib, "machine"},
		"broken files":              {4194304, broken, checks.Healthy, 50, 8 * gib, "machine"},
	} {
		files := map[string]string{"proc/meminfo": fmt.Sprintf(meminfo, c.available)}
		maps.Copy(files, c.files)
		o := DefaultMemoryOptions()
		o.Root = tree(t, files)
		r := ask(t, &o)
		source, _ := r.Fact("source")
		if used := number(t, r, "used"); r.Status != c.status || used < c.used-0.2 || used > c.used+0.2 || number(t, r, "total") != c.total || source.Value != c.source {
			t.Errorf("%s: %v, %.1f %% of %.0f (%v); want %v, %.1f %% of %.0f (%s)", name, r.Status, used, number(t, r, "total"), source.Value, c.status, c.used, c.total, c.source)
		}
		if (c.source == "container") != strings.Contains(r.Summary, "container's limit") {
			t.Errorf("%s: %q does not say whose limit it is", name, r.Summary)
		}
		if r.Critical {
			t.Errorf("%s: memory is critical: it would fail the whole", name)
		}
		if number(t, r, "swap_total") != 1<<20 || number(t, r, "swap_used") != 768<<10 {
			t.Errorf("%s: swap: %v", name, r.Facts)
		}
	}
	for name, files := range map[string]map[string]string{"no /proc": nil, "an empty file": {"proc/meminfo": ""}} {
		o := DefaultMemoryOptions()
		o.Root = tree(t, files)
		if r := ask(t, &o); r.Status != checks.Unknown || r.Error == "" {
			t.Errorf("%s: %v %q", name, r.Status, r.Error)
		}
	}
}

func TestMemorySample(t *testing.T) {
	o := DefaultMemoryOptions()
	o.Root = tree(t, map[string]string{"proc/meminfo": fmt.Sprintf(meminfo, 4194304)})
	r := ask(t, &o)
	if len(r.Samples) == 0 || r.Samples[0].Name != "memory_usage_mb" || r.Samples[0].Value != 4096 {
		t.Errorf("%v, want 4096 of memory_usage_mb", r.Samples)
	}
}

func TestLoad(t *testing.T) {
	for text, c := range map[string]struct {
		options LoadOptions
		want    checks.Status
	}{
		"0.5 0.4 0.3 1/100 1": {DefaultLoadOptions(), checks.Healthy},
		"0 8 0 1/100 1":       {DefaultLoadOptions(), checks.Healthy},
		"1 8.1 1 1/100 1":     {DefaultLoadOptions(), checks.Degraded},
		"900 0.1 900 1/1 1":   {DefaultLoadOptions(), checks.Healthy},
		"0 900 0 1/1 1":       {DefaultLoadOptions(), checks.Degraded},
		"0 41 0 1/1 1":        {LoadOptions{Degraded: 2, Unhealthy: 10}, checks.Unhealthy},
		"0 42 0 1/1 1":        {LoadOptions{}, checks.Healthy},
	} {
		o := c.options
		o.Root = tree(t, map[string]string{
			"proc/loadavg": text, "sys/devices/system/cpu/online": "0-2,7\n",
			// A container's quota does not make the machine's load its own.
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n",
		})
		r := ask(t, &o)
		if r.Status != c.want || number(t, r, "cores") != 4 || r.Status != checks.Healthy && r.Hint == "" {
			t.Errorf("%s: %v on %v cores, want %v on 4", text, r.Status, number(t, r, "cores"), c.want)
		}
	}
}

func TestCoresAreCounted(t *testing.T) {
	for text, want := range map[string]int{"0": 1, "0-7": 8, "0,2-3": 3, "": 0, "x": 0, "3-1": 0, "0-": 0} {
		if got := countRanges(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// stat is /proc/stat of a machine of two cores, in ticks since it started.
func stat(user, system, idle, iowait, steal int) string {
	return fmt.Sprintf("cpu  %d 0 %d %d %d 0 0 %d 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 1 2 3\nctxt 9\n", user, system, idle, iowait, steal)
}

// twoLooks asks the cpu check of a made-up machine, changes it, and asks again
// after a time.
func twoLooks(t *testing.T, before, after map[string]string, apart time.Duration) (first, second checks.Result) {
	o := DefaultCPUOptions()
	o.Root = tree(t, before)
	do := o.Checks()[0].Do
	synctest.Test(t, func(t *testing.T) {
		first = do(t.Context())
		time.Sleep(apart)
		for name, text := range after {
			change(t, o.Root, name, text)
		}
		second = do(t.Context())
	})
	return first, second
}

func TestCPU(t *testing.T) {
	start := map[string]string{"proc/stat": stat(1000, 0, 9000, 0, 0)}
	for name, c := range map[string]struct {
		after string
		apart time.Duration
		want  checks.Status
		used  float64
		words string
	}{
		"busy for ten seconds":          {stat(1900, 50, 9020, 20, 10), 10 * time.Second, checks.Degraded, 96, "96 % of 2 cores busy"},
		"half busy":                     {stat(1500, 0, 9500, 0, 0), 10 * time.Second, checks.Healthy, 50, "50 % of 2 cores busy"},
		"waiting for disks is not busy": {stat(1000, 0, 9000, 1000, 0), 10 * time.Second, checks.Healthy, 0, "0 % of"},
		"busy for a second":             {stat(1190, 10, 9000, 0, 0), time.Second, checks.Healthy, 100, "too short to judge"},
		"nothing has moved":             {stat(1000, 0, 9000, 0, 0), 10 * time.Second, checks.Healthy, 0, "0 % of"},
		"counters began again":          {stat(10, 0, 90, 0, 0), 10 * time.Second, checks.Healthy, 0, "0 % of"},
	} {
		_, r := twoLooks(t, start, map[string]string{"proc/stat": c.after}, c.apart)
		wants(t, name, r, c.want, c.words)
		if used := number(t, r, "used"); used != c.used {
			t.Errorf("%s: %v used, want %v", name, used, c.used)
		}
		if name == "busy for ten seconds" && (number(t, r, "user") != 90 || number(t, r, "system") != 5 || number(t, r, "iowait") != 2 || number(t, r, "steal") != 1 || number(t, r, "measured_over") != 10) {
			t.Errorf("%s: %v", name, r.Facts)
		}
		if r.Samples[0].Name != "cpu_usage_percent" || math.Abs(r.Samples[0].Value-c.used) > 0.001 {
			t.Errorf("%s: %v", name, r.Samples)
		}
	}
}

func TestCPUOfAContainer(t *testing.T) {
	for name, files := range map[string][2]map[string]string{
		"version 2": {{
			"proc/self/cgroup": "0::/app/web\n", "sys/fs/cgroup/app/web/cpu.max": "max 100000\n", "sys/fs/cgroup/app/cpu.max": "50000 100000\n",
			"sys/fs/cgroup/app/cpu.stat": "usage_usec 1000000\nnr_periods 10\nnr_throttled 0\n",
		}, {"sys/fs/cgroup/app/cpu.stat": "usage_usec 5900000\nnr_periods 110\nnr_throttled 60\n"}},
		"version 1": {{
			"proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n", "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "50000",
			"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
			"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.stat": "nr_periods 10\nnr_throttled 0\n", "sys/fs/cgroup/cpu,cpuacct/docker/x/cpuacct.usage": "1000000000",
		}, {"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.stat": "nr_periods 110\nnr_throttled 60\n", "sys/fs/cgroup/cpu,cpuacct/docker/x/cpuacct.usage": "5900000000"}},
		"version 1 from inside, counted elsewhere": {{
			"proc/self/cgroup": "5:cpu:/docker/x\n4:cpuacct:/docker/x\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
			"sys/fs/cgroup/cpu/cpu.stat": "nr_periods 10\nnr_throttled 0\n", "sys/fs/cgroup/cpuacct/cpuacct.usage": "1000000000",
		}, {"sys/fs/cgroup/cpu/cpu.stat": "nr_periods 110\nnr_throttled 60\n", "sys/fs/cgroup/cpuacct/cpuacct.usage": "5900000000"}},
	} {
		files[0]["proc/stat"] = stat(0, 0, 0, 0, 0)
		files[1]["proc/stat"] = stat(100, 0, 1900, 0, 0) // the machine itself is idle
		_, r := twoLooks(t, files[0], files[1], 10*time.Second)
		wants(t, name, r, checks.Degraded, "98 % of 0.5 cores busy")
		if source, _ := r.Fact("source"); source.Value != "container" || number(t, r, "throttled") != 60 || number(t, r, "cores") != 0.5 {
			t.Errorf("%s: %v", name, r.Facts)
		}
	}
}

func TestCPUTakesItsSampleOnce(t *testing.T) {
	o := DefaultCPUOptions()
	o.Root = tree(t, map[string]string{"proc/stat": stat(0, 0, 100, 0, 0)})
	do := o.Checks()[0].Do
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		do(t.Context())
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("the first look took %v", took)
		}
		time.Sleep(time.Minute)
		began = time.Now()
		do(t.Context())
		if took := time.Since(began); took != 0 {
			t.Errorf("a later look took %v", took)
		}
	})
}

func TestCPUCannotBeRead(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "no number": "cpu  a b c d e f g h\ncpu0 1\n", "short": "cpu 1 2\ncpu0 1\n", "no core": "cpu  1 1 1 1 1 1 1 1\n"} {
		o := DefaultCPUOptions()
		o.Root = tree(t, map[string]string{"proc/stat": text})
		if r := ask(t, &o); r.Status != checks.Unknown || r.Error == "" {
			t.Errorf("%s: %v %q", name, r.Status, r.Error)
		}
	}
}
