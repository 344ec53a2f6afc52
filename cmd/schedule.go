package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
	"vitals/schedule"
)

func newSchedule(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "schedule",
		Short: "What runs by the clock, and what came of it",
	}, newScheduleList(app), newScheduleNext(app), newScheduleRun(app), newScheduleHistory(app), newScheduleInstall(app))
}

func newScheduleList(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The jobs, when each runs next and how the last run ended", Args: cobra.NoArgs,
		Long: `Lists the jobs of the configuration, and those that history knows because they
were wrapped by 'vitals run' or sent a heartbeat.`,
		RunE: func(c *cobra.Command, _ []string) error { return app.listJobs(c.Context()) },
	}
}

func (a *App) listJobs(ctx context.Context) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		t, err := a.jobTable(ctx, cfg, db)
		if err != nil {
			return err
		}
		if len(t.Rows) == 0 && a.flags.output == "table" && !a.flags.quiet {
			fmt.Fprintln(a.Out, "No jobs: write some under schedule.jobs in the configuration, or wrap one with 'vitals run'.")
			return nil
		}
		return a.printList(t, cfg)
	})
}

// jobTable lists the jobs of the configuration and those that history knows.
func (a *App) jobTable(ctx context.Context, cfg *configs.Config, db *history.DB) (checks.Table, error) {
	now := a.Now()
	t := checks.Table{Name: "jobs", Columns: []checks.Column{
		{Name: "name"}, {Name: "schedule"}, {Name: "runs"}, {Name: "next", Kind: checks.KindTime}, {Name: "last", Kind: checks.KindTime},
		{Name: "outcome"}, {Name: "took", Kind: checks.KindDuration}, {Name: "summary"},
	}}
	states, err := db.Jobs(ctx, now.Add(-jobsSince))
	for _, j := range cfg.Jobs() {
		addJob(&t, j.Name, j.Spec.String(), strings.Join(or2(j.Options.Command, vitalsWords(j.Options.Vitals)), " "), j.Spec.Next(now), states[j.Name])
		delete(states, j.Name)
	}
	for _, name := range sortedNames(states) {
		addJob(&t, name, "", "elsewhere", states[name].DueAt, states[name])
	}
	return t, err
}

func vitalsWords(args []string) []string { return append([]string{"vitals"}, args...) }

func or2(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}

func addJob(t *checks.Table, name, spec, what string, next time.Time, s history.JobState) {
	var nextRun, last, took any
	if !next.IsZero() {
		nextRun = next
	}
	if s.Last.ID != "" {
		last, took = s.Last.StartedAt, s.Last.Duration().Round(time.Millisecond)
	}
	t.Add(name, spec, what, nextRun, last, strings.ReplaceAll(string(s.Last.Outcome), "_", " "), took, s.Last.Summary)
}

func newScheduleNext(app *App) *cobra.Command {
	n := 10
	c := &cobra.Command{
		Use: "next", Short: "When jobs run next, in order", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return app.nextJobs(n) },
	}
	c.Flags().IntVarP(&n, "count", "n", n, "how many")
	return c
}

func (a *App) nextJobs(n int) error {
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	if n < 1 {
		return usageError("", "--count must be 1 or more")
	}
	type tick struct {
		at   time.Time
		name string
	}
	var all []tick
	for _, j := range cfg.Jobs() {
		for at := j.Spec.Next(a.Now()); !at.IsZero() && len(all) < 100_000; at = j.Spec.Next(at) {
			all = append(all, tick{at, j.Name})
			if countIf(all, func(t tick) bool { return t.name == j.Name }) >= n {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(x, y tick) int { return x.at.Compare(y.at) })
	t := checks.Table{Name: "next_runs", Columns: []checks.Column{{Name: "time", Kind: checks.KindTime}, {Name: "in", Kind: checks.KindDuration}, {Name: "job"}}}
	for _, one := range all[:min(n, len(all))] {
		t.Add(one.at, one.at.Sub(a.Now()).Round(time.Second), one.name)
	}
	return a.printList(t, cfg)
}

func countIf[T any](all []T, f func(T) bool) (n int) {
	for _, one := range all {
		if f(one) {
			n++
		}
	}
	return n
}

func newScheduleRun(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "run JOB", Short: "Run a job now", Args: cobra.ExactArgs(1),
		Long:              "Runs a job of the configuration now, whatever its schedule, and records the run. It prints what the job prints; the exit code is 0 when it succeeded.",
		ValidArgsFunction: app.completeJobs,
		RunE:              func(c *cobra.Command, args []string) error { return app.runJob(c.Context(), args[0]) },
	}
}

func (a *App) runJob(ctx context.Context, name string) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		i := slices.IndexFunc(cfg.Jobs(), func(j configs.Job) bool { return j.Name == name })
		if i < 0 {
			return usageError("There are: "+strings.Join(jobNames(cfg), ", ")+".", "no job is called %q", name)
		}
		log, file := a.quietLogger(cfg)
		defer file.Close()
		r := a.newJobRunner(cfg, db, log)
		scheduler, err := r.scheduler(time.Time{})
		if err != nil {
			return err
		}
		run, err := scheduler.RunNow(ctx, cfg.Jobs()[i].Job)
		if err != nil {
			return err
		}
		if !a.flags.quiet {
			fmt.Fprint(a.Out, report.CleanText(run.Output))
		}
		if !cfg.Alerting.Disabled {
			a.alertOnce(context.WithoutCancel(ctx), cfg, db)
		}
		switch run.Outcome {
		case schedule.Succeeded:
			return nil
		case schedule.Skipped:
			return gaveUp("%s was not started: %s", name, run.Summary)
		}
		return &failure{code: 1, err: fmt.Errorf("%s %s: %s", name, strings.ReplaceAll(string(run.Outcome), "_", " "), report.Clean(run.Summary))}
	})
}

