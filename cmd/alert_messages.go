package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

// messageHistory runs `vitals alert history --messages`.
func (a *App) messageHistory(ctx context.Context, cfg *configs.Config, db *history.DB, v alertView, o alertHistoryOptions) error {
	all, err := db.Sent(ctx, v.now.Add(-o.since))
	if err != nil {
		return err
	}
	waiting, err := db.Waiting(ctx)
	if err != nil {
		return err
	}
	all = append(all, waiting...)
	slices.SortFunc(all, func(x, y alerting.Outgoing) int { return int(x.Seq - y.Seq) })
	// What was given up or sent between the two readings is in both.
	all = slices.CompactFunc(all, func(x, y alerting.Outgoing) bool { return x.Seq == y.Seq })
	all = slices.DeleteFunc(all, func(m alerting.Outgoing) bool {
		return !among(o.channels, m.Notice.Channel) || !among(o.severities, m.Notice.Message.Severity) || !tellsOf(m.Notice.Message, o.rules)
	})
	all = newest(a, all, o.limit)
	if len(all) == 0 && a.forPeople() {
		return a.printText(func(b *strings.Builder) {
			fmt.Fprintf(b, "No message was sent in the last %s, and none waits.\n", checks.DurationText(o.since))
		})
	}
	if !a.forPeople() {
		return a.printList(v.messageTable(all), cfg)
	}
	if err := a.printList(v.messageLines(all), cfg); err != nil {
		return err
	}
	return a.printText(func(b *strings.Builder) { v.messageErrors(b, all) })
}

// tellsOf tells whether a message is about one of the rules.
func tellsOf(m alerting.Message, rules []string) bool {
	return among(rules, m.Labels["alertname"]) || slices.ContainsFunc(m.Alerts, func(a alerting.Alert) bool { return slices.Contains(rules, a.Rule) })
}

// became is what became of a message, in words.
func became(m alerting.Outgoing) string {
	if m.State == "dead" {
		return "given up"
	}
	return m.State
}

// messageLines is the list for people. Errors are long: they stand below it.
func (v alertView) messageLines(all []alerting.Outgoing) checks.Table {
	anyWaits := slices.ContainsFunc(all, func(m alerting.Outgoing) bool { return m.State == "waiting" })
	t := checks.Table{Name: "messages", Columns: []checks.Column{
		{Name: "time"}, {Name: "channel"}, {Name: "state"}, {Name: "attempts", Kind: checks.KindInteger}, {Name: "message"},
	}}
	if anyWaits {
		t.Columns = slices.Insert(t.Columns, 4, checks.Column{Name: "next"})
	}
	for _, m := range all {
		row := []any{shortTime(m.CreatedAt, v.now, v.location), m.Notice.Channel, became(m), int64(m.Attempts)}
		if anyWaits {
			row = append(row, v.next(m))
		}
		t.Add(append(row, v.redact(m.Notice.Message.Title))...)
	}
	return t
}

// next is when a message is tried next, in words.
func (v alertView) next(m alerting.Outgoing) string {
	switch {
	case m.State != "waiting":
		return ""
	case !m.DueAt.After(v.now):
		return "now"
	}
	return shortTime(m.DueAt, v.now, v.location)
}

// messageErrors writes every reason once, with the channels that it is of.
func (v alertView) messageErrors(b *strings.Builder, all []alerting.Outgoing) {
	counts := map[string]int{}
	var order []string
	for _, m := range all {
		if m.Error == "" || m.State == "sent" {
			continue
		}
		line := fmt.Sprintf("%s, %s: %s", m.Notice.Channel, became(m), v.redact(m.Error))
		if counts[line]++; counts[line] == 1 {
			order = append(order, line)
		}
	}
	for i, line := range order {
		if i == 0 {
			b.WriteByte('\n')
		}
		if n := counts[line]; n > 1 {
			line += fmt.Sprintf(" (%d times)", n)
		}
		b.WriteString(cleanLines(line) + "\n")
	}
}

// messageTable is the list for programs.
func (v alertView) messageTable(all []alerting.Outgoing) checks.Table {
	t := checks.Table{Name: "messages", Columns: []checks.Column{
		{Name: "time", Kind: checks.KindTime}, {Name: "channel"}, {Name: "state"}, {Name: "kind"}, {Name: "severity"}, {Name: "title"},
		{Name: "attempts", Kind: checks.KindInteger}, {Name: "next_attempt", Kind: checks.KindTime}, {Name: "ended", Kind: checks.KindTime}, {Name: "error"},
		{Name: "incident"}, {Name: "key"}, {Name: "group"},
	}}
	for _, m := range all {
		var next any
		if m.State == "waiting" {
			next = m.DueAt
		}
		t.Add(m.CreatedAt, m.Notice.Channel, strings.ReplaceAll(became(m), " ", "_"), string(m.Notice.Message.Kind), m.Notice.Message.Severity, v.redact(m.Notice.Message.Title),
			int64(m.Attempts), next, timeOrNil(m.EndedAt), textOrNil(v.redact(m.Error)),
			textOrNil(m.Notice.Incident), m.Notice.Message.Key, m.Notice.Message.Group)
	}
	return t
}
