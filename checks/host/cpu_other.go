//go:build !linux

package host

import (
	"context"
	"errors"
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
)

func readCPUTimes(ctx context.Context, _ string) (cpuTimes, error) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return cpuTimes{}, err
	}
	if len(all) == 0 {
		return cpuTimes{}, errors.New("the system lists no processor")
	}
	t := all[0]
	return cpuTimes{
		user: t.User + t.Nice, system: t.System + t.Irq + t.Softirq, idle: t.Idle,
		iowait: t.Iowait, steal: t.Steal, cores: runtime.NumCPU(),
	}, nil
}
