package report

import (
	"maps"
	"slices"
	"strings"

	"vitals/alerting"
)

// incidentView is the page of one incident in words.
type incidentView struct {
	Short, Tone, Word, Severity, Type, Description, Lasted string
	Open, Waiting                                          bool
	Facts                                                  [][2]string
	Runbook, RunbookText                                   string // the first is an address that may be followed, or ""
	Timeline                                               []timelineLine
	Made                                                   pageTime
	DataAge                                                string
}

type timelineLine struct {
	At                      pageTime
	After, Kind, Text, Tone string
	Actor                   string // "" for Vitals itself
}

func incidentBody(p IncidentPage, v View) incidentView {
	i := p.Incident
	line := lineOfIncident(i, StatusPage{Now: p.Now}, v)
	b := incidentView{
		Short: line.Short, Tone: line.Tone, Word: line.Word, Severity: line.Severity, Type: line.Type, Description: line.Description, Lasted: line.Lasted,
		Open: i.IsOpen(), Waiting: i.Status == alerting.Open, Made: momentFor(p.Now, p.Now, v), RunbookText: Clean(i.Runbook),
	}
	if lower := strings.ToLower(i.Runbook); strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://") {
		b.Runbook = i.Runbook
	}
	if b.Tone == "over" {
		b.Tone = "healthy"
	}
	add := func(name, value string) {
		if value != "" {
			b.Facts = append(b.Facts, [2]string{name, Clean(value)})
		}
	}
	add("Opened", momentFor(i.OpenedAt, p.Now, v).Text+byText(i.OpenedBy))
	if d, ok := i.TimeToAck(); ok {
		add("Taken", "after "+wholeText(d)+byText(i.AckedBy))
	}
	if d, ok := i.TimeToResolve(); ok {
		add("Resolved", "after "+wholeText(d)+byText(i.ResolvedBy))
	}
	if !i.ClosedAt.IsZero() {
		add("Closed", momentFor(i.ClosedAt, p.Now, v).Text)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Labels)) {
		if name != "alertname" && name != "severity" {
			add(capital(label(name)), i.Labels[name])
		}
	}
	for _, e := range p.Timeline {
		b.Timeline = append(b.Timeline, lineOfEntry(e, p, v))
	}
	return b
}

func byText(who string) string {
	if who == "" {
		return ""
	}
	return ", by " + who
}

func lineOfEntry(e alerting.Entry, p IncidentPage, v View) timelineLine {
	line := timelineLine{At: momentFor(e.At, p.Now, v), Kind: capital(label(string(e.Kind))), Text: Clean(e.Text), After: wholeText(e.At.Sub(p.Incident.OpenedAt))}
	if e.Actor != alerting.Self {
		line.Actor = Clean(e.Actor)
	}
	switch e.Kind {
	case alerting.EntryOpened, alerting.EntryReopened, alerting.EntryAlertFiring, alerting.EntryEscalated, alerting.EntrySeverity:
		line.Tone = toneOf(p.Incident.Severity).String()
	case alerting.EntryNotNotified:
		line.Tone = "unhealthy"
	case alerting.EntryResolved, alerting.EntryAlertResolved, alerting.EntryClosed:
		line.Tone = "healthy"
	}
	return line
}

// capital begins a text with a capital letter.
func capital(s string) string {
	if s == "" {
		return s
	}
	return sentenceCase(s)
}
