package alerting

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// mostInText is how many alerts a message names; receivers that can show more
// have all of them in Alerts.
const mostInText = 10

// summary is an alert in one line.
func (a Alert) summary() string {
	if s := a.Annotations["summary"]; s != "" {
		return s
	}
	return a.Rule + " is at " + formatValue(a.Value)
}

// compose words what a group has to say.
func (w *work) compose(g *gathering, kind MessageKind) Message {
	about := slices.Clone(g.active)
	if kind == TellResolved {
		about = slices.Clone(g.over)
	}
	byWeight(about)
	first := about[0]
	m := Message{
		Group: g.topic(), Kind: kind, Severity: first.Severity, Labels: common(about), Annotations: first.Annotations,
		Runbook: first.Runbook, Alerts: about, StartedAt: earliest(about),
	}
	if kind != TellResolved {
		m.Alerts = append(slices.Clone(about), g.over...) // receivers that keep a list must hear of each
	}
	m.Title = title(kind, first, len(about))
	m.Text = w.text(g, kind, about)
	if kind == TellResolved {
		m.EndedAt = w.now
	}
	for _, a := range about {
		if a.IncidentID != "" {
			m.Labels["incident"] = a.IncidentID
			m.Link = w.policy.link(a.IncidentID)
			break
		}
	}
	return m
}

func (p Policy) link(incident string) string {
	if p.Link == nil {
		return ""
	}
	return p.Link(incident)
}

func title(kind MessageKind, first Alert, n int) string {
	word := strings.ToUpper(first.Severity)
	switch kind {
	case TellResolved:
		word = "RESOLVED"
	case TellReminder:
		word = "STILL " + word
	case TellFlapping:
		word = "FLAPPING"
	}
	t := word + ": " + first.summary()
	if n > 1 {
		t += fmt.Sprintf(" (and %d more)", n-1)
	}
	return t
}

// text lists the alerts, and after them those that are over.
func (w *work) text(g *gathering, kind MessageKind, about []Alert) string {
	var lines []string
	for i, a := range about {
		if i == mostInText {
			lines = append(lines, fmt.Sprintf("… and %d more", len(about)-i))
			break
		}
		line := a.summary()
		if kind == TellResolved {
			line += fmt.Sprintf(": over after %s", duration(w.now.Sub(a.ActiveAt)))
		} else if age := w.now.Sub(a.ActiveAt); age >= time.Second {
			line += fmt.Sprintf(" (for %s)", duration(age))
		}
		lines = append(lines, line)
		if d := a.Annotations["description"]; d != "" && kind != TellResolved {
			lines = append(lines, d)
		}
	}
	if kind != TellResolved {
		for _, a := range g.over {
			lines = append(lines, "over: "+a.summary())
		}
	}
	return strings.Join(lines, "\n")
}

// common are the labels in which all alerts agree.
func common(alerts []Alert) map[string]string {
	labels := maps.Clone(alerts[0].Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for _, a := range alerts[1:] {
		maps.DeleteFunc(labels, func(name, value string) bool { return a.Labels[name] != value })
	}
	return labels
}

func earliest(alerts []Alert) time.Time {
	at := alerts[0].ActiveAt
	for _, a := range alerts {
		if a.ActiveAt.Before(at) {
			at = a.ActiveAt
		}
	}
	return at
}

// duration is short for people: seconds below two minutes, then minutes.
func duration(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(math.Round(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func (w *work) flapMessage(t Transition) Message {
	a := t.Alert
	m := Message{
		Group: "flap-" + a.ID, Kind: TellFlapping, Severity: a.Severity, Labels: maps.Clone(a.Labels), Annotations: a.Annotations,
		Runbook: a.Runbook, StartedAt: a.ActiveAt, Alerts: []Alert{a},
	}
	m.Title = title(TellFlapping, a, 1)
	m.Text = fmt.Sprintf("%s\nIt comes and goes too often to tell of each time (%.0f %% of the last changes). Vitals is quiet about it until it settles.", a.summary(), a.Flaps.Percent())
	if t.Flap == FlapCeased {
		state := "it is well"
		if a.Phase == Firing {
			state = "it goes on, and is told of again"
		}
		m.Kind, m.Title, m.EndedAt = TellResolved, "SETTLED: "+a.summary(), w.now
		m.Text = "It has ceased to come and go: " + state + "."
	}
	return m
}

// incidentMessage words a message about an incident itself.
func (p Policy) incidentMessage(i Incident, kind MessageKind, word string) Message {
	labels := maps.Clone(i.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels["incident"], labels["incident_type"], labels["severity"] = i.ID, i.Type, i.Severity // the severity is for routes
	if labels["alertname"] == "" {
		labels["alertname"] = i.Type
	}
	return Message{
		Group: "incident-" + i.ID, Kind: kind, Severity: i.Severity, Title: word + ": " + i.Description,
		Text: fmt.Sprintf("Incident %s (%s) is %s.", i.ID, i.Type, i.Status), Labels: labels, Runbook: i.Runbook, Link: p.link(i.ID),
		StartedAt: i.OpenedAt, EndedAt: i.ResolvedAt,
	}
}

// Announce words what is told of a change to an incident that a person or a
// response made, for each channel of the routes that take it: that it was
// opened, or resolved. Extra channels are told as well.
func (p Policy) Announce(i Incident, kind MessageKind, why string, at time.Time, extra ...string) []Notice {
	word := map[MessageKind]string{TellFiring: strings.ToUpper(i.Severity), TellResolved: "RESOLVED", TellInfo: "INFO"}[kind]
	m := p.incidentMessage(i, kind, or(word, strings.ToUpper(string(kind))))
	if why != "" {
		m.Text = why + "\n" + m.Text
	}
	channels := append(p.ChannelsFor(m.Labels), extra...)
	slices.Sort(channels)
	w := &work{policy: p, now: at}
	for _, channel := range slices.Compact(channels) {
		w.notice(channel, m.Group, m, string(kind))
	}
	return w.out.Notices
}
