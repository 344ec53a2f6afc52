package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/schedule"
)

// responder does by itself what the configuration says about open incidents.
// Each response happens once for each incident, whichever process is first.
type responder struct {
	app    *App
	cfg    *configs.Config
	db     *history.DB
	policy alerting.Policy
	log    *slog.Logger
	dryRun bool // for all of them
	// retest lets go of a check's connections and asks it again; false when there
	// is no such check.
	retest func(ctx context.Context, check string) (checks.Result, bool)
}

// newResponder makes the responder of a process that has no checks running.
func (a *App) newResponder(cfg *configs.Config, db *history.DB, log *slog.Logger) *responder {
	return &responder{app: a, cfg: cfg, db: db, policy: a.alertPolicy(cfg), log: log, retest: func(ctx context.Context, name string) (checks.Result, bool) {
		list := exactly(cfg.Checks(), name)
		if len(list) == 0 {
			return checks.Result{}, false
		}
		defer closeChecks(list)
		return a.runner(cfg).Run(ctx, list)[0], true
	}}
}

// run gives every response that is due, one after the other. It tells whether
// it did anything.
func (r *responder) run(ctx context.Context) (acted bool, err error) {
	open, err := r.db.Incidents(ctx, history.IncidentFilter{OpenOnly: true})
	if err != nil {
		return false, err
	}
	for _, i := range open {
		for _, o := range r.cfg.Responses() {
			if o.Incident != i.Type || ctx.Err() != nil {
				continue
			}
			did, err := r.one(ctx, o, i)
			if err != nil {
				return acted, err
			}
			acted = acted || did
		}
	}
	return acted, nil
}

// one claims the run of a response to an incident, and does it when it is
// granted.
func (r *responder) one(ctx context.Context, o configs.ResponseOptions, i alerting.Incident) (bool, error) {
	last, err := r.db.LastResponse(ctx, o.Name)
	if err != nil {
		return false, err
	}
	at := i.OpenedAt
	if i.ReopenedAt.After(at) {
		at = i.ReopenedAt
	}
	now := r.app.Now()
	run := schedule.Run{ID: uuid.NewString(), Job: history.ResponseJob(o.Name, i.ID), ScheduledAt: at, StartedAt: now, By: processName(), Outcome: schedule.Running}
	run, mine, err := r.db.Claim(ctx, run, o.Wait+o.Timeout+time.Minute)
	if err != nil || !mine {
		return false, err
	}
	cooling := o.Cooldown > 0 && !last.IsZero() && now.Sub(last) < o.Cooldown
	switch {
	case r.dryRun || o.DryRun:
		run.Outcome, run.Summary = schedule.Skipped, "dry run: would "+describe(o, i)
	case cooling:
		run.Outcome, run.Summary = schedule.Skipped, fmt.Sprintf("was not run: it ran %s ago, and has a cool-down of %s", checks.DurationText(now.Sub(last)), checks.DurationText(o.Cooldown))
	default:
		run = r.do(ctx, o, i, run)
	}
	run.EndedAt = r.app.Now()
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeperPatience)
	defer cancel()
	r.log.Info("response", "response", o.Name, "incident", i.ID, "outcome", string(run.Outcome), "summary", run.Summary)
	if err := r.write(keep, i, alerting.EntryResponseEnded, fmt.Sprintf("%s %s", o.Name, run.Summary), run); err != nil {
		return true, err
	}
	return true, r.db.Finish(keep, run)
}

// describe says what a response does, continuing a sentence.
func describe(o configs.ResponseOptions, i alerting.Incident) string {
	var parts []string
	if len(o.Command) > 0 {
		parts = append(parts, "run "+strings.Join(o.Command, " "))
	}
	if len(o.Channels) > 0 {
		parts = append(parts, "tell "+strings.Join(o.Channels, ", "))
	}
	if o.Retest {
		parts = append(parts, fmt.Sprintf("close the connections of %s, wait %s and ask it again", checkOf(o, i), checks.DurationText(o.Wait)))
	}
	return strings.Join(parts, ", then ")
}

// checkOf is the check that a response asks again.
func checkOf(o configs.ResponseOptions, i alerting.Incident) string {
	return or(o.Check, i.Labels["check"])
}

