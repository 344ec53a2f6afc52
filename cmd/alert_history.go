package cmd

import (
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
)

// mostTransitions bounds what is read to be chosen from.
const mostTransitions = 1_000_000

type alertHistoryOptions struct {
	since           time.Duration
	rules, channels []string
	severities      []string
	messages        bool
	limit           int
}

func newAlertHistory(app *App) *cobra.Command {
	o := alertHistoryOptions{since: 24 * time.Hour}
	c := &cobra.Command{
		Use:   "history",
		Short: "What alerts did, or with --messages what became of the messages",
		Long: `Lists the changes of alerts, the newest last: pending, firing, resolved. With
--messages it lists the messages instead: what was sent, what waits and when it
is tried next, and what was given up, with attempts and the last error. What
waits is always shown.`,
		Example: `  vitals alert history --since 7d --severity critical
  vitals alert history --rule high_error_rate -o csv
  vitals alert history --messages --channel pager`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return app.alertHistory(c.Context(), o) },
	}
	f := c.Flags()
	f.Var((*durationFlag)(&o.since), "since", "how far back to go")
	f.StringArrayVar(&o.rules, "rule", nil, "only of this rule, by `name`; may be given several times")
	f.StringArrayVar(&o.severities, "severity", nil, "only critical, warning or info; may be given several times")
	f.BoolVar(&o.messages, "messages", false, "the messages, and what became of them")
	f.StringArrayVar(&o.channels, "channel", nil, "with --messages: only on this channel, by `name`; may be given several times")
	f.IntVar(&o.limit, "limit", 100, "at most so many, the newest; 0 for all")
	_ = c.RegisterFlagCompletionFunc("rule", app.completeRules)
	_ = c.RegisterFlagCompletionFunc("channel", app.completeChannels)
	completeSeverities(c)
	return c
}

func (a *App) alertHistory(ctx context.Context, o alertHistoryOptions) error {
	for _, word := range o.severities {
		if err := badSeverity("severity", word); err != nil {
			return err
		}
	}
	if len(o.channels) > 0 && !o.messages {
		return usageError("Add --messages.", "--channel chooses messages, and --messages was not given")
	}
	if o.limit < 0 {
		return usageError("", "--limit must be 0 or more, not %d", o.limit)
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		v, err := a.alertView(ctx, cfg, nil)
		if err != nil {
			return err
		}
		if o.messages {
			return a.messageHistory(ctx, cfg, db, v, o)
		}
		most := mostTransitions
		if len(o.rules)+len(o.severities) == 0 && o.limit > 0 {
			most = o.limit + 1 // one more tells that there are more
		}
		all, err := db.Transitions(ctx, v.now.Add(-o.since), v.now, most)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(t alerting.Transition) bool {
			return !among(o.rules, t.Alert.Rule) || !among(o.severities, t.Alert.Severity)
		})
		all = newest(a, all, o.limit)
		if len(all) == 0 && a.forPeople() {
			return a.printText(func(b *strings.Builder) {
				fmt.Fprintf(b, "No alert changed in the last %s.\n", checks.DurationText(o.since))
			})
		}
		if a.forPeople() {
			return a.printList(v.transitionLines(all), cfg)
		}
		return a.printList(v.transitionTable(all), cfg)
	})
}

// among tells whether a word is chosen; none chosen means all are.
func among(chosen []string, word string) bool {
	return len(chosen) == 0 || slices.Contains(chosen, word)
}

// newest keeps the last so many, 0 for all, and says when there were more.
func newest[T any](a *App, all []T, limit int) []T {
	if limit == 0 || len(all) <= limit {
		return all
	}
	a.note("only the newest %d are shown: --limit shows more", limit)
	return all[len(all)-limit:]
}

// changeOf is what a transition did, for people.
func changeOf(t alerting.Transition) string {
	switch t.Flap {
	case alerting.FlapBegan:
		return strings.TrimPrefix(string(t.To)+", began to flap", ", ")
	case alerting.FlapCeased:
		return strings.TrimPrefix(string(t.To)+", settled", ", ")
	}
	return string(t.To)
}

func (v alertView) transitionLines(all []alerting.Transition) checks.Table {
	t := checks.Table{Name: "transitions", Columns: []checks.Column{
		{Name: "time"}, {Name: "change"}, {Name: "severity"}, {Name: "rule"}, {Name: "summary"},
	}}
	for _, one := range all {
		change := changeOf(one)
		if one.To == alerting.Resolved && one.Flap == alerting.FlapSame {
			change += " after " + checks.DurationText(one.At.Sub(one.Alert.ActiveAt))
		}
		t.Add(shortTime(one.At, v.now, v.location), change, one.Alert.Severity, one.Alert.Rule, v.redact(summaryOf(one.Alert)))
	}
	return t
}

func (v alertView) transitionTable(all []alerting.Transition) checks.Table {
	t := checks.Table{Name: "transitions", Columns: []checks.Column{
		{Name: "time", Kind: checks.KindTime}, {Name: "rule"}, {Name: "severity"}, {Name: "from"}, {Name: "to"}, {Name: "flapping"},
		{Name: "value", Kind: checks.KindNumber}, {Name: "summary"}, {Name: "since", Kind: checks.KindTime}, {Name: "incident"}, {Name: "labels"}, {Name: "id"},
	}}
	for _, one := range all {
		flapping := map[alerting.FlapChange]any{alerting.FlapBegan: "began", alerting.FlapCeased: "ceased"}[one.Flap]
		t.Add(one.At, one.Alert.Rule, one.Alert.Severity, textOrNil(string(one.From)), textOrNil(string(one.To)), flapping,
			one.Alert.Value, v.redact(summaryOf(one.Alert)), timeOrNil(one.Alert.ActiveAt), textOrNil(one.Alert.IncidentID),
			v.redact(labelText(one.Alert.Labels, "alertname", "severity")), one.Alert.ID)
	}
	return t
}
