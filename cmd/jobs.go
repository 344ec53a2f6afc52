package cmd

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/schedule"
)

// jobRunner runs the jobs of a configuration.
type jobRunner struct {
	app      *App
	cfg      *configs.Config
	db       *history.DB
	log      *slog.Logger
	redactor checks.Redactor
}

func (a *App) newJobRunner(cfg *configs.Config, db *history.DB, log *slog.Logger) *jobRunner {
	return &jobRunner{app: a, cfg: cfg, db: db, log: log, redactor: checks.NewRedactor(cfg.Secrets()...)}
}

// scheduler makes the scheduler of the jobs. Scheduled times up to from are
// left alone; zero leaves none.
func (r *jobRunner) scheduler(from time.Time) (*schedule.Scheduler, error) {
	var jobs []schedule.Job
	for _, j := range r.cfg.Jobs() {
		jobs = append(jobs, j.Job)
	}
	return schedule.New(schedule.Options{Jobs: jobs, Store: r.db, Do: r.do, By: processName(), From: from, Now: r.app.Now, Log: r.log, Ended: r.ended})
}

// do runs one job.
func (r *jobRunner) do(ctx context.Context, job schedule.Job, run schedule.Run) schedule.Ending {
	all := r.cfg.Jobs()
	i := slices.IndexFunc(all, func(j configs.Job) bool { return j.Name == job.Name })
	if i < 0 {
		return schedule.Ending{Outcome: schedule.Failed, Summary: "is not in the configuration any more"}
	}
	o := all[i].Options
	var e schedule.Ending
	if len(o.Vitals) > 0 {
		e = r.vitals(ctx, o.Vitals)
	} else {
		e = program{args: o.Command, dir: r.app.Dir, env: r.app.Env}.run(ctx)
	}
	e.Output, e.Summary = r.redactor.Redact(e.Output), r.redactor.Redact(e.Summary)
	r.send(ctx, all[i], run, e)
	return e
}

// vitals runs a command of Vitals in this process, as if it had been typed.
func (r *jobRunner) vitals(ctx context.Context, args []string) schedule.Ending {
	var out bytes.Buffer
	app := &App{
		In: strings.NewReader(""), Out: &out, Err: &out, Args: args, Env: r.app.Env, Dir: r.app.Dir, Home: r.app.Home, Now: r.app.Now,
		OutWidth: func() int { return 0 },
	}
	app.flags = globalFlags{}
	if r.app.flags.config != "" {
		app.Args = append(slices.Clone(args), "--config", r.app.flags.config)
	}
	if r.app.flags.dataDir != "" {
		app.Args = append(slices.Clone(app.Args), "--data-dir", r.app.flags.dataDir)
	}
	code := MainContext(ctx, app)
	e := schedule.Ending{Outcome: schedule.Succeeded, ExitCode: &code, Output: out.String(), Summary: firstLine(out.String())}
	if code > exitUnknown { // up to there it is what was found, and not a fault
		e.Outcome = schedule.Failed
	}
	if ctx.Err() != nil {
		e.Outcome, e.Summary = schedule.TimedOut, ""
	}
	return e
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return lastLine(line)
}

// send tells the job's channels what it printed.
func (r *jobRunner) send(ctx context.Context, job configs.Job, run schedule.Run, e schedule.Ending) {
	if len(job.Options.Channels) == 0 {
		return
	}
	m := alerting.Message{
		Group: "job-" + job.Name, Kind: alerting.TellInfo, Severity: "info", Title: job.Name + ": " + or(e.Summary, string(e.Outcome)), Text: e.Output,
		Labels: map[string]string{"job": job.Name}, At: r.app.Now(), StartedAt: run.StartedAt,
	}
	var notices []alerting.Notice
	for _, channel := range job.Options.Channels {
		m.Key = fmt.Sprintf("job-%s-%d-%s", job.Name, run.ScheduledAt.UnixMilli(), channel)
		notices = append(notices, alerting.Notice{Channel: channel, Topic: m.Group, Message: m})
	}
	if err := r.db.Enqueue(context.WithoutCancel(ctx), notices...); err != nil {
		r.log.Error("what a job printed could not be sent", "job", job.Name, "error", err)
	}
}

