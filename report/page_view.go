package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// statusView is the status page in the words that its template prints.
type statusView struct {
	Status, Headline, Tally string
	Made                    pageTime
	DataAge                 string
	Notes                   []string
	Missing                 string
	Open, Past              []incidentLine
	PastSince               string
	Bad, Good               []checkLine
	Alerts                  []alertLine
	Messages                []messageLine
	MoreMessages            int
	RulesAge                string
	Static                  bool
}

// pageTime is a moment for people and for programs.
type pageTime struct{ Text, ISO string }

type incidentLine struct {
	ID, Short, Tone, Word, Severity, Type, Description, Lasted, By string
	At                                                             pageTime
	Over, Link                                                     bool
}

type checkLine struct {
	ID, Name, Status, Summary, Hint, Since, Took, Age string
	Bars, DayBars                                     barChart
	Spark                                             sparkLine
	Day, Quarter                                      string
	Optional                                          bool
	Facts, Reasons                                    [][2]string
}

type alertLine struct {
	Name, Tone, Severity, Summary, For, Muted, Value string
	Stale                                            bool
}

type messageLine struct {
	At                           pageTime
	Channel, Title, Became, Tone string
}

// messagesShown is how many messages the page lists.
const messagesShown = 8

// staleAfter is from when on the newest result is too old to be relied on: the
// longest that anybody lets cron wait between two rounds, and a bit.
const staleAfter = 20 * time.Minute

func statusBody(p StatusPage, v View) statusView {
	s := statusView{
		Made: momentFor(p.Now, p.Now, v), DataAge: "", Notes: cleaned(p.Notes), Missing: Clean(strings.Join(p.Missing, ", ")),
		PastSince: checks.DurationText(p.PastSince), Static: p.Static, RulesAge: ageText(p.RulesAt, p.Now),
	}
	if p.Static { // it may be read on any day
		s.Made.Text = p.Now.In(v.location()).Format("2 Jan 2006, 15:04 MST")
	}
	results := make([]checks.Result, len(p.Checks))
	var newest time.Time
	for i, c := range p.Checks {
		results[i] = c.Result
		if end := c.Started.Add(c.Duration); end.After(newest) {
			newest = end
		}
	}
	s.DataAge = ageText(newest, p.Now)
	if age := p.Now.Sub(newest); !newest.IsZero() && age > staleAfter {
		s.Notes = append(s.Notes, fmt.Sprintf("The newest result is %s old: nothing seems to run the checks. See that 'vitals serve' or cron does.", wholeText(age)))
	}
	s.Status, s.Headline = headline(results, p.Open, len(p.Missing))
	s.Tally = tallyText(results)
	for _, r := range worstFirst(results) {
		i := slices.IndexFunc(p.Checks, func(c PageCheck) bool { return c.Check == r.Check })
		line := lineOfCheck(p.Checks[i], p.Now, v)
		if r.Status == checks.Healthy {
			s.Good = append(s.Good, line)
		} else {
			s.Bad = append(s.Bad, line)
		}
	}
	slices.SortStableFunc(s.Good, func(a, b checkLine) int { return strings.Compare(a.Name, b.Name) })
	for _, i := range p.Open {
		s.Open = append(s.Open, lineOfIncident(i, p, v))
	}
	for _, i := range p.Past {
		s.Past = append(s.Past, lineOfIncident(i, p, v))
	}
	for _, a := range p.Alerts {
		s.Alerts = append(s.Alerts, lineOfAlert(a, p.Now))
	}
	for _, m := range p.Messages[:min(len(p.Messages), messagesShown)] {
		s.Messages = append(s.Messages, lineOfMessage(m, p.Now, v))
	}
	s.MoreMessages = len(p.Messages) - len(s.Messages)
	return s
}

// tallyText counts the checks; "" for none.
func tallyText(results []checks.Result) string {
	switch well := !slices.ContainsFunc(results, func(r checks.Result) bool { return r.Status != checks.Healthy }); {
	case len(results) == 0:
		return ""
	case well && len(results) == 1:
		return "1 check, and it is healthy"
	case well:
		return plural(len(results), "check") + ", all healthy"
	}
	return plural(len(results), "check") + ": " + tally(results)
}

// headline says in a few words how all is.
func headline(results []checks.Result, open []alerting.Incident, missing int) (status, text string) {
	count := map[checks.Status]int{}
	for _, r := range results {
		count[r.Status]++
	}
	worst := checks.Healthy
	if len(results) > 0 {
		worst = checks.Overall(results)
	}
	for _, i := range open {
		worst = max(worst, toneOf(i.Severity))
	}
	failing := count[checks.Unhealthy]
	switch {
	case len(results) == 0 && len(open) == 0 && missing == 0:
		return "unknown", "Nothing is known yet"
	case len(results) == 0 && len(open) == 0:
		return "unknown", "Looking for the first time"
	case failing == 1:
		for _, r := range results {
			if r.Status == checks.Unhealthy {
				text = Clean(r.Check) + " is failing"
			}
		}
	case failing > 1:
		text = fmt.Sprintf("%d checks are failing", failing)
	case len(open) == 1:
		text = "An incident is open"
	case len(open) > 1:
		text = fmt.Sprintf("%d incidents are open", len(open))
	case count[checks.Degraded] == 1:
		text = "One check needs attention"
	case count[checks.Degraded] > 1:
		text = fmt.Sprintf("%d checks need attention", count[checks.Degraded])
	case count[checks.Unknown] == 1:
		text = "One check cannot tell"
	case count[checks.Unknown] > 1:
		text = fmt.Sprintf("%d checks cannot tell", count[checks.Unknown])
	default:
		text = "All is well"
	}
	return worst.String(), text
}

