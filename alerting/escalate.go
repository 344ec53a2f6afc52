package alerting

import (
	"fmt"
	"maps"
	"slices"
)

// escalate calls the next contact about incidents that nobody has taken, and
// tells those who were called that they are over.
func (w *work) escalate() {
	for _, id := range slices.Sorted(maps.Keys(w.incidents.byID)) {
		i := w.incidents.byID[id]
		if i.IsOpen() {
			w.escalateOne(i)
		} else if len(i.Told) > 0 {
			w.tellSettled(i)
		}
	}
}

// escalateOne takes the steps that are due, but only the last one of them
// after a time in which nothing ran: calling all contacts at once helps nobody.
func (w *work) escalateOne(i Incident) {
	if i.Status != Open {
		return
	}
	due := -1
	for n, step := range w.policy.Escalation {
		if n >= i.Escalated && w.now.Sub(i.OpenedAt) >= step.After && step.takes(i.Severity) {
			due = n
		}
	}
	if due < 0 {
		return
	}
	step := w.policy.Escalation[due]
	i.Escalated = due + 1
	w.out.Entries = append(w.out.Entries, Entry{
		Incident: i.ID, At: w.now, Kind: EntryEscalated, Actor: Self,
		Text: fmt.Sprintf("nobody has taken it for %s: %s is called", duration(w.now.Sub(i.OpenedAt)), or(step.Contact, "the next contact")),
		Data: map[string]string{"contact": step.Contact, "step": fmt.Sprint(due + 1)},
	})
	m := w.policy.incidentMessage(i, TellReminder, "ESCALATED")
	m.Text = fmt.Sprintf("Nobody has taken this incident for %s.\n%s", duration(w.now.Sub(i.OpenedAt)), m.Text)
	for _, channel := range step.Channels {
		i.Told = with(i.Told, channel)
		w.notice(channel, m.Group, m, fmt.Sprint("escalation", due))
	}
	w.incidents.put(i)
}

func (s Step) takes(severity string) bool {
	if len(s.Severities) == 0 {
		return severity == "critical"
	}
	return slices.Contains(s.Severities, severity)
}

func (w *work) tellSettled(i Incident) {
	m := w.policy.incidentMessage(i, TellResolved, "RESOLVED")
	for _, channel := range i.Told {
		w.notice(channel, m.Group, m, "settled")
	}
	i.Told = nil
	w.incidents.put(i)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
