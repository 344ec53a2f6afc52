package cmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

func newIncidentDetect(app *App) *cobra.Command {
	var noChecks, noResponses, dryRun bool
	failOn := checks.Degraded
	c := &cobra.Command{
		Use:   "detect",
		Short: "Run the checks and the detection rules now",
		Long: `Runs all checks, evaluates the rules, opens or resolves incidents, tells those
whom the routes name, and prints what each type of incident looks like now. Then
it gives the automated responses that are due. The exit code is that of a check.`,
		Example: "  vitals incident detect\n  vitals incident detect --no-checks -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.detect(c.Context(), detectOptions{noChecks, noResponses, dryRun}, failOn)
		},
	}
	c.Flags().BoolVar(&noChecks, "no-checks", false, "judge only what history has already")
	c.Flags().BoolVar(&noResponses, "no-responses", false, "do nothing about incidents by itself")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only write into the timeline what would be done by itself")
	addFailOn(c, &failOn)
	return c
}

type detectOptions struct{ noChecks, noResponses, dryRun bool }

func (a *App) detect(ctx context.Context, o detectOptions, failOn checks.Status) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	var status checks.Status
	err = a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		if cfg.Alerting.Disabled {
			return usageError("Take alerting.disabled out of the configuration.", "alerting is disabled, so no incident can be detected")
		}
		started, began := a.Now(), time.Now()
		if !o.noChecks {
			if err := a.checkInto(ctx, cfg, db); err != nil {
				return err
			}
		}
		log, file := a.quietLogger(cfg)
		defer file.Close()
		r := a.newAlerter(cfg, db, log)
		if _, err := r.step(ctx); err != nil {
			return err
		}
		state, err := db.AlertState(ctx)
		if err != nil {
			return err
		}
		doc := report.NewDocument(detected(r.policy.Rules, state, a.Now()), started, time.Since(began))
		status = doc.Status
		if err := a.printDocument(f, doc, a.view(cfg)); err != nil {
			return err
		}
		a.complainOf(r.drain.Once(ctx))
		if o.noResponses {
			return nil
		}
		return a.respond(ctx, cfg, db, r, o.dryRun)
	})
	if err != nil {
		return err
	}
	return verdict(status, failOn)
}

// respond gives the responses that are due, and looks again what came of them.
func (a *App) respond(ctx context.Context, cfg *configs.Config, db *history.DB, r *alerter, dryRun bool) error {
	responder := a.newResponder(cfg, db, r.log)
	responder.dryRun = dryRun
	end := a.progress(ctx, "responding to incidents")
	defer end()
	acted, err := responder.run(ctx)
	if err != nil || !acted {
		return err
	}
	if _, err := r.step(ctx); err != nil {
		return err
	}
	a.complainOf(r.drain.Once(ctx))
	return nil
}

// checkInto runs all checks and keeps what they find.
func (a *App) checkInto(ctx context.Context, cfg *configs.Config, db *history.DB) error {
	list := cfg.Checks()
	defer closeChecks(list)
	end := a.progress(ctx, "asking "+countOf(len(list), "check"))
	results := a.runner(cfg).Run(ctx, list)
	end()
	return db.Record(context.WithoutCancel(ctx), results)
}

// detected is a result for each type of incident that rules can open, and for
// each other one that is open.
func detected(rules []alerting.Rule, s alerting.State, now time.Time) []checks.Result {
	var types []string
	for _, r := range rules {
		if r.Incident != "" {
			types = append(types, r.Incident)
		}
	}
	for _, i := range s.Incidents {
		types = append(types, i.Type)
	}
	slices.Sort(types)
	var results []checks.Result
	for _, kind := range slices.Compact(types) {
		if r, known := detectedType(kind, rules, s, now); known {
			results = append(results, r)
		}
	}
	if len(results) == 0 {
		r := checks.CannotTell("no detection rule has had any data yet", nil).WithHint("Configure checks: see 'vitals init'.")
		r.Check, r.Started = "incident", now
		results = append(results, r)
	}
	return results
}

// detectedType is false for a type that no rule has ever had data about: what
// is not looked at is neither well nor unwell.
func detectedType(kind string, rules []alerting.Rule, s alerting.State, now time.Time) (checks.Result, bool) {
	r := checks.Result{Check: "incident." + kind, Started: now}
	var open []alerting.Incident
	for _, i := range s.Incidents {
		if i.Type == kind {
			open = append(open, i)
			r.Status, r.Critical = max(r.Status, incidentStatus(i)), r.Critical || i.Severity == "critical"
		}
	}
	r = r.Add(checks.Int("open_incidents", int64(len(open))))
	if len(open) > 0 {
		first := open[0]
		r.Summary = fmt.Sprintf("%s, %s for %s (%s)", first.Description, first.Status, checks.DurationText(max(time.Second, now.Sub(first.OpenedAt))), shortID(first.ID))
		if len(open) > 1 {
			r.Summary += fmt.Sprintf(" and %d more", len(open)-1)
		}
		r.Hint = "See 'vitals incident show " + shortID(first.ID) + "'."
		return r, true
	}
	known, failed := false, ""
	for _, rule := range rules {
		if rule.Incident == kind {
			state := s.Rules[rule.Name]
			known = known || !state.DataAt.IsZero()
			if state.Err != "" {
				failed = fmt.Sprintf("rule %s: %s", rule.Name, state.Err)
			}
		}
	}
	r.Summary = "no sign of it"
	if failed != "" {
		r.Status, r.Summary, r.Error = checks.Unknown, "could not be evaluated", failed
	}
	return r, known || failed != ""
}
