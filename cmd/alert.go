package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

func newAlert(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "alert",
		Short: "What is wrong, who was told of it, and what nobody is to be told of",
	}, newAlertRules(app), newAlertActive(app), newAlertHistory(app), newAlertTest(app), newAlertSend(app),
		newAlertSilence(app), newAlertSilences(app))
}

// forPeople tells whether a list is for a person at a terminal or in a mail,
// who gets fewer and shorter columns than a program.
func (a *App) forPeople() bool { return a.flags.output == "table" }

// note says something on standard error that is no failure.
func (a *App) note(format string, args ...any) {
	fmt.Fprintf(a.Err, "vitals: note: %s\n", report.Clean(fmt.Sprintf(format, args...)))
}

// cleanLines is report.Clean for a text of several lines, which stay apart.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// keepsRecord refuses --no-record for what only works by keeping something.
func (a *App) keepsRecord(what string) error {
	if a.flags.noRecord {
		return usageError("Leave --no-record out.", "%s is kept in history until it has done its work, which --no-record forbids", what)
	}
	return nil
}

// shortTime is a moment as short as it is clear: the time of day for today,
// with the date for another day.
func shortTime(t, now time.Time, location *time.Location) string {
	if t.IsZero() {
		return "never"
	}
	t, now = t.In(location), now.In(location)
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// labelText writes labels as PromQL does, without those that stand beside it
// anyway.
func labelText(labels map[string]string, but ...string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !slices.Contains(but, name) {
			parts = append(parts, name+"="+strconv.Quote(labels[name]))
		}
	}
	return strings.Join(parts, ", ")
}

// textOrNil is nil for no text, which lists show as such.
func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// timeOrNil is nil for a time that never was.
func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// summaryOf is an alert in one line.
func summaryOf(a alerting.Alert) string {
	if s := a.Annotations["summary"]; s != "" {
		return s
	}
	return a.Rule + " is at " + report.HumanValue(checks.KindNumber, a.Value, nil)
}

func badSeverity(flag, word string) error {
	if word == "" || slices.Contains(alerting.Severities(), word) {
		return nil
	}
	return usageError("Use critical, warning or info.", "--%s %q is not known", flag, word)
}

func completeSeverities(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions([]string{"critical", "warning", "info"}, cobra.ShellCompDirectiveNoFileComp))
}

func (a *App) completeRules(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.Config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var words []string
	for _, r := range cfg.AlertPolicy().Rules {
		words = append(words, r.Name+"\t"+or(r.Shorthand, r.Severity))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func (a *App) completeChannels(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.Config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var words []string
	for _, ch := range enabledChannels(cfg) {
		words = append(words, ch.Options.Settings().Name+"\t"+ch.Kind)
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// enabledChannels are those that something can be sent on, by name.
func enabledChannels(cfg *configs.Config) []configs.Channel {
	var all []configs.Channel
	for _, ch := range cfg.Channels {
		if !ch.Options.Settings().Disabled {
			all = append(all, ch)
		}
	}
	slices.SortFunc(all, func(x, y configs.Channel) int {
		return strings.Compare(x.Options.Settings().Name, y.Options.Settings().Name)
	})
	return all
}

// chosenChannels are the channels of the given names.
func chosenChannels(cfg *configs.Config, chosen []string) ([]configs.Channel, error) {
	all := enabledChannels(cfg)
	var known []string
	for _, ch := range all {
		known = append(known, ch.Options.Settings().Name)
	}
	for _, name := range chosen {
		if !slices.Contains(known, name) {
			return nil, usageError("There are: "+strings.Join(known, ", ")+".", "no channel is called %q, or it is disabled", name)
		}
	}
	return slices.DeleteFunc(all, func(ch configs.Channel) bool { return !slices.Contains(chosen, ch.Options.Settings().Name) }), nil
}

// alertView is what the commands about alerts have in common: the policy, the
// state of the alerts at a moment, and how to show them.
type alertView struct {
	policy   alerting.Policy
	state    alerting.State
	now      time.Time
	location *time.Location
	redact   func(string) string
}

func (a *App) alertView(ctx context.Context, cfg *configs.Config, db *history.DB) (alertView, error) {
	v := alertView{
		policy: a.alertPolicy(cfg), now: a.Now(), location: cfg.Location(),
		redact: checks.NewRedactor(cfg.Secrets()...).Redact,
	}
	if db == nil {
		return v, nil
	}
	var err error
	v.state, err = db.AlertState(ctx)
	return v, err
}

// firing are the alerts that fire.
func (v alertView) firing() []alerting.Alert {
	var all []alerting.Alert
	for _, a := range v.state.Alerts {
		if a.Phase == alerting.Firing {
			all = append(all, a)
		}
	}
	return all
}

// live are the alerts that fire or are about to.
func (v alertView) live() []alerting.Alert {
	return slices.DeleteFunc(slices.Clone(v.state.Alerts), func(a alerting.Alert) bool { return !a.Live() })
}
