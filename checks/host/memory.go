package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/mem"

	"vitals/checks"
)

// MemoryOptions are the settings of the memory check.
type MemoryOptions struct {
	DegradedPercent  float64 `mapstructure:"degraded_percent" help:"degraded above this share used"`
	UnhealthyPercent float64 `mapstructure:"unhealthy_percent" help:"unhealthy above this share used"`
	checks.Common    `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const memoryExample = `memory:
  degraded_percent: 80
  unhealthy_percent: 90
`

// DefaultMemoryOptions has the guide's thresholds: above 80 % degraded, above
// 90 % not healthy. Memory is not critical: it degrades the whole at most.
func DefaultMemoryOptions() MemoryOptions {
	return MemoryOptions{DegradedPercent: 80, UnhealthyPercent: 90}
}

// Problems returns what is wrong with the settings.
func (o *MemoryOptions) Problems() []checks.Problem {
	return percentProblems(o.DegradedPercent, o.UnhealthyPercent)
}

// Checks makes the check `memory`.
func (o *MemoryOptions) Checks() []checks.Check {
	settings := *o
	return []checks.Check{o.Apply(checks.Check{Name: "memory", Help: "how much memory is in use", Tags: []string{"host"}, Do: settings.look})}
}

func (o *MemoryOptions) look(ctx context.Context) checks.Result {
	vm, err := mem.VirtualMemoryWithContext(rooted(ctx, o.Root))
	if err == nil && vm.Total == 0 {
		err = errors.New("the system names no amount")
	}
	if err != nil {
		return checks.CannotTell("memory could not be read", err)
	}
	total, available, source, note := int64(vm.Total), int64(vm.Available), "machine", ""
	if limit, left, ok := (cgroup{o.Root}).memory(); ok && limit < total {
		source, note = "container", " (the container's limit)"
		if available < left {
			note = " (the container's limit; the whole machine has no more left)"
		}
		total, available = limit, min(left, available)
	}
	available = min(max(0, available), total)
	used := percent(float64(total-available), float64(total))
	res := checks.Result{Status: judge(used, o.DegradedPercent, o.UnhealthyPercent)}
	res.Summary = fmt.Sprintf("%.1f %% of %s used, %s available%s", used, checks.BytesText(total), checks.BytesText(available), note)
	if res.Status != checks.Healthy {
		res.Hint = "See which process grew: ps aux --sort=-rss | head. When nothing is left the kernel kills one."
	}
	res.Facts = []checks.Fact{
		checks.Bytes("total", total), checks.Bytes("available", available),
		checks.Percent("used", used).Judged(o.DegradedPercent, o.UnhealthyPercent), checks.Text("source", source),
	}
	res.Facts = append(res.Facts, swapFacts(ctx, vm)...)
	return res.Measure("memory_usage_mb", float64(total-available)/(1<<20)).
		Measure("vitals_memory_used_percent", used)
}

// swapFacts are left out where the system does not tell. Linux has told
// already, in the same file.
func swapFacts(ctx context.Context, vm *mem.VirtualMemoryStat) []checks.Fact {
	total, free := vm.SwapTotal, vm.SwapFree
	if runtime.GOOS != "linux" {
		swap, err := mem.SwapMemoryWithContext(ctx)
		if err != nil {
			return nil
		}
		total, free = swap.Total, swap.Free
	}
	return []checks.Fact{checks.Bytes("swap_total", int64(total)), checks.Bytes("swap_used", int64(total)-int64(free))}
}