// ended writes a run's end into the log.
func (r *jobRunner) ended(run schedule.Run) {
	level := slog.LevelInfo
	if run.Outcome != schedule.Succeeded {
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, "job "+string(run.Outcome), "job", run.Job, "run", run.ID, "took", run.Duration().Round(time.Millisecond), "summary", run.Summary)
}

// jobsSince is how far back a job must have run to be looked after: one that
// was given up must not be called late for ever.
const jobsSince = 40 * 24 * time.Hour

// jobResult is what the runs of jobs say, as a check's answer: its samples are
// what the rules about jobs look at. Jobs that were taken out of the configuration
// are left out. False when there are no jobs.
func jobResult(states map[string]history.JobState, jobs []configs.Job, now time.Time) (checks.Result, bool) {
	maps.DeleteFunc(states, func(name string, s history.JobState) bool {
		return s.Last.ByClock && !slices.ContainsFunc(jobs, func(j configs.Job) bool { return j.Name == name })
	})
	if len(states) == 0 {
		return checks.Result{}, false
	}
	r := checks.OK("")
	r.Check, r.Started = "jobs", now
	v := checks.Verdict{}
	for _, name := range sortedNames(states) {
		s := states[name]
		r = jobSamples(r, name, s, now)
		switch {
		case s.Last.Outcome.Status() == checks.Unhealthy:
			v.Add(checks.Degraded, "See 'vitals schedule history --job "+name+"'.", "%s %s", name, strings.ReplaceAll(string(s.Last.Outcome), "_", " "))
		case !s.DueAt.IsZero() && now.After(s.DueAt):
			v.Add(checks.Degraded, "See 'vitals schedule history --job "+name+"'.", "%s is late by %s", name, checks.DurationText(now.Sub(s.DueAt)))
		}
	}
	r.Status, r.Hint, r.Summary = v.Status, v.Hint, fmt.Sprintf("%s: %s", countOf(len(states), "job"), or(v.Text(), "all ran as they should"))
	return r, true
}

func jobSamples(r checks.Result, name string, s history.JobState, now time.Time) checks.Result {
	if !s.LastSuccess.IsZero() {
		r = r.Measure("vitals_job_last_success_timestamp_seconds", float64(s.LastSuccess.UnixMilli())/1000, "name", name)
	}
	if !s.DueAt.IsZero() {
		r = r.Measure("vitals_job_due_timestamp_seconds", float64(s.DueAt.UnixMilli())/1000, "name", name)
	}
	failed, took := 0.0, s.Last.Duration()
	if s.Last.Outcome.Status() == checks.Unhealthy {
		failed = 1
	}
	if s.Last.Outcome == schedule.Running {
		took = now.Sub(s.Last.StartedAt)
	} else {
		r = r.Measure("vitals_job_failed", failed, "name", name)
	}
	r = r.Measure("vitals_job_duration_seconds", took.Seconds(), "name", name)
	if s.Last.Most > 0 {
		r = r.Measure("vitals_job_max_duration_seconds", s.Last.Most.Seconds(), "name", name)
	}
	return r
}

func sortedNames(states map[string]history.JobState) []string {
	var names []string
	for name := range states {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// heartbeat keeps what something says of itself that cannot be wrapped: that it
// has begun (running), or how it ended. What ends joins what had begun.
func (a *App) heartbeat(ctx context.Context, db *history.DB, job schedule.Job, outcome schedule.Outcome, summary string) error {
	now := a.Now().Truncate(time.Millisecond)
	run := schedule.Run{
		ID: uuid.NewString(), Job: job.Name, ScheduledAt: now, StartedAt: now, By: "heartbeat", Outcome: outcome, Summary: summary,
		DueAt: job.DueAfter(now), Most: job.Most,
	}
	last, err := db.Runs(ctx, history.RunFilter{Job: job.Name, Most: 1})
	if err != nil {
		return err
	}
	if outcome != schedule.Running {
		run.EndedAt = now
		if len(last) > 0 && last[0].Outcome == schedule.Running && last[0].By == run.By {
			run.ID, run.ScheduledAt, run.StartedAt = last[0].ID, last[0].ScheduledAt, last[0].StartedAt
		}
	}
	return db.AddRun(ctx, run, heartbeatLease)
}

// heartbeatLease is how long something that said it had begun may be silent
// before it counts as lost.
const heartbeatLease = 24 * time.Hour
