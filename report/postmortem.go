package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// WritePostMortem writes what happened in an incident as Markdown, with the
// questions that only people can answer left to them.
func WritePostMortem(w io.Writer, i alerting.Incident, timeline []alerting.Entry, now time.Time, v View) error {
	p := &postMortem{incident: i, timeline: timeline, now: now, at: v.location()}
	p.head()
	p.happened()
	p.table()
	p.section("Who was told", p.told())
	p.section("What Vitals did", p.responses())
	p.section("Notes", p.notes())
	p.questions()
	_, err := io.WriteString(w, p.text.String())
	return err
}

type postMortem struct {
	incident alerting.Incident
	timeline []alerting.Entry
	now      time.Time
	at       *time.Location
	text     strings.Builder
}

func (p *postMortem) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *postMortem) when(t time.Time) string { return t.In(p.at).Format("2006-01-02 15:04:05 MST") }

func (p *postMortem) head() {
	i := p.incident
	p.line("# Post-mortem: %s\n", inCell(i.Description))
	p.line("| | |\n|---|---|")
	p.line("| Incident | `%s` |", i.ID)
	p.line("| Type | %s |", inCell(i.Type))
	p.line("| Severity | %s |", i.Severity)
	p.line("| Status | %s |", i.Status)
	p.line("| Opened | %s, by %s |", p.when(i.OpenedAt), inCell(i.OpenedBy))
	if d, ok := i.TimeToAck(); ok {
		p.line("| Acknowledged | %s, by %s, after %s |", p.when(i.AckedAt), inCell(i.AckedBy), checks.DurationText(d))
	}
	if d, ok := i.TimeToResolve(); ok {
		p.line("| Resolved | %s, by %s, after %s |", p.when(i.ResolvedAt), inCell(i.ResolvedBy), checks.DurationText(d))
	}
	if i.Runbook != "" {
		p.line("| Runbook | %s |", inCell(i.Runbook))
	}
	p.line("")
}

// happened tells the story in a few sentences.
func (p *postMortem) happened() {
	i := p.incident
	p.line("## What happened\n")
	p.text.WriteString(fmt.Sprintf("On %s %s opened this incident: %s. ", p.when(i.OpenedAt), inCell(i.OpenedBy), inCell(strings.TrimSuffix(i.Description, "."))))
	alerts := 0
	for _, e := range p.timeline {
		if e.Kind == alerting.EntryAlertFiring {
			alerts++
		}
	}
	if alerts > 0 {
		p.text.WriteString(fmt.Sprintf("%s fired in it. ", plural(alerts, "alert")))
	}
	if d, ok := i.TimeToAck(); ok {
		p.text.WriteString(fmt.Sprintf("%s took it after %s. ", inCell(i.AckedBy), checks.DurationText(d)))
	} else {
		p.text.WriteString("Nobody acknowledged it. ")
	}
	if d, ok := i.TimeToResolve(); ok {
		p.text.WriteString(fmt.Sprintf("It was over after %s.", checks.DurationText(d)))
	} else {
		p.text.WriteString(fmt.Sprintf("It has lasted for %s and is not over.", checks.DurationText(p.now.Sub(i.OpenedAt))))
	}
	p.line("\n")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (p *postMortem) table() {
	p.line("## Timeline\n\n| time | after | what | who | |\n|---|---|---|---|---|")
	for _, e := range p.timeline {
		after := checks.DurationText(max(0, e.At.Sub(p.incident.OpenedAt)))
		p.line("| %s | %s | %s | %s | %s |", p.when(e.At), after, strings.ReplaceAll(string(e.Kind), "_", " "), inCell(e.Actor), inCell(e.Text))
	}
	p.line("")
}

// section writes a list, or nothing at all.
func (p *postMortem) section(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("## %s\n", title)
	for _, item := range items {
		p.line("- %s", item)
	}
	p.line("")
}

func (p *postMortem) entries(kinds ...alerting.EntryKind) (all []alerting.Entry) {
	for _, e := range p.timeline {
		for _, k := range kinds {
			if e.Kind == k {
				all = append(all, e)
			}
		}
	}
	return all
}

func (p *postMortem) told() (items []string) {
	for _, e := range p.entries(alerting.EntryNotified, alerting.EntryNotNotified, alerting.EntryEscalated) {
		items = append(items, fmt.Sprintf("%s: %s", p.when(e.At), inCell(e.Text)))
	}
	return items
}

func (p *postMortem) responses() (items []string) {
	for _, e := range p.entries(alerting.EntryResponseStarted, alerting.EntryResponseEnded) {
		items = append(items, fmt.Sprintf("%s: %s", p.when(e.At), inCell(e.Text)))
	}
	return items
}

func (p *postMortem) notes() (items []string) {
	for _, e := range p.timeline {
		human := e.Kind == alerting.EntryNote || e.Actor != alerting.Self && e.Text != "" && e.Kind != alerting.EntryOpened
		if human {
			items = append(items, fmt.Sprintf("%s, %s: %s", p.when(e.At), inCell(e.Actor), inCell(e.Text)))
		}
	}
	return items
}

// questions are what no program can answer.
func (p *postMortem) questions() {
	p.line("## To be answered by those who were there\n")
	for _, q := range []string{
		"Whom did it affect, how many of them, and what could they not do?",
		"What was the cause, and the cause of that?",
		"What showed it first: an alert, or a customer?",
		"What helped, and what stood in the way?",
		"What will be done so that it does not come back: by whom, until when?",
	} {
		p.line("### %s\n\n", q)
	}
}

// inCell makes text from outside fit for a cell of a table or a line.
func inCell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(Clean(text)), " "), "|", `\|`)
}