func jobNames(cfg *configs.Config) []string {
	var names []string
	for _, j := range cfg.Jobs() {
		names = append(names, j.Name)
	}
	return names
}

func newScheduleHistory(app *App) *cobra.Command {
	var job string
	var since time.Duration
	n := 50
	c := &cobra.Command{
		Use: "history [RUN]", Short: "Past runs, the newest first; one of them with what it printed", Args: cobra.MaximumNArgs(1),
		Example: "  vitals schedule history --job backup --since 30d\n  vitals schedule history 3f2a",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return app.showRun(c.Context(), args[0])
			}
			return app.listRuns(c.Context(), history.RunFilter{Job: job, Most: n, From: app.Now().Add(-or(since, incidentsSince))})
		},
	}
	c.Flags().StringVar(&job, "job", "", "only this job")
	c.Flags().Var((*durationFlag)(&since), "since", "how far back to go (default 30d)")
	c.Flags().IntVarP(&n, "limit", "n", n, "how many at most")
	_ = c.RegisterFlagCompletionFunc("job", app.completeJobs)
	return c
}

func (a *App) listRuns(ctx context.Context, f history.RunFilter) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		all, err := db.Runs(ctx, f)
		if err != nil {
			return err
		}
		short := a.flags.output == "table"
		if len(all) == 0 && short && !a.flags.quiet {
			fmt.Fprintln(a.Out, "No runs.")
			return nil
		}
		t := checks.Table{Name: "runs", Columns: []checks.Column{
			{Name: "id"}, {Name: "job"}, {Name: "scheduled", Kind: checks.KindTime}, {Name: "started", Kind: checks.KindTime}, {Name: "took", Kind: checks.KindDuration},
			{Name: "outcome"}, {Name: "exit_code", Kind: checks.KindInteger}, {Name: "summary"}, {Name: "by"},
		}}
		for _, r := range all {
			id := r.ID
			if short {
				id = shortID(id)
			}
			t.Add(id, r.Job, r.ScheduledAt, r.StartedAt, r.Duration().Round(time.Millisecond), strings.ReplaceAll(string(r.Outcome), "_", " "), exitCodeOf(r), r.Summary, r.By)
		}
		return a.printList(t, cfg)
	})
}

func exitCodeOf(r schedule.Run) any {
	if r.ExitCode == nil {
		return nil
	}
	return int64(*r.ExitCode)
}

func (a *App) showRun(ctx context.Context, id string) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		r, found, err := db.Run(ctx, id)
		if err != nil {
			return err
		}
		if !found {
			return usageError("See 'vitals schedule history' for the ids.", "no run has the id %q", id)
		}
		result := checks.Result{
			Check: "job." + r.Job, Status: r.Outcome.Status(), Started: r.StartedAt, Duration: r.Duration(),
			Summary: strings.TrimSuffix(strings.ReplaceAll(string(r.Outcome), "_", " ")+": "+r.Summary, ": "),
		}
		result = result.Add(checks.Text("id", r.ID), checks.Time("scheduled", r.ScheduledAt), checks.Text("by", r.By))
		if r.ExitCode != nil {
			result = result.Add(checks.Int("exit_code", int64(*r.ExitCode)))
		}
		output := checks.Table{Name: "output", Columns: []checks.Column{{Name: "line"}}}
		for line := range strings.Lines(r.Output) {
			output.Add(strings.TrimRight(line, "\r\n"))
		}
		result.Tables = []checks.Table{output}
		view := a.view(cfg)
		view.Verbose = true
		return a.printDocument(f, report.NewDocument([]checks.Result{result}, a.Now(), 0), view)
	})
}

func (a *App) completeJobs(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.Config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return jobNames(cfg), cobra.ShellCompDirectiveNoFileComp
}
