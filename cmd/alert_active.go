package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

func newAlertActive(app *App) *cobra.Command {
	failOn := checks.Degraded
	c := &cobra.Command{
		Use:   "active",
		Short: "The alerts that fire or are about to; the exit code tells the worst",
		Long: `Lists the alerts that fire and those that are pending, which hold but not yet for
as long as their rule wants. It shows why nobody is told of one: a silence, a
maintenance window, another alert that explains it, or that it comes and goes.

Exit codes: 0 none fires that people are told of, 1 warnings, 2 critical ones.
It evaluates nothing: 'vitals check', 'vitals incident detect' and 'vitals serve' do.`,
		Example: "  vitals alert active\n  vitals alert active --fail-on unhealthy -q\n  vitals alert active -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.activeAlerts(c.Context(), failOn) },
	}
	addFailOn(c, &failOn)
	return c
}

func (a *App) activeAlerts(ctx context.Context, failOn checks.Status) error {
	var status checks.Status
	err := a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		v, err := a.alertView(ctx, cfg, db)
		if err != nil {
			return err
		}
		a.sayHowOld(cfg, v)
		all := v.active()
		for _, one := range all {
			status = max(status, one.status())
		}
		if a.forPeople() {
			return a.printText(func(b *strings.Builder) { v.writeActive(b, all) })
		}
		return a.printList(v.activeTable(all), cfg)
	})
	if err != nil {
		return err
	}
	return verdict(status, failOn)
}

// sayHowOld tells when what is shown may no longer be so.
func (a *App) sayHowOld(cfg *configs.Config, v alertView) {
	var newest time.Time
	for _, s := range v.state.Rules {
		if s.EvaluatedAt.After(newest) {
			newest = s.EvaluatedAt
		}
	}
	switch age := v.now.Sub(newest); {
	case cfg.Alerting.Disabled:
		a.note("alerting is disabled: no rule is evaluated")
	case newest.IsZero():
		a.note("no rule has been evaluated yet: 'vitals check' does it once, 'vitals serve' all the time")
	case age > max(10*time.Minute, 3*cfg.Alerting.Interval):
		a.note("the rules were last evaluated %s ago: neither 'vitals serve' nor 'vitals check' seems to run", checks.DurationText(age))
	}
}

// activeAlert is an alert that fires or is about to, and why nobody is told.
type activeAlert struct {
	alerting.Alert
	mute  alerting.Mute
	muted bool
	why   string    // in words
	until time.Time // when what mutes it ends; zero where nobody knows
}

func (one activeAlert) status() checks.Status {
	switch {
	case one.Phase != alerting.Firing || one.muted:
		return checks.Healthy
	case one.Severity == "critical":
		return checks.Unhealthy
	case one.Severity == "warning":
		return checks.Degraded
	}
	return checks.Healthy
}

// active are the alerts that fire or are about to: those that fire first, then
// the worst, then the oldest.
func (v alertView) active() []activeAlert {
	firing := v.firing()
	var all []activeAlert
	for _, a := range v.live() {
		one := activeAlert{Alert: a}
		one.mute, one.muted = v.policy.Muted(a, firing, v.state.Silences, v.now)
		if one.muted {
			one.why, one.until = v.explainMute(one.mute, firing)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y activeAlert) int {
		if x.Phase != y.Phase {
			return strings.Compare(string(x.Phase), string(y.Phase)) // firing, pending
		}
		words := alerting.Severities()
		return cmp.Or(slices.Index(words, y.Severity)-slices.Index(words, x.Severity), x.ActiveAt.Compare(y.ActiveAt), strings.Compare(x.ID, y.ID))
	})
	return all
}

// explainMute puts into words why nobody is told of an alert.
func (v alertView) explainMute(m alerting.Mute, firing []alerting.Alert) (why string, until time.Time) {
	switch m.Why {
	case "silenced":
		for _, s := range v.state.Silences {
			if s.ID == m.What {
				return fmt.Sprintf("silenced by %s until %s: %s (%s)", s.By, shortTime(s.Until, v.now, v.location), s.Why, shortID(s.ID)), s.Until
			}
		}
	case "maintenance":
		for _, w := range v.policy.Windows {
			if w.Name != m.What {
				continue
			}
			if s, now := w.Silence(v.now); now {
				return strings.TrimSuffix(fmt.Sprintf("maintenance %s until %s: %s", w.Name, shortTime(s.Until, v.now, v.location), w.Why), ": "), s.Until
			}
		}
	case "inhibited":
		for _, a := range firing {
			if a.ID == m.What {
				return fmt.Sprintf("explained by %s, which fires: %s", a.Rule, summaryOf(a)), time.Time{}
			}
		}
	case "flapping":
		return "comes and goes too often to tell each time", time.Time{}
	}
	return m.Why + " " + m.What, time.Time{}
}

// writeActive is the list for people. Nothing is cut: somebody is reading it
// in the night.
func (v alertView) writeActive(b *strings.Builder, all []activeAlert) {
	if len(all) == 0 {
		b.WriteString("No alert is firing or pending.\n")
	}
	for i, one := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%s  %s  %s  since %s", strings.ToUpper(string(one.Phase)), one.Severity, one.Rule, shortTime(one.ActiveAt, v.now, v.location))
		if one.IncidentID != "" {
			fmt.Fprintf(b, "  incident %s", shortID(one.IncidentID))
		}
		b.WriteByte('\n')
		line := func(format string, args ...any) {
			b.WriteString("    " + report.Clean(v.redact(fmt.Sprintf(format, args...))) + "\n")
		}
		line("%s (value %s)", summaryOf(one.Alert), report.HumanValue(checks.KindNumber, one.Value, v.location))
		if labels := labelText(one.Labels, "alertname", "severity"); labels != "" {
			line("%s", labels)
		}
		if one.muted {
			line("nobody is told: %s", one.why)
		}
		if one.Stale {
			line("its rule has no data now: this is how it was last")
		}
		if one.Runbook != "" {
			line("runbook: %s", one.Runbook)
		}
	}
}

// activeTable is the list for programs.
func (v alertView) activeTable(all []activeAlert) checks.Table {
	t := checks.Table{Name: "alerts", Columns: []checks.Column{
		{Name: "id"}, {Name: "state"}, {Name: "severity"}, {Name: "rule"}, {Name: "summary"}, {Name: "value", Kind: checks.KindNumber},
		{Name: "since", Kind: checks.KindTime}, {Name: "fired", Kind: checks.KindTime}, {Name: "no_data", Kind: checks.KindBool},
		{Name: "muted", Kind: checks.KindBool}, {Name: "muted_by"}, {Name: "muted_why"}, {Name: "muted_until", Kind: checks.KindTime},
		{Name: "incident"}, {Name: "labels"}, {Name: "runbook"},
	}}
	for _, one := range all {
		t.Add(one.ID, string(one.Phase), one.Severity, one.Rule, v.redact(summaryOf(one.Alert)), one.Value,
			timeOrNil(one.ActiveAt), timeOrNil(one.FiredAt), one.Stale,
			one.muted, textOrNil(one.mute.Why), textOrNil(v.redact(one.why)), timeOrNil(one.until),
			textOrNil(one.IncidentID), v.redact(labelText(one.Labels, "alertname", "severity")), textOrNil(one.Runbook))
	}
	return t
}
