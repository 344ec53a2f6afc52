// Package host looks at the machine Vitals runs on, or at the container where
// its limits are lower: memory, processor, disks, load, network, processes,
// and the folders an application writes to.
package host

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/common"

	"vitals/checks"
)

// Kinds lists the sections of the configuration that this package reads.
func Kinds() []checks.KindOfCheck {
	return []checks.KindOfCheck{
		{Name: "cpu", Help: "processor time of the machine, or of the container", Example: cpuExample, New: func() checks.Options { o := DefaultCPUOptions(); return &o }},
		{Name: "disk", Help: "space and inodes of each mounted disk", Example: diskExample, New: func() checks.Options { o := DefaultDiskOptions(); return &o }},
		{Name: "file_system", Help: "folders that the application writes to", Example: fileSystemExample, New: func() checks.Options { o := DefaultFileSystemOptions(); return &o }},
		{Name: "load", Help: "load average of the machine for each core", Example: loadExample, New: func() checks.Options { o := DefaultLoadOptions(); return &o }},
		{Name: "memory", Help: "memory of the machine, or of the container", Example: memoryExample, New: func() checks.Options { o := DefaultMemoryOptions(); return &o }},
		{Name: "network", Help: "network interfaces and TCP of the machine", Example: networkExample, New: func() checks.Options { o := DefaultNetworkOptions(); return &o }},
		{Name: "processes", Help: "processes that must run", Example: processExample, New: func() checks.Options { o := DefaultProcessOptions(); return &o }},
	}
}

// rooted makes the libraries below read a folder's proc and sys in place of
// the machine's; "" leaves them. They are asked where the system is not Linux,
// or where one small file answers: some read and compute far more than a check
// shows, and some already do when the program starts.
func rooted(ctx context.Context, root string) context.Context {
	if root == "" {
		return ctx
	}
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: root + "/proc", common.HostSysEnvKey: root + "/sys", common.HostEtcEnvKey: root + "/etc",
	})
}

// judge compares a value with two thresholds, of which 0 means never.
func judge(value, degraded, unhealthy float64) checks.Status {
	switch {
	case unhealthy > 0 && value > unhealthy:
		return checks.Unhealthy
	case degraded > 0 && value > degraded:
		return checks.Degraded
	}
	return checks.Healthy
}

// percentProblems are those of a pair of thresholds in percent.
func percentProblems(degraded, unhealthy float64) []checks.Problem {
	var all []checks.Problem
	for _, p := range []struct {
		key   string
		value float64
	}{{"degraded_percent", degraded}, {"unhealthy_percent", unhealthy}} {
		if p.value < 0 || p.value > 100 {
			all = append(all, checks.Problem{Key: p.key, Message: "must lie between 0 (never) and 100"})
		}
	}
	if unhealthy > 0 && degraded > unhealthy {
		all = append(all, checks.Problem{Key: "degraded_percent", Message: "must not be above unhealthy_percent"})
	}
	return all
}

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole * 100
}

// onlineCores is how many processors the whole machine has in use. The
// runtime's own number leaves out those that this process may not run on.
func onlineCores(root string) int {
	text, err := os.ReadFile(root + "/sys/devices/system/cpu/online")
	if err == nil {
		if n := countRanges(strings.TrimSpace(string(text))); n > 0 {
			return n
		}
	}
	return runtime.NumCPU()
}

// countRanges counts the numbers in a list such as 0-3,8; 0 when it is none.
func countRanges(list string) int {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil || b < a {
			return 0
		}
		n += b - a + 1
	}
	return n
}

// coresText writes a number of processors for people.
func coresText(n float64) string {
	if n == 1 {
		return "1 core"
	}
	return strconv.FormatFloat(n, 'g', 3, 64) + " cores"
}

// several joins words, naming the first few and counting the rest.
func several(words []string, between string) string {
	const most = 3
	if len(words) > most {
		return fmt.Sprintf("%s%sand %d more", strings.Join(words[:most], between), between, len(words)-most)
	}
	return strings.Join(words, between)
}
