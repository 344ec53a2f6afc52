package configs_test

import (
	"testing"
	"time"

	"vitals/configs"
)

func TestDurations(t *testing.T) {
	day := 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "500ms": 500 * time.Millisecond, "30s": 30 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute,
		"30d": 30 * day, "2w": 14 * day, "1.5d": 36 * time.Hour, "1d12h": 36 * time.Hour, "1.5h": 90 * time.Minute, " 3s ": 3 * time.Second,
		"1h 30m": 90 * time.Minute, "100us": 100 * time.Microsecond, "100µs": 100 * time.Microsecond, "7ns": 7, "-3s": -3 * time.Second,
	} {
		if got, err := configs.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"5":      `"5" has no unit: write 5s`,
		"-5":     `"-5" has no unit: write -5s`,
		"0.5":    `"0.5" has no unit: write 0.5s`,
		"":       "expected a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w",
		"s":      `"s" is not a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w`,
		"5x":     `"5x" is not a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w`,
		"5s5":    `"5s5" is not a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w`,
		"1.2.3s": `"1.2.3s" is not a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w`,
		"9e9w":   `"9e9w" is not a duration such as 500ms, 30s, 5m, 1h30m, 30d or 2w`,
		"99999w": `"99999w" is too long: the longest is about 292 years`,
	} {
		if _, err := configs.ParseDuration(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestDurationsAreWrittenAsTheyAreRead(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 30 * time.Second: "30s", 90 * time.Minute: "1h30m", 30 * 24 * time.Hour: "30d", 36 * time.Hour: "1d12h",
		500 * time.Millisecond: "500ms", 1500 * time.Millisecond: "1.5s", -5 * time.Second: "-5s", 61 * time.Second: "1m1s",
		24*time.Hour + time.Second: "1d1s",
	} {
		got := configs.FormatDuration(d)
		if got != want {
			t.Errorf("%d ns is written %s, want %s", d, got, want)
		}
		if back, err := configs.ParseDuration(got); err != nil || back != d {
			t.Errorf("%s is read as %s, %v; want %s", got, back, err, d)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "10B": 10, "10kB": 10_000, "10KB": 10_000, "10KiB": 10_240, "10MB": 10_000_000, "10MiB": 10 << 20, "1.5GB": 1_500_000_000,
		"2GiB": 2 << 30, "1TB": 1e12, "1TiB": 1 << 40, "10 MB": 10_000_000, "10mb": 10_000_000,
	} {
		got, err := configs.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
		if back, err := configs.ParseSize(configs.FormatSize(got)); err != nil || back != got {
			t.Errorf("%d is written %s and read as %d, %v", got, configs.FormatSize(got), back, err)
		}
	}
	for text, want := range map[string]string{
		"10":   `"10" has no unit: write 10MB, or 10B for bytes`,
		"":     "expected a size such as 500kB, 10MB, 10MiB or 2GB",
		"-1MB": `"-1MB": a size is not negative`,
		"10M":  `"10M" is not a size such as 500kB, 10MB, 10MiB or 2GB`,
		"MB":   `"MB" is not a size such as 500kB, 10MB, 10MiB or 2GB`,
	} {
		if _, err := configs.ParseSize(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
