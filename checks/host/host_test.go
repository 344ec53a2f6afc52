package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"

	"vitals/checks"
)

// tree writes files below a temporary root: the machine a check is to see.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const meminfo = "MemTotal:        8388608 kB\nMemFree:         1048576 kB\nMemAvailable:    %d kB\nBuffers: 0 kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"

func ask(t *testing.T, o checks.Options) checks.Result {
	t.Helper()
	list := o.Checks()
	if len(list) != 1 {
		t.Fatalf("%d checks", len(list))
	}
	return (&checks.Runner{}).Run(t.Context(), list)[0]
}

func number(t *testing.T, r checks.Result, fact string) float64 {
	t.Helper()
	f, ok := r.Fact(fact)
	v, isNumber := f.Float()
	if !ok || !isNumber {
		t.Fatalf("no number %s in %v", fact, r.Facts)
	}
	return v
}

func TestMemory(t *testing.T) {
	const gib = 1 << 30
	v2 := map[string]string{
		"proc/self/cgroup":                 "0::/app/web\n",
		"sys/fs/cgroup/app/web/memory.max": "max\n", "sys/fs/cgroup/app/memory.max": "2147483648\n", "sys/fs/cgroup/app/memory.current": "1932735283\n",
		"sys/fs/cgroup/app/memory.stat": "anon 1\ninactive_file 107374182\n",
	}
	v1 := map[string]string{
		"proc/self/cgroup": "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n",
		"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes":    "1073741824",
		"sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes":    "1063004405",
		"sys/fs/cgroup/memory/docker/x/memory.stat":              "total_inactive_file 0\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":             "9223372036854771712",
		"sys/fs/cgroup/memory/docker/x/memory.kmem.max_unlikely": "",
	}
	for name, c := range map[string]struct {
		available int
		files     map[string]string
		status    checks.Status
		used      float64
		total     float64
		source    string
	}{
		"half used":               {4194304, nil, checks.Healthy, 50, 8 * gib, "machine"},
		"at 80 is healthy":        {1677722, nil, checks.Healthy, 80, 8 * gib, "machine"},
		"above 80 degrades":       {1258291, nil, checks.Degraded, 85, 8 * gib, "machine"},
		"above 90 is not healthy": {419430, nil, checks.Unhealthy, 95, 8 * gib, "machine"},
		"the ancestor's limit":    {4194304, v2, checks.Degraded, 85, 2 * gib, "container"},
		"version 1":               {4194304, v1, checks.Unhealthy, 99, 1 * gib, "container"},
	} {
		files := map[string]string{"proc/meminfo": fmt.Sprintf(meminfo, c.available)}
		for k, v := range c.files {
			files[k] = v
		}
		o := DefaultMemoryOptions()
		o.Root = tree(t, files)
		r := ask(t, &o)
		source, _ := r.Fact("source")
		if used := number(t, r, "used"); r.Status != c.status || used < c.used-0.2 || used > c.used+0.2 || number(t, r, "total") != c.total || source.Value != c.source {
			t.Errorf("%s: %v, %.1f %% of %.0f (%v); want %v, %.1f %% of %.0f (%s)", name, r.Status, used, number(t, r, "total"), source.Value, c.status, c.used, c.total, c.source)
		}
		if r.Critical {
			t.Errorf("%s: memory is critical: it would fail the whole", name)
		}
	}
	o := DefaultMemoryOptions()
	o.Root = t.TempDir()
	if r := ask(t, &o); r.Status != checks.Unknown || r.Error == "" {
		t.Errorf("without a /proc: %v %q", r.Status, r.Error)
	}
}

