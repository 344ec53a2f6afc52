package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// step is one step into a JSON value: to a member of an object, or to an
// element of a list, from its end when negative.
type step struct {
	name    string
	index   int
	isIndex bool
}

// parsePath reads a path such as $.data.items[0]['odd name'].id. The leading
// "$" may be left out. Only steps to one value are known; filters, slices and
// wildcards of JSONPath are not.
func parsePath(text string) ([]step, error) {
	if text == "" {
		return nil, errors.New("is missing; write $.status or $.items[0].name")
	}
	rest := text
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		rest = after
	} else if rest[0] != '[' && rest[0] != '.' {
		rest = "." + rest
	}
	var path []step
	for rest != "" {
		s, after, err := nextStep(rest)
		if err != nil {
			return nil, fmt.Errorf("%q is not a path at %q: %w", text, rest, err)
		}
		path, rest = append(path, s), after
	}
	return path, nil
}

func nextStep(text string) (step, string, error) {
	switch {
	case strings.HasPrefix(text, "['"), strings.HasPrefix(text, `["`):
		return quotedStep(text)
	case text[0] == '[':
		inside, after, ok := strings.Cut(text[1:], "]")
		if !ok {
			return step{}, "", errors.New("expected ]")
		}
		n, err := strconv.Atoi(inside)
		if err != nil {
			return step{}, "", errors.New("expected a whole number, or a name in quotes, between [ and ]")
		}
		return step{index: n, isIndex: true}, after, nil
	case text[0] == '.':
		name := text[1:]
		if end := strings.IndexAny(name, ".["); end >= 0 {
			name = name[:end]
		}
		if name == "" || name == "*" {
			return step{}, "", errors.New("expected a name after the dot")
		}
		return step{name: name}, text[1+len(name):], nil
	}
	return step{}, "", errors.New("expected a dot or [")
}

// quotedStep reads ['name'] or ["name"], in which a backslash stands before a
// quote or a backslash that belongs to the name.
func quotedStep(text string) (step, string, error) {
	quote := text[1]
	var name strings.Builder
	for i := 2; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			name.WriteByte(text[i])
		case text[i] == quote:
			after, ok := strings.CutPrefix(text[i+1:], "]")
			if !ok {
				return step{}, "", errors.New("expected ] after the quote")
			}
			return step{name: name.String()}, after, nil
		default:
			name.WriteByte(text[i])
		}
	}
	return step{}, "", errors.New("expected a closing quote")
}

// String writes a step so that parsePath reads it again.
func (s step) String() string {
	if s.isIndex {
		return "[" + strconv.Itoa(s.index) + "]"
	}
	return "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.name) + "']"
}

// walk follows a path from a value. When it leads nowhere the text says where
// it ended.
func walk(value any, path []step) (any, string) {
	at := "$"
	for _, s := range path {
		switch v := value.(type) {
		case map[string]any:
			member, ok := v[s.name]
			if s.isIndex || !ok {
				return nil, at + " has no " + s.word()
			}
			value = member
		case []any:
			i := s.index
			if i < 0 {
				i += len(v)
			}
			if !s.isIndex || i < 0 || i >= len(v) {
				return nil, fmt.Sprintf("%s, a list of %d, has no %s", at, len(v), s.word())
			}
			value = v[i]
		default:
			return nil, at + " is " + shownJSON(value) + " and has no " + s.word()
		}
		at += s.short()
	}
	return value, ""
}

func (s step) word() string {
	if s.isIndex {
		return "element " + strconv.Itoa(s.index)
	}
	return strconv.Quote(s.name)
}

// short writes a step as people do.
func (s step) short() string {
	if s.isIndex || s.name == "" || strings.ContainsAny(s.name, ".[]'\"\\ $*") {
		return s.String()
	}
	return "." + s.name
}
