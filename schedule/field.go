package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"
)

// starBit is how the library marks a field that is *, which decides whether
// days of the month and of the week have to fit both.
const starBit = 1 << 63

// cronField is one of the six fields of a spec.
type cronField struct {
	name      string
	low, high int
	names     []string // of low, low+1, …; nil where only numbers are used
	option    cron.ParseOption
}

func cronFields() []cronField {
	return []cronField{
		{"second", 0, 59, nil, cron.Second},
		{"minute", 0, 59, nil, cron.Minute},
		{"hour", 0, 23, nil, cron.Hour},
		{"day of the month", 1, 31, nil, cron.Dom},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, cron.Month},
		{"day of the week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, cron.Dow},
	}
}

// parse reads the field's text; only the field's own set of the answer counts.
func (f cronField) parse(text string) (*cron.SpecSchedule, error) {
	if strings.ContainsAny(text, "=@") {
		return nil, fmt.Errorf("%q is not a %s: %s", text, f.name, shapes)
	}
	elements := strings.Split(text, ",")
	for i, e := range elements {
		if f.option == cron.Dow {
			e = sundayLast(e, f.names)
			elements[i] = e
		}
		if err := f.check(e, text); err != nil {
			return nil, err
		}
	}
	parsed, err := cron.NewParser(f.option).Parse(strings.Join(elements, ","))
	if err != nil {
		return nil, f.wrong(text, "")
	}
	set := parsed.(*cron.SpecSchedule) // a descriptor was refused above
	if text[0] == '*' || text[0] == '?' {
		// The library forgets that */2 began with a star.
		set.Dom, set.Dow = set.Dom|starBit, set.Dow|starBit
	}
	return set, nil
}

// check finds what the library lets pass or says in its own words.
func (f cronField) check(element, text string) error {
	span, step, stepped := strings.Cut(element, "/")
	switch {
	case element == "":
		return f.wrong(text, "there is nothing between two commas, or beside one")
	case strings.HasPrefix(span, "*-") || strings.HasPrefix(span, "?-"):
		return f.wrong(text, "* is no beginning of a range")
	}
	if from, to, isRange := strings.Cut(span, "-"); isRange && f.number(from) > f.number(to) && f.number(to) >= 0 {
		return f.wrong(text, "the range "+span+" ends before it begins")
	}
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return f.wrong(text, "the step after / must be a number of 1 or more")
	} else if stepped && n > f.high-f.low+1 {
		return f.wrong(text, fmt.Sprintf("a step of %d leads out of the %s at once; for other intervals there is @every", n, f.name))
	}
	return nil
}

// number is the value of a number or name, -1 for neither.
func (f cronField) number(text string) int {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return i + f.low
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// wrong is the error for a field. Without a reason it says what would be right.
func (f cronField) wrong(text, reason string) error {
	if reason != "" {
		reason = " (" + reason + ")"
	}
	names := ""
	if f.names != nil {
		names = fmt.Sprintf(", names from %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return fmt.Errorf("the %s %q is wrong%s: use *, numbers from %d to %d%s, ranges such as %[4]d-%[7]d, lists such as %[4]d,%[7]d, steps such as */%[7]d",
		f.name, text, reason, f.low, f.high, names, f.low+2)
}

// sundayLast writes an element of the day of the week in which Sunday is the
// last day (7, 5-7, fri-sun), as crontab(5) allows, without that.
func sundayLast(element string, names []string) string {
	span, step, stepped := strings.Cut(element, "/")
	if span == "7" {
		span = "0"
	}
	from, to, isRange := strings.Cut(span, "-")
	f := cronField{names: names}
	first, by := f.number(from), 1
	if stepped {
		by, _ = strconv.Atoi(step) // 0 when it is none, which leaves the element alone
	}
	if !isRange || (to != "7" && !strings.EqualFold(to, "sun")) || first < 0 || first > 7 || by < 1 || (first == 0 && to != "7") {
		if stepped {
			return span + "/" + step
		}
		return span
	}
	var days []string
	for day := first; day <= 7; day += by {
		days = append(days, strconv.Itoa(day%7))
	}
	return strings.Join(days, ",")
}