func TestLoad(t *testing.T) {
	for text, want := range map[string]checks.Status{"0.5 0.4 0.3 1/100 1": checks.Healthy, "1 900 900 1/100 1": checks.Degraded, "900 0.1 0.1 1/1 1": checks.Healthy} {
		o := DefaultLoadOptions()
		o.Root = tree(t, map[string]string{"proc/loadavg": text})
		if r := ask(t, &o); r.Status != want {
			t.Errorf("%s: %v, want %v", text, r.Status, want)
		}
	}
	o := DefaultLoadOptions()
	o.Root = tree(t, map[string]string{"proc/loadavg": "1 3 1 1/1 1", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"})
	if r := ask(t, &o); r.Status != checks.Degraded || number(t, r, "cores") != 0.5 {
		t.Errorf("half a core's quota: %v on %v cores", r.Status, number(t, r, "cores"))
	}
}

func TestCPU(t *testing.T) {
	w := &cpuWatch{options: DefaultCPUOptions(), group: cgroup{tree(t, nil)}}
	before := cpuReading{at: time.Unix(100, 0), times: cpu.TimesStat{User: 10, Idle: 90}}
	after := cpuReading{at: time.Unix(110, 0), times: cpu.TimesStat{User: 19, System: 0.5, Idle: 90.5}}
	if r := w.compare(before, after); r.Status != checks.Degraded || number(t, r, "used") != 95 || number(t, r, "user") != 90 {
		t.Errorf("95 %% over 10 s: %v, %v", r.Status, r.Facts)
	}
	after.at = before.at.Add(200 * time.Millisecond)
	if r := w.compare(before, after); r.Status != checks.Healthy {
		t.Errorf("a fifth of a second is judged: %v", r.Status)
	}
	w.group = cgroup{tree(t, map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"})}
	before.inGroup, after.inGroup = true, true
	before.groupSeconds, after.groupSeconds, after.at = 1, 5.9, before.at.Add(10*time.Second)
	before.periods, after.periods, before.throttled, after.throttled = 10, 110, 0, 60
	if r := w.compare(before, after); r.Status != checks.Degraded || number(t, r, "used") != 98 || number(t, r, "throttled") != 60 {
		t.Errorf("4.9 s of 5 s allowed: %v, %v", r.Status, r.Facts)
	}
	o := DefaultCPUOptions()
	if r := ask(t, &o); r.Status != checks.Healthy || number(t, r, "used") < 0 || number(t, r, "used") > 100 {
		t.Errorf("this machine: %v %v", r.Status, r.Facts)
	}
}

func TestDiskJudgesShareAndFloor(t *testing.T) {
	const gb = 1_000_000_000
	for name, c := range map[string]struct {
		usage disk.UsageStat
		ro    bool
		want  checks.Status
	}{
		"room":                   {disk.UsageStat{Total: 100 * gb, Free: 50 * gb, UsedPercent: 50}, false, checks.Healthy},
		"full and small":         {disk.UsageStat{Total: 20 * gb, Free: 1 * gb, UsedPercent: 96}, false, checks.Unhealthy},
		"full but 5 GB left":     {disk.UsageStat{Total: 100 * gb, Free: 5 * gb, UsedPercent: 96}, false, checks.Degraded},
		"full but 500 GB left":   {disk.UsageStat{Total: 10000 * gb, Free: 500 * gb, UsedPercent: 96}, false, checks.Healthy},
		"inodes":                 {disk.UsageStat{Total: 100 * gb, Free: 50 * gb, UsedPercent: 50, InodesTotal: 100, InodesUsedPercent: 97}, false, checks.Unhealthy},
		"read-only is full once": {disk.UsageStat{Total: 1, Free: 0, UsedPercent: 100}, true, checks.Healthy},
	} {
		w := &diskWatch{options: DefaultDiskOptions()}
		if got, why := w.judge(&mount{path: "/", usage: &c.usage, readOnly: c.ro}); got != c.want || got != checks.Healthy && why == "" {
			t.Errorf("%s: %v %q, want %v", name, got, why, c.want)
		}
	}
}

func TestDiskOutlivesAMountThatHangs(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int64
	w := &diskWatch{options: DefaultDiskOptions(), busy: map[string]chan struct{}{}}
	w.usage = func(_ context.Context, path string) (*disk.UsageStat, error) {
		if path == "/dead" {
			asked.Add(1)
			<-release
		}
		return &disk.UsageStat{Total: 10, Free: 5, UsedPercent: 50}, nil
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		dead, err := w.ask(ctx, "/dead")
		if dead != nil || err == nil || !strings.Contains(err.Error(), "not answer") {
			t.Errorf("a dead mount: %v %v", dead, err)
		}
		if alive, err := w.ask(t.Context(), "/"); alive == nil || err != nil {
			t.Errorf("another beside it: %v %v", alive, err)
		}
		cancel()
	}
	close(release)
	if asked.Load() != 1 {
		t.Errorf("asked %d times while it hung", asked.Load())
	}
}

func TestDiskLooksAtRealDisksOnce(t *testing.T) {
	w := &diskWatch{options: DefaultDiskOptions()}
	for kind, want := range map[string]bool{"ext4": true, "xfs": true, "nfs4": true, "zfs": true, "tmpfs": false, "squashfs": false, "proc": false, "overlay": false} {
		if got := w.wanted(disk.PartitionStat{Mountpoint: "/x", Fstype: kind}); got != want {
			t.Errorf("%s is looked at: %v", kind, got)
		}
	}
	if !w.wanted(disk.PartitionStat{Mountpoint: "/", Fstype: "overlay"}) {
		t.Error("a container's root is not looked at")
	}
	got := distinct([]*mount{{path: "/var/lib/docker", device: "/dev/sda1"}, {path: "/", device: "/dev/sda1"}, {path: "/a", device: "tank/a"}, {path: "/b", device: "tank/a"}})
	if len(got) != 3 || got[0].path != "/" {
		t.Errorf("%d mounts remain, the first %s", len(got), got[0].path)
	}
	o := DefaultDiskOptions()
	if r := ask(t, &o); r.Status == checks.Unknown || len(r.Tables[0].Rows) == 0 || number(t, r, "available") <= 0 {
		t.Errorf("this machine: %v %s", r.Status, r.Summary)
	}
}

func TestNetworkRatesNeedTwoLooks(t *testing.T) {
	dev := "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
		"    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n  eth0: 1000 10 %d 0 0 0 0 0 2000 20 0 0 0 0 0 0\n"
	root := tree(t, map[string]string{"proc/net/dev": fmt.Sprintf(dev, 0), "proc/net/netstat": "TcpExt: A ListenOverflows B\nTcpExt: 1 7 2\n"})
	o := DefaultNetworkOptions()
	o.Root = root
	list := o.Checks()
	runner := &checks.Runner{}
	first := runner.Run(t.Context(), list)[0]
	if first.Status != checks.Healthy || number(t, first, "received") != 1000 || number(t, first, "listen_overflows") != 7 {
		t.Errorf("first look: %v %v", first.Status, first.Facts)
	}
	if err := os.WriteFile(root+"/proc/net/dev", fmt.Appendf(nil, dev, 100000), 0o644); err != nil {
		t.Fatal(err)
	}
	if second := runner.Run(t.Context(), list)[0]; second.Status != checks.Degraded || !strings.Contains(second.Summary, "eth0") {
		t.Errorf("after errors: %v %s", second.Status, second.Summary)
	}
	if err := os.WriteFile(root+"/proc/net/dev", fmt.Appendf(nil, dev, 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if third := runner.Run(t.Context(), list)[0]; third.Status != checks.Healthy {
		t.Errorf("counters that began again: %v %s", third.Status, third.Summary)
	}
	if err := os.WriteFile(root+"/proc/net/netstat", []byte("TcpExt: A ListenOverflows B\nTcpExt: 1 9 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if fourth := runner.Run(t.Context(), list)[0]; fourth.Status != checks.Degraded || !strings.Contains(fourth.Summary, "2 connections") {
		t.Errorf("after overflows: %v %s", fourth.Status, fourth.Summary)
	}
}
