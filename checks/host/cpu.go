package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"vitals/checks"
)

// CPUOptions are the settings of the cpu check.
type CPUOptions struct {
	DegradedPercent  float64       `mapstructure:"degraded_percent" help:"degraded above this share used"`
	UnhealthyPercent float64       `mapstructure:"unhealthy_percent" help:"unhealthy above this share used; 0 means never"`
	Sample           time.Duration `mapstructure:"sample" help:"how long the first look lasts; later ones compare with the one before"`
	checks.Common    `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const cpuExample = `cpu:
  degraded_percent: 90
`

// DefaultCPUOptions degrades above 90 %. A busy processor is no failure in
// itself, so nothing makes it unhealthy.
func DefaultCPUOptions() CPUOptions {
	return CPUOptions{DegradedPercent: 90, Sample: 200 * time.Millisecond}
}

// Problems returns what is wrong with the settings.
func (o *CPUOptions) Problems() []checks.Problem {
	all := percentProblems(o.DegradedPercent, o.UnhealthyPercent)
	if o.Sample <= 0 || o.Sample > 5*time.Second {
		all = append(all, checks.Problem{Key: "sample", Message: "must lie between 1ms and 5s"})
	}
	return all
}

// Checks makes the check `cpu`.
func (o *CPUOptions) Checks() []checks.Check {
	w := &cpuWatch{options: *o, group: cgroup{o.Root}}
	return []checks.Check{o.Apply(checks.Check{Name: "cpu", Help: "how busy the processors are", Tags: []string{"host"}, Do: w.look})}
}

// cpuReading is one look at the counters.
type cpuReading struct {
	at                 time.Time
	times              cpu.TimesStat
	groupSeconds       float64
	periods, throttled int64
	inGroup            bool
}

// judgedOver is the shortest time whose use of the processor is judged: any
// program that starts is busy for a moment, Vitals among them.
const judgedOver = 5 * time.Second

// cpuWatch remembers the reading before, for the difference.
type cpuWatch struct {
	options CPUOptions
	group   cgroup
	mu      sync.Mutex
	before  *cpuReading
}

func (w *cpuWatch) look(ctx context.Context) checks.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.before == nil {
		first, err := w.read(ctx)
		if err != nil {
			return checks.CannotTell("processor times could not be read", err)
		}
		select {
		case <-time.After(w.options.Sample):
		case <-ctx.Done():
			return checks.CannotTell("no time was left to watch the processor", ctx.Err())
		}
		w.before = first
	}
	now, err := w.read(ctx)
	if err != nil {
		return checks.CannotTell("processor times could not be read", err)
	}
	res := w.compare(*w.before, *now)
	w.before = now
	return res
}

func (w *cpuWatch) read(ctx context.Context) (*cpuReading, error) {
	times, err := cpu.TimesWithContext(rooted(ctx, w.options.Root), false)
	if err != nil {
		return nil, err
	}
	if len(times) == 0 {
		return nil, fmt.Errorf("the system lists no processor")
	}
	r := &cpuReading{at: time.Now(), times: times[0]}
	r.groupSeconds, r.periods, r.throttled, r.inGroup = w.group.cpuUsed()
	return r, nil
}

// compare makes the result of two readings. Within a container with a quota
// the container's own use of it counts.
func (w *cpuWatch) compare(a, b cpuReading) checks.Result {
	total := sumOf(b.times) - sumOf(a.times)
	share := func(after, before float64) float64 { return percent(max(0, after-before), total) }
	idle := share(b.times.Idle+b.times.Iowait, a.times.Idle+a.times.Iowait)
	used, n, source := max(0, 100-idle), cores(cgroup{}), "machine"
	if total <= 0 {
		used = 0
	}
	if quota, ok := w.group.cpuQuota(); ok && quota <= cores(w.group) && a.inGroup && b.inGroup {
		elapsed := b.at.Sub(a.at).Seconds()
		used, n, source = percent(b.groupSeconds-a.groupSeconds, elapsed*quota), quota, "container"
	}
	res := checks.Result{Summary: fmt.Sprintf("%.0f %% of %g cores busy", used, n)}
	if b.at.Sub(a.at) >= judgedOver {
		res.Status = judge(used, w.options.DegradedPercent, w.options.UnhealthyPercent)
	}
	if res.Status != checks.Healthy {
		res.Hint = "See which process it is: top, or ps aux --sort=-pcpu | head."
	}
	res.Facts = []checks.Fact{
		checks.Percent("used", used).Judged(w.options.DegradedPercent, w.options.UnhealthyPercent),
		checks.Percent("user", share(b.times.User+b.times.Nice, a.times.User+a.times.Nice)),
		checks.Percent("system", share(b.times.System+b.times.Irq+b.times.Softirq, a.times.System+a.times.Irq+a.times.Softirq)),
		checks.Percent("iowait", share(b.times.Iowait, a.times.Iowait)),
		checks.Percent("steal", share(b.times.Steal, a.times.Steal)),
		checks.Number("cores", n), checks.Text("source", source),
	}
	if periods := b.periods - a.periods; periods > 0 {
		res.Facts = append(res.Facts, checks.Percent("throttled", percent(float64(b.throttled-a.throttled), float64(periods))))
	}
	return res.Measure("cpu_usage_percent", used)
}

// sumOf is all processor time there was. Guest time is part of user time
// already.
func sumOf(t cpu.TimesStat) float64 {
	return t.User + t.System + t.Idle + t.Nice + t.Iowait + t.Irq + t.Softirq + t.Steal
}
