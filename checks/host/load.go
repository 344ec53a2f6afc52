package host

import (
	"context"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/load"

	"vitals/checks"
)

// LoadOptions are the settings of the load check. The thresholds compare the
// average over five minutes for each core, so that one setting fits machines
// of all sizes.
type LoadOptions struct {
	Degraded      float64 `mapstructure:"degraded" help:"degraded above this load for each core over 5 minutes; 0 means never"`
	Unhealthy     float64 `mapstructure:"unhealthy" help:"unhealthy above this load for each core over 5 minutes; 0 means never"`
	checks.Common `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const loadExample = `load:
  degraded: 2
`

// DefaultLoadOptions degrades at two waiting processes for each core: work
// then takes twice as long as it should.
func DefaultLoadOptions() LoadOptions { return LoadOptions{Degraded: 2} }

// Problems returns what is wrong with the settings.
func (o *LoadOptions) Problems() []checks.Problem {
	if o.Degraded < 0 || o.Unhealthy < 0 {
		return []checks.Problem{{Key: "degraded", Message: "a load cannot be below 0"}}
	}
	if o.Unhealthy > 0 && o.Degraded > o.Unhealthy {
		return []checks.Problem{{Key: "degraded", Message: "must not be above unhealthy"}}
	}
	return nil
}

// Checks makes the check `load`; none on Windows, which has no such figure.
func (o *LoadOptions) Checks() []checks.Check {
	if runtime.GOOS == "windows" {
		return nil
	}
	settings := *o
	return []checks.Check{o.Apply(checks.Check{Name: "load", Help: "how many processes want to run, for each core", Tags: []string{"host"}, Do: settings.look})}
}

func (o *LoadOptions) look(ctx context.Context) checks.Result {
	avg, err := load.AvgWithContext(rooted(ctx, o.Root))
	if err != nil {
		return checks.CannotTell("the load average could not be read", err)
	}
	// The kernel counts what waits on the whole machine, so it is the whole
	// machine's processors that count, even inside a container with a quota.
	n := float64(onlineCores(o.Root))
	perCore := avg.Load5 / n
	res := checks.Result{
		Status:  judge(perCore, o.Degraded, o.Unhealthy),
		Summary: fmt.Sprintf("load %.2f, %.2f, %.2f on %s", avg.Load1, avg.Load5, avg.Load15, coresText(n)),
		Facts: []checks.Fact{
			checks.Number("load1", avg.Load1), checks.Number("load5", avg.Load5), checks.Number("load15", avg.Load15),
			checks.Number("cores", n), checks.Number("load5_per_core", perCore).Judged(o.Degraded, o.Unhealthy),
		},
	}
	if res.Status != checks.Healthy {
		res.Hint = "See what runs or waits for disks: top, and vmstat 1 (columns r, b and wa)."
	}
	return res.Measure("vitals_load1", avg.Load1).Measure("vitals_load5", avg.Load5).Measure("vitals_load15", avg.Load15)
}
