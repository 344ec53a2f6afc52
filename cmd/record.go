package cmd

import (
	"context"
	"errors"
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
		o := historyOptions(cfg, recordPatience)
		o.Warn = func(sentence string) { fmt.Fprintf(a.Err, "vitals: warning: %s\n", sentence) }
		r.db, r.err = history.Open(ctx, o)
		if r.err == nil && !cfg.Alerting.Disabled {
			r.db.Warm(ctx) // the checks still run; the rules are next
		}
	}()
	return r
}

func historyOptions(cfg *configs.Config, patience time.Duration) history.Options {
	return history.Options{
		Path: cfg.HistoryPath(), URL: cfg.History.URL.Reveal(), Retention: cfg.History.Retention, RawRetention: cfg.History.RawRetention,
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
		fmt.Fprintf(r.app.Err, "vitals: warning: this run was not kept in history: %s%s\n", r.err, hintOf(r.err))
	}
}

// alert evaluates the rules over what was kept, once the answer has been given.
func (r *recorder) alert(ctx context.Context, cfg *configs.Config) {
	if r == nil || r.err != nil {
		return
	}
	r.app.alertOnce(ctx, cfg, r.db)
}

// hintOf is what to do about a history that cannot be used, as a further
// sentence; "" where there is nothing to say.
func hintOf(err error) string {
	var e *history.Error
	if errors.As(err, &e) && e.Hint != "" {
		return ". " + e.Hint
	}
	return ""
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
	if r.db == nil {
		return
	}
	if r.db.PruneDue() {
		// Where only cron runs Vitals, nobody else removes what is too old.
		// The answer has been given; a second more is not noticed.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.db.Prune(ctx) // the next run goes on where this one stopped
	}
	_ = r.db.Close() // what was kept is kept; closing only tidies up
}
