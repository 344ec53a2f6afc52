package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks is how many times a second Linux counts processor time (USER_HZ); it
// is the same on every architecture Vitals is built for.
const ticks = 100

// readCPUTimes reads the first lines of /proc/stat. Time given to guests is
// inside user time already; interrupts count as system time.
func readCPUTimes(_ context.Context, root string) (cpuTimes, error) {
	text, err := os.ReadFile(root + "/proc/stat")
	if err != nil {
		return cpuTimes{}, err
	}
	var t cpuTimes
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "cpu") {
			break
		}
		if !strings.HasPrefix(line, "cpu ") {
			t.cores++
			continue
		}
		n, err := numbers(strings.Fields(line)[1:])
		if err != nil || len(n) < 8 {
			return cpuTimes{}, fmt.Errorf("/proc/stat cannot be understood: %q", strings.TrimSpace(line))
		}
		t.user, t.system, t.idle = (n[0]+n[1])/ticks, (n[2]+n[5]+n[6])/ticks, n[3]/ticks
		t.iowait, t.steal = n[4]/ticks, n[7]/ticks
	}
	if t.cores == 0 {
		return cpuTimes{}, errors.New("/proc/stat lists no processor")
	}
	return t, nil
}

func numbers(words []string) ([]float64, error) {
	all := make([]float64, len(words))
	for i, w := range words {
		n, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return nil, err
		}
		all[i] = n
	}
	return all, nil
}
