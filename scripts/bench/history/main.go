// Command history measures what a history takes on the disk and how quickly it
// is written and read, and prints Markdown.
//
//	go run ./scripts/bench/history year              a year of 50 checks a minute
//	go run ./scripts/bench/history -for 5m rate      10,000 samples a second
//
// It ends with 1 when a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"vitals/checks"
	"vitals/internal/history"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errMissed = errors.New("a target was missed")

func run(args []string) error {
	flags := flag.NewFlagSet("history", flag.ExitOnError)
	length := flags.Duration("for", 5*time.Minute, "rate: how long")
	days := flags.Int("days", 365, "year: how many days")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "vitals-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "history.db")
	switch flags.Arg(0) {
	case "year":
		return year(path, *days)
	case "rate":
		return rate(path, *length)
	}
	return errors.New("what? year or rate")
}

// results are what 50 checks find at one moment: each gives its three samples
// and two of its own, as those of Vitals do on average.
func results(at time.Time, checksAMinute int) []checks.Result {
	all := make([]checks.Result, checksAMinute)
	for i := range all {
		r := checks.OK("answers").Measure("bench_level", 50+40*math.Sin(float64(at.Unix())/9000+float64(i)), "unit", fmt.Sprint(i)).
			Measure("bench_work_total", float64(at.Unix()%1e7)*float64(i+1), "unit", fmt.Sprint(i))
		r.Check, r.Started, r.Duration = fmt.Sprintf("probe.unit%d", i), at.Add(-time.Duration(i%50)*time.Millisecond), time.Duration(rand.IntN(20_000))*time.Microsecond
		if rand.IntN(1000) == 0 {
			r.Status, r.Summary = checks.Unhealthy, "127.0.0.1:8000 refuses connections: nothing listens there"
		}
		all[i] = r
	}
	return all
}

// year records the minutes of a year, with a clock of its own, and prunes as a
// daemon does.
func year(path string, days int) error {
	ctx := context.Background()
	began := time.Now()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := start
	db, err := history.Open(ctx, history.Options{
		Path: path, RawRetention: 14 * 24 * time.Hour, Retention: 400 * 24 * time.Hour, MaxSize: 1 << 30, Now: func() time.Time { return clock },
	})
	if err != nil {
		return err
	}
	defer db.Close()
	largest := int64(0)
	for hour := range days * 24 {
		var batch []checks.Result
		for minute := range 60 {
			batch = append(batch, results(start.Add(time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute), 50)...)
		}
		clock = start.Add(time.Duration(hour+1) * time.Hour)
		if err := db.Record(ctx, batch); err != nil {
			return err
		}
		if hour%6 == 5 {
			if err := db.Prune(ctx); err != nil {
				return err
			}
			size, err := db.Size(ctx)
			if err != nil {
				return err
			}
			largest = max(largest, size)
		}
		if hour%720 == 719 {
			fmt.Fprintf(os.Stderr, "day %d: %d MiB, after %s\n", hour/24+1, largest>>20, time.Since(began).Round(time.Second))
		}
	}
	met := "yes"
	if largest >= 1<<30 {
		met = "**no**"
	}
	fmt.Printf("| %d days of 50 checks a minute, largest file | %d MiB | below 1024 MiB | %s |\n", days, largest>>20, met)
	engine := history.NewEngine(db, history.EngineOptions{})
	for _, q := range []struct {
		what, expr string
		span, step time.Duration
	}{
		{"chart of a day", "bench_level{unit=\"7\"}", 24 * time.Hour, 5 * time.Minute},
		{"chart of 30 days", "bench_level{unit=\"7\"}", 30 * 24 * time.Hour, time.Hour},
		{"chart of the whole time", "avg_over_time(bench_level{unit=\"7\"}[1d])", time.Duration(days) * 24 * time.Hour, 24 * time.Hour},
		{"failures of all 50 checks by day, whole time", "sum(sum_over_time(vitals_check_failed[1d]))", time.Duration(days-1) * 24 * time.Hour, 24 * time.Hour},
	} {
		asked := time.Now()
		answer, err := engine.Range(ctx, q.expr, clock.Add(-q.span), clock, q.step)
		if err != nil {
			fmt.Printf("| %s | %v | | |\n", q.what, err)
			continue
		}
		points := 0
		for _, l := range answer.Matrix {
			points += len(l.Values)
		}
		fmt.Printf("| %s: `%s` | %s for %d points | | |\n", q.what, q.expr, time.Since(asked).Round(time.Millisecond), points)
	}
	if met != "yes" {
		return errMissed
	}
	return nil
}

// rate records 10,000 samples each second and tells what they took.
func rate(path string, length time.Duration) error {
	ctx := context.Background()
	db, err := history.Open(ctx, history.Options{Path: path})
	if err != nil {
		return err
	}
	defer db.Close()
	const perSecond = 10_000
	if err := db.Record(ctx, results(time.Now().Add(-time.Hour), perSecond/5)); err != nil {
		return err
	}
	before, err := db.Size(ctx)
	if err != nil {
		return err
	}
	began, busy, late, recorded := time.Now(), time.Duration(0), 0, 0
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for time.Since(began) < length {
		asked := time.Now()
		batch := results(asked, perSecond/5)
		if err := db.Record(ctx, batch); err != nil {
			return err
		}
		took := time.Since(asked)
		busy, recorded = busy+took, recorded+perSecond
		if took > time.Second {
			late++
		}
		<-tick.C
	}
	after, err := db.Size(ctx)
	if err != nil {
		return err
	}
	bytes := float64(after-before) / float64(recorded)
	answer, err := history.NewEngine(db, history.EngineOptions{}).Instant(ctx, "sum(count_over_time(bench_level[1d]))", time.Now())
	if err != nil || len(answer.Vector) != 1 {
		return fmt.Errorf("what was recorded cannot be counted: %w", err)
	}
	kept := int(answer.Vector[0].Value.Value)*5 - perSecond // without those from before
	met := "yes"
	if bytes >= 40 || kept < recorded || late > 0 {
		met = "**no**"
	}
	fmt.Printf("| %d samples a second for %s | %d recorded, %d lost, %d seconds late; %.0f %% of the time | none lost | %s |\n",
		perSecond, length, recorded, max(0, recorded-kept), late, 100*busy.Seconds()/time.Since(began).Seconds(), met)
	fmt.Printf("| the file grows, results and all | by %.1f bytes a sample | below 40 | %s |\n", bytes, met)
	if met != "yes" {
		return errMissed
	}
	return nil
}
