package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"vitals/checks"
)

// Error is one thing wrong with the configuration: where it stands, which key
// it concerns, and what was expected instead.
type Error struct {
	Place   Place
	Key     string // dotted, such as probes[1].timeout; "" when no single key is to blame
	Message string
}

// Error is the sentence: vitals.yaml:12: probes[1].timeout: "5" has no unit: write 5s.
func (e Error) Error() string {
	var parts []string
	if at := e.Place.String(); at != "" {
		parts = append(parts, at)
	}
	if e.Key != "" {
		parts = append(parts, e.Key)
	}
	return strings.Join(append(parts, e.Message), ": ")
}

// Errors is everything wrong with a configuration, in the order of the file,
// then the environment, then flags. No message contains a secret's value.
type Errors struct{ List []Error }

// Error lists all, one a line, below a heading when there are several.
func (e *Errors) Error() string {
	if len(e.List) == 1 {
		return e.List[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d errors:", len(e.List))
	for _, one := range e.List {
		b.WriteString("\n" + one.Error())
	}
	return b.String()
}

// Unwrap gives errors.As each single one.
func (e *Errors) Unwrap() []error {
	out := make([]error, len(e.List))
	for i := range e.List {
		out[i] = e.List[i]
	}
	return out
}

// Place is where a value was set. The zero Place is "nowhere": a default.
type Place struct {
	File     string // as shown to people, with Line; "" for other places
	Line     int    // from 1; 0 for the file as a whole
	column   int
	Variable string // the environment variable
	Flag     string // the flag of the command line, with its dashes
	via      string // the file that a secret was read from, "" for none
}

func (p Place) String() string {
	switch {
	case p.File != "" && p.Line > 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	case p.File != "":
		return p.File
	case p.Variable != "":
		return "environment " + p.Variable
	case p.Flag != "":
		return "flag " + p.Flag
	}
	return ""
}

// rank orders places: files, environment, flags.
func (p Place) rank() int {
	switch {
	case p.File != "":
		return 0
	case p.Variable != "":
		return 1
	case p.Flag != "":
		return 2
	}
	return 3
}

func comparePlaces(a, b Place) int {
	return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.column, b.column), cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.Flag, b.Flag))
}

// problems collects errors, and which keys already have one: what follows from
// a value that could not be read is not reported a second time.
type problems struct {
	list    []Error
	more    int // that were not kept
	secrets []checks.Secret
}

// full tells that more errors will not be shown, so that finding good words
// for them is in vain: a megabyte of anything can hold a hundred thousand.
func (p *problems) full() bool { return len(p.list) >= maxErrors }

func (p *problems) add(at Place, key, format string, args ...any) {
	if p.full() {
		p.more++
		return
	}
	p.list = append(p.list, Error{Place: at, Key: key, Message: fmt.Sprintf(format, args...)})
}

// any tells whether there is an error at all.
func (p *problems) any() bool { return len(p.list) > 0 }

// blames tells whether the key, something inside it or something around it
// already has an error.
func (p *problems) blames(key string) bool {
	return slices.ContainsFunc(p.list, func(e Error) bool { return e.Key != "" && (within(key, e.Key) || within(e.Key, key)) })
}

// within tells whether a key is the other one or inside it.
func within(key, section string) bool {
	rest, ok := strings.CutPrefix(key, section)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// err is nil without problems. Otherwise messages are freed of secrets: they
// quote what people wrote, and people write secrets in wrong places.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	redactor := checks.NewRedactor(p.secrets...)
	for i, e := range p.list {
		// The examples in messages look like addresses with a password too.
		p.list[i].Message = strings.ReplaceAll(redactor.Redact(e.Message), "user:[hidden]@", "user:password@")
	}
	slices.SortStableFunc(p.list, func(a, b Error) int { return comparePlaces(a.Place, b.Place) })
	list := slices.Compact(p.list)
	if p.more > 0 {
		list = append(list, Error{Message: fmt.Sprintf("and %d more", p.more)})
	}
	return &Errors{List: list}
}

// maxErrors bounds what is reported: a file that is no configuration at all is
// wrong on every line.
const maxErrors = 100
