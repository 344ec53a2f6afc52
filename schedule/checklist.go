package schedule

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vitals/checks"
)

// Checklist is what a team looks at regularly.
type Checklist struct {
	Name   string // daily, weekly or monthly; what commands are given
	Title  string
	Period Period // for how long a person's answer counts
	Items  []Item
}

// Period is how often a checklist is gone through.
type Period string

// The periods.
const (
	Day   Period = "day"
	Week  Period = "week" // begins on Monday
	Month Period = "month"
)

// Begin is when the period began in which a moment lies, by the clock of the
// moment's zone. Answers of people from before do not count any more.
func (p Period) Begin(now time.Time) time.Time {
	year, month, day := now.Date()
	switch p {
	case Week:
		day -= (int(now.Weekday()) + 6) % 7
	case Month:
		day = 1
	}
	return momentOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), now.Location())
}

// Item is one line of a checklist. Its checks and queries answer it as far as
// they can; where none of them has any data, or Person is set, a person is
// asked.
type Item struct {
	ID      string // never changes; answers are kept under it
	Title   string
	Ask     string   // the question to a person
	Checks  []string // words that select checks, as on the command line; "*" selects all
	Queries []Query
	Person  bool // data alone never answers it: it needs somebody's judgement
}

// Query is a PromQL expression over the history that helps to answer an item.
type Query struct {
	Title string // what the value is
	Expr  string // gives one series, or one for each thing
	Unit  string // of the values and thresholds: "%", "ms", "s", "B", "" for a plain number

	// Warn and Bad are the values at which it is degraded and unhealthy, both
	// included; 0 means never. Below turns them round: smaller is worse.
	Warn, Bad float64
	Below     bool
}

// Select returns the checks that the item's words select. An item without words
// selects none.
func (i Item) Select(list []checks.Check) []checks.Check {
	switch {
	case len(i.Checks) == 0:
		return nil
	case slices.Contains(i.Checks, "*"):
		return list
	}
	selected, _ := checks.Select(list, i.Checks)
	return selected
}

// Value is one series of a query's answer.
type Value struct {
	Labels map[string]string
	Value  float64
}

// Reading is what a query gave.
type Reading struct {
	Query  Query
	Values []Value // none where there is no data
	Err    error   // why it could not be asked; nil
}

// Answer is what is known of an item.
type Answer struct {
	Item     string // the item's ID
	Status   checks.Status
	Summary  string    // one line: what the data says, or the question
	By       string    // the person who answered; "" while nobody did
	Note     string    // what they said
	At       time.Time // when it was judged, or answered
	FromData bool      // whether the data says enough: no person is needed
}

// Open tells whether a person still has to answer.
func (a Answer) Open() bool { return !a.FromData && a.By == "" }

// Tick adds a person's answer to what the data says. Their status counts where
// they were asked; what the data shows to be wrong stays wrong.
func (a Answer) Tick(by, note string, status checks.Status, at time.Time) (Answer, error) {
	if strings.TrimSpace(by) == "" {
		return a, errors.New("an answer needs to say who gave it (--by)")
	}
	if a.Open() && a.Status == checks.Unknown {
		a.Status = status
	} else {
		a.Status = max(a.Status, status)
	}
	a.By, a.Note, a.At = strings.TrimSpace(by), strings.TrimSpace(note), at
	return a, nil
}

// Judge answers an item from the results of the checks that it selects and from
// the readings of its queries. The status is the worst of all, where a check
// that is not critical can only degrade. Without any data, and for an item that
// needs a person, the answer is open: unknown, or worse where the data is.
func Judge(item Item, results []checks.Result, readings []Reading, at time.Time) Answer {
	v := &checks.Verdict{}
	facts := judgeResults(v, results)
	said := len(results)
	for _, r := range readings {
		text, ok := judgeReading(v, r)
		if ok {
			said++
		}
		if text != "" {
			facts = append(facts, text)
		}
	}
	a := Answer{Item: item.ID, Status: v.Status, At: at, FromData: said > 0 && !item.Person}
	a.Summary = strings.Join(append(v.Reasons, facts...), "; ")
	if !a.FromData {
		a.Status = max(a.Status, checks.Unknown)
		a.Summary = item.Ask
		if known := strings.Join(append(v.Reasons, facts...), "; "); known != "" {
			a.Summary += " Known so far: " + known
		}
	}
	return a
}

// judgeResults adds what is wrong and returns what is well.
func judgeResults(v *checks.Verdict, results []checks.Result) []string {
	healthy := 0
	for _, r := range results {
		if r.Status == checks.Healthy {
			healthy++
			continue
		}
		v.Add(checks.Overall([]checks.Result{r}), r.Hint, "%s is %s: %s", r.Check, r.Status, r.Summary)
	}
	switch {
	case healthy == 0:
		return nil
	case healthy == 1 && len(results) == 1:
		return []string{results[0].Check + " is healthy: " + results[0].Summary}
	}
	return []string{fmt.Sprintf("%d of %d checks are healthy", healthy, len(results))}
}

// judgeReading adds what is wrong, or returns the fact. Of several series the
// worst speaks. False means that there was nothing to read.
func judgeReading(v *checks.Verdict, r Reading) (fact string, ok bool) {
	if r.Err != nil {
		v.Add(checks.Unknown, "", "%s could not be asked: %v", r.Query.Title, r.Err)
		return "", false
	}
	q := r.Query
	values := slices.DeleteFunc(slices.Clone(r.Values), func(x Value) bool { return math.IsNaN(x.Value) })
	if len(values) == 0 {
		return "", false
	}
	worst := slices.MaxFunc(values, func(a, b Value) int {
		if a.Value == b.Value {
			return 0
		}
		if (a.Value > b.Value) != q.Below {
			return 1
		}
		return -1
	})
	text := q.Title + ": " + unitText(worst.Value, q.Unit) + labelText(worst.Labels)
	switch {
	case q.reached(worst.Value, q.Bad):
		v.Add(checks.Unhealthy, "", "%s%s", text, q.limitText(q.Bad))
	case q.reached(worst.Value, q.Warn):
		v.Add(checks.Degraded, "", "%s%s", text, q.limitText(q.Warn))
	default:
		return text, true
	}
	return "", true
}

func (q Query) reached(value, limit float64) bool {
	return limit != 0 && (q.Below && value <= limit || !q.Below && value >= limit)
}

func (q Query) limitText(limit float64) string {
	word := "at least"
	if q.Below {
		word = "at most"
	}
	return fmt.Sprintf(" (worrying from %s %s)", word, unitText(limit, q.Unit))
}

// unitText writes a value for people.
func unitText(value float64, unit string) string {
	switch {
	case math.IsInf(value, 0):
	case unit == "B":
		return checks.BytesText(int64(value))
	case unit == "s" && math.Abs(value) < 1e9:
		return checks.DurationText(time.Duration(value * float64(time.Second)))
	}
	text := fmt.Sprintf("%.4g", value)
	if math.Abs(value) >= 1000 && math.Abs(value) < 1e15 {
		text = fmt.Sprintf("%.0f", value)
	}
	if unit == "" {
		return text
	}
	return text + " " + unit
}

// labelText names the series, such as " (/api/events)".
func labelText(labels map[string]string) string {
	var names []string
	for name := range labels {
		if name != "__name__" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		parts = append(parts, name+" "+labels[name])
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
