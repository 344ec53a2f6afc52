package cmd

import (
	"context"
	"fmt"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

// recordPatience is how long a command run by hand or by cron waits for a
// history that others are writing to. The answer is what the command is for;
// keeping it comes second.
const recordPatience = 2 * time.Second

// recorder keeps what a command found. It opens the history while the checks
// run, and a history that cannot be used costs one warning, never the answer.
type recorder struct {
	app    *App
	opened chan struct{}
	db     *history.DB
	err    error
}

// startRecorder begins to open the history; nil when nothing is to be kept.
func (a *App) startRecorder(ctx context.Context, cfg *configs.Config) *recorder {
	if a.flags.noRecord || cfg.History.Disabled {
		return nil
	}
	r := &recorder{app: a, opened: make(chan struct{})}
	go func() {
		defer close(r.opened)
		r.db, r.err = history.Open(ctx, historyOptions(cfg, recordPatience))
	}()
	return r
}

func historyOptions(cfg *configs.Config, patience time.Duration) history.Options {
	return history.Options{
		Path: cfg.HistoryPath(), Retention: cfg.History.Retention,
		MaxSize: cfg.History.MaxSize, BusyTimeout: patience,
	}
}

// keep records results and says on standard error if it could not.
func (r *recorder) keep(ctx context.Context, results []checks.Result) {
	if r == nil {
		return
	}
	<-r.opened
	if r.err == nil {
		r.err = r.db.Record(ctx, results)
	}
	if r.err != nil {
		fmt.Fprintf(r.app.Err, "vitals: warning: this run was not kept in history: %s\n", r.err)
	}
}

// trend returns the last results of each check, or nil where the history does
// not answer: a sparkline is not worth a second warning.
func (r *recorder) trend(ctx context.Context, results []checks.Result) map[string][]report.Point {
	if r == nil || r.err != nil {
		return nil
	}
	names := make([]string, len(results))
	for i := range results {
		names[i] = results[i].Check
	}
	recent, err := r.db.Recent(ctx, trendLength, names...)
	if err != nil {
		return nil
	}
	trend := make(map[string][]report.Point, len(recent))
	for name, points := range recent {
		for _, p := range points {
			trend[name] = append(trend[name], report.Point{Time: p.Time, Status: p.Status, Duration: p.Duration})
		}
	}
	return trend
}

func (r *recorder) close() {
	if r == nil {
		return
	}
	<-r.opened
	if r.db != nil {
		_ = r.db.Close() // what was kept is kept; closing only tidies up
	}
}
