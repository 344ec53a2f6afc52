// Package notify tells people and other systems: one file for each channel,
// and one sender beneath those that speak HTTP.
//
// Its rules: a channel sends one message once and says exactly what became of
// it. Trying again, choosing the channels, grouping and leaving out are the
// caller's. Every message carries a key, so that a receiver can drop a second
// copy. No error holds an address, a token or a password.
package notify

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitals/alerting"
	"vitals/checks"
)

// Kind is what a message is about.
type Kind = alerting.MessageKind

// The kinds of messages.
const (
	Firing   = alerting.TellFiring
	Resolved = alerting.TellResolved
	Flapping = alerting.TellFlapping
	Reminder = alerting.TellReminder
	Test     = alerting.TellTest
	Info     = alerting.TellInfo
)

// Message is what is to be told, with the ways in which channels word it.
type Message alerting.Message

// Redacted returns a copy without the secrets that a redactor knows. Nothing
// that the two share is changed.
func (m Message) Redacted(r checks.Redactor) Message {
	m.Title, m.Text = r.Redact(m.Title), r.Redact(m.Text)
	m.Runbook, m.Link = r.Redact(m.Runbook), r.Redact(m.Link)
	m.Labels, m.Annotations = redactMap(r, m.Labels), redactMap(r, m.Annotations)
	m.Alerts = slices.Clone(m.Alerts)
	for i := range m.Alerts {
		a := &m.Alerts[i]
		a.Runbook = r.Redact(a.Runbook)
		a.Labels, a.Annotations = redactMap(r, a.Labels), redactMap(r, a.Annotations)
	}
	return m
}

func redactMap(r checks.Redactor, from map[string]string) map[string]string {
	to := maps.Clone(from)
	for name, text := range to {
		to[name] = r.Redact(text)
	}
	return to
}

// title is the title in one line that every receiver can show. A message
// without one is named after what it has.
func (m Message) title() string {
	if t := oneLine(m.Title); t != "" {
		return t
	}
	words := []string{string(m.Kind), m.Severity, m.Labels["alertname"]}
	if t := oneLine(strings.Join(words, " ")); t != "" {
		return t
	}
	return "Vitals"
}

// text is the text alone.
func (m Message) text() string { return strings.TrimSpace(clean(m.Text)) }

// body is the text and, where there are any, the addresses to go to.
func (m Message) body() string { return strings.TrimSpace(m.text() + "\n" + m.addresses()) }

// addresses are a line for each address to go to.
func (m Message) addresses() string {
	lines := []string{}
	if m.Runbook != "" {
		lines = append(lines, "Runbook: "+oneLine(m.Runbook))
	}
	if m.Link != "" {
		lines = append(lines, "More: "+oneLine(m.Link))
	}
	return strings.Join(lines, "\n")
}

// clean removes what could move a cursor, recolour a terminal or turn the
// direction of a line: titles and texts hold words from outside.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, text)
}

// oneLine also joins lines and runs of blanks.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// cut shortens a text to at most n characters, the last one an ellipsis.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
