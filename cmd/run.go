package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/schedule"
)

type runOptions struct {
	name                        string
	every, slack, most, timeout time.Duration
}

func newRun(app *App) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run --name NAME -- COMMAND [ARGUMENT ...]",
		Short: "Wrap a cron job: record when it ran, how it ended and what it said",
		Long: `Runs a command and records its start, end, exit code and the end of its output. A
rule fires when it fails, when it takes longer than --max-duration, and when it
does not succeed every so often as --every says.

The exit code is the command's own. Standard input, output and error are passed
through. Where history cannot be used the command runs all the same. A job that
is still running is not started a second time: then the exit code is 75.`,
		Example: `  vitals run --name backup --every 24h --max-duration 1h -- /usr/local/bin/backup --all
  0 3 * * *  vitals run --name backup --every 24h -- /usr/local/bin/backup`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return app.runWrapped(c.Context(), o, args) },
	}
	f := c.Flags()
	f.SetInterspersed(false) // the command's own flags are its own
	f.StringVar(&o.name, "name", "", "what the job is called")
	f.Var((*durationFlag)(&o.every), "every", "how often it is expected to succeed, such as 24h")
	f.Var((*durationFlag)(&o.slack), "slack", "how much later than expected it may succeed (default: a tenth, at least 5m)")
	f.Var((*durationFlag)(&o.most), "max-duration", "how long it may take before somebody is told")
	f.Var((*durationFlag)(&o.timeout), "kill-after", "stop it after this time")
	return c
}

// runWrapped runs `vitals run`.
func (a *App) runWrapped(ctx context.Context, o runOptions, args []string) error {
	if o.name == "" {
		return usageError("Such as: vitals run --name backup -- "+args[0]+".", "--name is missing: say what the job is called")
	}
	job := schedule.Job{Name: o.name, Every: o.every, Slack: o.slack, Most: o.most, Timeout: o.timeout}
	p := program{args: args, dir: a.Dir, env: a.Env, in: a.In, out: a.Out, err: a.Err}
	cfg, err := a.Config()
	if err != nil {
		// A mistake in the configuration must not be the reason why there is no
		// backup.
		a.complain(err)
		return endedAs(p.unrecorded(ctx, o.timeout))
	}
	db, err := a.openQuietly(ctx, cfg)
	if err != nil {
		fmt.Fprintf(a.Err, "vitals: warning: this run is not recorded: %s%s\n", err, hintOf(err))
	}
	if db == nil {
		return endedAs(p.unrecorded(ctx, o.timeout))
	}
	defer db.Close() // what was kept is kept
	return a.runRecorded(ctx, cfg, db, job, p)
}

// openQuietly opens the history for what goes on without it; nil when nothing
// is to be kept.
func (a *App) openQuietly(ctx context.Context, cfg *configs.Config) (*history.DB, error) {
	if a.flags.noRecord || cfg.History.Disabled {
		return nil, nil
	}
	return history.Open(ctx, historyOptions(cfg, recordPatience))
}

func (p program) unrecorded(ctx context.Context, timeout time.Duration) schedule.Ending {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return p.run(ctx)
}

func (a *App) runRecorded(ctx context.Context, cfg *configs.Config, db *history.DB, job schedule.Job, p program) error {
	redactor := checks.NewRedactor(cfg.Secrets()...)
	began := false
	scheduler, err := schedule.New(schedule.Options{
		Store: db, By: processName(), Now: a.Now,
		Do: func(ctx context.Context, _ schedule.Job, _ schedule.Run) schedule.Ending {
			began = true
			e := p.run(ctx)
			e.Output, e.Summary = redactor.Redact(e.Output), redactor.Redact(e.Summary)
			return e
		},
	})
	if err != nil {
		return err
	}
	run, err := scheduler.RunNow(ctx, job)
	if err != nil && !began {
		fmt.Fprintf(a.Err, "vitals: warning: this run is not recorded: %s%s\n", err, hintOf(err))
		return endedAs(p.unrecorded(ctx, job.Timeout))
	}
	if run.Outcome == schedule.Skipped {
		return gaveUp("%s was not started: %s", job.Name, run.Summary)
	}
	a.alertOnce(context.WithoutCancel(ctx), cfg, db)
	return endedAs(schedule.Ending{Outcome: run.Outcome, ExitCode: run.ExitCode, Summary: run.Summary})
}

// endedAs ends Vitals as the command ended.
func endedAs(e schedule.Ending) error {
	switch {
	case e.Outcome == schedule.Succeeded:
		return nil
	case e.ExitCode != nil && *e.ExitCode > 0 && e.Outcome == schedule.Failed && *e.ExitCode != exitNotFound && *e.ExitCode != exitNotExecutable:
		return &failure{code: *e.ExitCode}
	case e.ExitCode != nil && *e.ExitCode > 0:
		return &failure{code: *e.ExitCode, err: fmt.Errorf("%s", e.Summary)}
	}
	return &failure{code: 1, err: fmt.Errorf("the command %s", or(e.Summary, "was stopped"))}
}
