package host

import (
	"context"
	"fmt"
	"sync"
	"time"

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
// itself, so nothing makes it unhealthy. A first look judges only when its
// sample is at least five seconds long.
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
	w := &cpuWatch{options: *o}
	return []checks.Check{o.Apply(checks.Check{Name: "cpu", Help: "how busy the processors are", Tags: []string{"host"}, Do: w.look})}
}

// cpuTimes are the seconds that all processors together have spent.
type cpuTimes struct {
	user, system, idle, iowait, steal float64
	cores                             int
}

func (t cpuTimes) total() float64 { return t.user + t.system + t.idle + t.iowait + t.steal }

// cpuReading is one look at the counters.
type cpuReading struct {
	at      time.Time
	times   cpuTimes
	group   cpuUse
	quota   float64 // cores the group may use
	inGroup bool    // group and quota are known
}

// judgedOver is the shortest time whose use of the processor is judged: any
// program that starts is busy for a moment, Vitals among them.
const judgedOver = 5 * time.Second

// cpuWatch remembers the reading before, for the difference.
type cpuWatch struct {
	options CPUOptions
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
		w.before = first
	}
	// Counters move a hundred times a second: over less than the sample there
	// is nothing to see.
	select {
	case <-time.After(w.options.Sample - time.Since(w.before.at)):
	case <-ctx.Done():
		return checks.CannotTell("no time was left to watch the processor", ctx.Err())
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
	times, err := readCPUTimes(ctx, w.options.Root)
	if err != nil {
		return nil, err
	}
	r := &cpuReading{at: time.Now(), times: times}
	if limit, ok := (cgroup{w.options.Root}).cpu(); ok && limit.cores < float64(times.cores) {
		r.quota = limit.cores
		r.group, r.inGroup = limit.usage()
	}
	return r, nil
}

// compare makes the result of two readings. Within a container with a quota
// the container's own use of it counts.
func (w *cpuWatch) compare(a, b cpuReading) checks.Result {
	o, elapsed := w.options, b.at.Sub(a.at)
	total := b.times.total() - a.times.total()
	share := func(after, before float64) float64 { return percent(max(0, after-before), total) }
	used, n, source := max(0, 100-share(b.times.idle+b.times.iowait, a.times.idle+a.times.iowait)), float64(b.times.cores), "machine"
	if total <= 0 {
		used = 0
	}
	if a.inGroup && b.inGroup {
		used, n, source = percent(max(0, b.group.seconds-a.group.seconds), elapsed.Seconds()*b.quota), b.quota, "container"
	}
	res := checks.Result{Summary: fmt.Sprintf("%.0f %% of %s busy", used, coresText(n))}
	switch status := judge(used, o.DegradedPercent, o.UnhealthyPercent); {
	case status != checks.Healthy && elapsed < judgedOver:
		res.Summary += fmt.Sprintf(" over %s, too short to judge", checks.DurationText(elapsed))
	case status != checks.Healthy:
		res.Status, res.Hint = status, "See which process it is: top, or ps aux --sort=-pcpu | head."
	}
	res.Facts = []checks.Fact{
		checks.Percent("used", used).Judged(o.DegradedPercent, o.UnhealthyPercent),
		checks.Percent("user", share(b.times.user, a.times.user)), checks.Percent("system", share(b.times.system, a.times.system)),
		checks.Percent("iowait", share(b.times.iowait, a.times.iowait)), checks.Percent("steal", share(b.times.steal, a.times.steal)),
		checks.Number("cores", n), checks.Text("source", source), checks.Duration("measured_over", elapsed.Round(time.Millisecond)),
	}
	if periods := b.group.periods - a.group.periods; periods > 0 {
		res.Facts = append(res.Facts, checks.Percent("throttled", percent(float64(b.group.throttled-a.group.throttled), float64(periods))))
	}
	return res.Measure("cpu_usage_percent", used)
}