// do gives a response and returns its run as it ended.
func (r *responder) do(ctx context.Context, o configs.ResponseOptions, i alerting.Incident, run schedule.Run) schedule.Run {
	if err := r.write(ctx, i, alerting.EntryResponseStarted, o.Name+" begins: "+describe(o, i), run); err != nil {
		run.Outcome, run.Summary = schedule.Failed, "could not be recorded: "+err.Error()
		return run
	}
	ctx, cancel := context.WithTimeout(ctx, o.Wait+o.Timeout)
	defer cancel()
	run.Outcome = schedule.Succeeded
	var said []string
	if len(o.Command) > 0 {
		e := program{args: o.Command, dir: r.app.Dir, env: append(r.app.Env, incidentEnv(i)...)}.run(ctx)
		redactor := checks.NewRedactor(r.cfg.Secrets()...)
		run.Outcome, run.ExitCode, run.Output = e.Outcome, e.ExitCode, redactor.Redact(e.Output)
		said = append(said, commandText(o, e, redactor))
	}
	if len(o.Channels) > 0 {
		said = append(said, r.tell(ctx, o, i))
	}
	if o.Retest && run.Outcome == schedule.Succeeded {
		text, well := r.again(ctx, o, i)
		said = append(said, text)
		if !well {
			run.Outcome = schedule.Failed
		}
	}
	run.Summary = strings.Join(said, "; ")
	return run
}

func commandText(o configs.ResponseOptions, e schedule.Ending, redactor checks.Redactor) string {
	switch e.Outcome {
	case schedule.Succeeded:
		return "ran " + o.Command[0] + ", which succeeded"
	case schedule.TimedOut:
		return "ran " + o.Command[0] + ", which was stopped after " + checks.DurationText(o.Timeout)
	}
	return "ran " + o.Command[0] + ", which " + redactor.Redact(or(e.Summary, "failed"))
}

// incidentEnv tells a program what it is run for.
func incidentEnv(i alerting.Incident) []string {
	return []string{
		"VITALS_INCIDENT_ID=" + i.ID, "VITALS_INCIDENT_TYPE=" + i.Type, "VITALS_INCIDENT_SEVERITY=" + i.Severity,
		"VITALS_INCIDENT_DESCRIPTION=" + i.Description, "VITALS_INCIDENT_CHECK=" + i.Labels["check"],
	}
}

// tell puts a message for the response's own channels into the outbox.
func (r *responder) tell(ctx context.Context, o configs.ResponseOptions, i alerting.Incident) string {
	policy := r.policy
	policy.Routes = []alerting.Route{{Channels: o.Channels}}
	if err := r.db.Enqueue(ctx, policy.Announce(i, alerting.TellFiring, "Response "+o.Name+".", r.app.Now())...); err != nil {
		return "could not tell " + strings.Join(o.Channels, ", ") + ": " + err.Error()
	}
	return "told " + strings.Join(o.Channels, ", ")
}

// again waits, asks the check again, and resolves the incident when all is
// well and the response is to.
func (r *responder) again(ctx context.Context, o configs.ResponseOptions, i alerting.Incident) (text string, well bool) {
	check := checkOf(o, i)
	pause(ctx, o.Wait)
	result, known := r.retest(ctx, check)
	switch {
	case !known:
		return fmt.Sprintf("found no check called %q to ask again", check), false
	case result.Status != checks.Healthy && result.Status != checks.Degraded:
		return fmt.Sprintf("asked %s again: %s", check, result.Summary), false
	}
	text = fmt.Sprintf("asked %s again: it is %s", check, result.Status)
	if err := r.db.Record(ctx, []checks.Result{result}); err != nil {
		r.log.Error("the result of a response was not kept", "error", err)
	}
	if !o.Resolve {
		return text, true
	}
	now := r.app.Now()
	_, err := r.db.ChangeIncident(ctx, i.ID, func(old alerting.Incident) (history.IncidentChange, error) {
		i, entries, err := old.Resolve(now, "response "+o.Name, text)
		if err != nil {
			return history.IncidentChange{}, err
		}
		c := history.IncidentChange{Incident: i, Entries: entries, Notices: r.policy.Announce(i, alerting.TellInfo, "Resolved by the response "+o.Name+": "+text+".", now, old.Told...)}
		c.Incident.Told = nil
		return c, nil
	})
	if err != nil {
		return text + "; the incident was not resolved: " + err.Error(), true
	}
	return text + "; the incident is resolved", true
}

// write adds a line to the timeline.
func (r *responder) write(ctx context.Context, i alerting.Incident, kind alerting.EntryKind, text string, run schedule.Run) error {
	data := map[string]string{"run": run.ID, "outcome": string(run.Outcome)}
	if run.ExitCode != nil {
		data["exit_code"] = fmt.Sprint(*run.ExitCode)
	}
	if run.Output != "" {
		data["output"] = lastBytesOf(run.Output, 2<<10)
	}
	return r.db.AddEntries(ctx, alerting.Entry{Incident: i.ID, At: r.app.Now(), Kind: kind, Actor: alerting.Self, Text: text, Data: data})
}

func lastBytesOf(text string, n int) string {
	return strings.ToValidUTF8(text[max(0, len(text)-n):], "")
}
