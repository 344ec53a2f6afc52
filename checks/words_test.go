package checks

import (
	"math"
	"testing"
	"time"
)

func TestWordsForPeople(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", -1000: "-1.0 kB", 45_200_000: "45.2 MB",
		999_949: "999.9 kB", 999_950: "1.0 MB", math.MaxInt64: "9.2 EB", math.MinInt64: "-9.2 EB",
	} {
		if got := BytesText(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 µs", 350 * time.Microsecond: "350 µs", 17 * time.Millisecond: "17 ms", 1300 * time.Millisecond: "1.3 s",
		999_900 * time.Microsecond: "1.0 s", -time.Second: "-1.0 s", 5 * time.Minute: "5 min", 3 * time.Hour: "3 h", 300 * time.Hour: "12 days",
	} {
		if got := DurationText(d); got != want {
			t.Errorf("%d ns are %q, want %q", d, got, want)
		}
	}
}
