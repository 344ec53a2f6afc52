package checks

import (
	"fmt"
	"math"
	"time"
)

// BytesText writes a size for people, in decimal units: 45.2 MB.
func BytesText(n int64) string {
	if -1000 < n && n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	const units = "kMGTPE"
	f, unit := float64(n)/1000, 0
	for unit < len(units)-1 && math.Abs(f) >= 999.95 {
		f /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", f, units[unit])
}

// DurationText writes a length of time for people, in one unit: 350 µs,
// 17 ms, 1.3 s, 5 min, 3 h, 12 days.
func DurationText(d time.Duration) string {
	if d < 0 {
		return "-" + DurationText(-d)
	}
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 2*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