// toneOf is a severity as a status, for its colour.
func toneOf(severity string) checks.Status {
	if severity == "critical" {
		return checks.Unhealthy
	}
	return checks.Degraded
}

func cleaned(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = Clean(t)
	}
	return out
}

// momentFor is a moment as people say it: the time of day for one of today.
func momentFor(t, now time.Time, v View) pageTime {
	if t.IsZero() {
		return pageTime{Text: "never"}
	}
	t, now = t.In(v.location()), now.In(v.location())
	text := t.Format("2 Jan 2006, 15:04")
	if t.Year() == now.Year() {
		text = t.Format("2 Jan, 15:04")
		if t.YearDay() == now.YearDay() {
			text = t.Format("15:04:05")
		}
	}
	return pageTime{Text: text, ISO: t.Format(time.RFC3339)}
}

// ageText says how long ago something was, "" for what never was.
func ageText(t, now time.Time) string {
	switch age := now.Sub(t); {
	case t.IsZero():
		return ""
	case age < 2*time.Second:
		return "just now"
	default:
		return wholeText(age) + " ago"
	}
}

// wholeText is a length of time in whole units: nobody reads the tenths of a
// second since when something fails.
func wholeText(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(max(d, 0).Seconds()))
	}
	return checks.DurationText(d)
}

func lineOfCheck(c PageCheck, now time.Time, v View) checkLine {
	line := checkLine{
		ID: anchor(c.Check), Name: Clean(c.Check), Status: c.Status.String(), Summary: Clean(c.Summary), Hint: Clean(c.Hint),
		Took: HumanDuration(c.Duration), Bars: barsOf(c.Recent), DayBars: daysOf(c.Days), Spark: sparkOf(c.Recent), Optional: !c.Critical,
		Day: percentText(c.Day), Quarter: percentText(c.Quarter), Age: ageText(c.Started.Add(c.Duration), now),
	}
	if !c.Since.IsZero() && c.Status != checks.Healthy {
		line.Since = "for " + wholeText(now.Sub(c.Since))
		if c.SinceAtLeast {
			line.Since = "for more than " + wholeText(now.Sub(c.Since))
		}
	}
	for _, why := range reasons(c.Result) {
		if why.text != line.Summary && why.text != line.Hint {
			line.Reasons = append(line.Reasons, [2]string{sentenceCase(why.heading), why.text})
		}
	}
	for _, f := range c.Facts {
		line.Facts = append(line.Facts, [2]string{label(f.Name), HumanValue(f.Kind, f.Value, v.location())})
	}
	return line
}

// anchor is a check's name as an id within the page, by which what a reader
// has opened stays open.
func anchor(name string) string {
	return "check-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_@", r) {
			return r
		}
		return '-'
	}, name)
}

// percentText is a percentage that is never rounded up to all of it.
func percentText(p *float64) string {
	switch {
	case p == nil:
		return ""
	case *p >= 100:
		return "100 %"
	}
	return fmt.Sprintf("%.2f %%", math.Floor(*p*100)/100)
}

func lineOfIncident(i alerting.Incident, p StatusPage, v View) incidentLine {
	line := incidentLine{
		ID: i.ID, Short: i.ID[:min(8, len(i.ID))], Tone: toneOf(i.Severity).String(), Word: string(i.Status), Severity: Clean(i.Severity), Type: Clean(i.Type),
		Description: Clean(i.Description), At: momentFor(i.OpenedAt, p.Now, v), Over: !i.IsOpen(), Link: !p.Static, Lasted: wholeText(p.Now.Sub(i.OpenedAt)),
	}
	if d, over := i.TimeToResolve(); over {
		line.Lasted, line.Tone = wholeText(d), "over"
	}
	switch {
	case i.Status == alerting.Acknowledged:
		line.By = "taken by " + Clean(i.AckedBy)
	case i.IsOpen():
		line.By = "nobody has taken it yet"
	case i.ResolvedBy != "" && i.ResolvedBy != alerting.Self:
		line.By = "resolved by " + Clean(i.ResolvedBy)
	}
	return line
}

func lineOfAlert(a PageAlert, now time.Time) alertLine {
	line := alertLine{Name: Clean(a.Rule), Tone: toneOf(a.Severity).String(), Severity: Clean(a.Severity), Summary: Clean(a.Annotations["summary"]), For: wholeText(now.Sub(a.ActiveAt)), Muted: Clean(a.Muted), Stale: a.Stale}
	if line.Summary == "" {
		line.Summary = line.Name + whichText(a.Labels)
	}
	if line.Muted != "" {
		line.Tone = "muted"
	}
	return line
}

// whichText tells alerts of one rule apart that have no words of their own.
func whichText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "alertname" && name != "severity" {
			parts = append(parts, Clean(name+"="+labels[name]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func lineOfMessage(m alerting.Outgoing, now time.Time, v View) messageLine {
	line := messageLine{At: momentFor(m.CreatedAt, now, v), Channel: Clean(m.Notice.Channel), Title: Clean(m.Notice.Message.Title), Became: "sent", Tone: "over"}
	switch m.State {
	case "waiting":
		line.Became, line.Tone = "waits", "degraded"
		if m.Error != "" {
			line.Became = fmt.Sprintf("waits after %s", plural(m.Attempts, "attempt"))
		}
	case "dead":
		line.Became, line.Tone = "not delivered", "unhealthy"
	}
	return line
}
