package postgres

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxIdentifier is NAMEDATALEN - 1: the server cuts longer names off, so a
// longer one would silently mean another table.
const maxIdentifier = 63

// table is the name of a table, its parts as they are stored in the catalogue.
type table struct {
	schema string // "" to search as the role's search_path says
	name   string // "" for no table
}

// parseTable reads "table" or "schema.table". The parts are taken exactly as
// they are written, upper and lower case included; a part that holds a dot
// stands in double quotes.
func parseTable(text string) (table, error) {
	if text == "" {
		return table{}, nil
	}
	var parts []string
	for rest := text; ; {
		part, after, err := cutPart(rest)
		if err != nil {
			return table{}, err
		}
		parts = append(parts, part)
		if after == "" {
			break
		}
		rest = after[1:]
	}
	if len(parts) > 2 {
		return table{}, fmt.Errorf("expected table or schema.table, got %d parts; put a name that holds a dot in double quotes", len(parts))
	}
	for _, part := range parts {
		if err := checkIdentifier(part); err != nil {
			return table{}, err
		}
	}
	if len(parts) == 1 {
		return table{name: parts[0]}, nil
	}
	return table{schema: parts[0], name: parts[1]}, nil
}

// cutPart takes one part off; what is left is empty or begins with a dot.
func cutPart(text string) (part, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		i := strings.IndexByte(text, '.')
		if i < 0 {
			i = len(text)
		}
		return text[:i], text[i:], nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
			b.WriteByte(text[i])
		case strings.HasPrefix(text[i+1:], `"`):
			b.WriteByte('"')
			i++
		case i+1 == len(text) || text[i+1] == '.':
			return b.String(), text[i+1:], nil
		default:
			return "", "", errors.New("expected a dot after the closing double quote")
		}
	}
	return "", "", errors.New("a double quote is not closed")
}

func checkIdentifier(part string) error {
	switch {
	case part == "":
		return errors.New("expected table or schema.table, got an empty name")
	case len(part) > maxIdentifier:
		return fmt.Errorf("the name %.20q… is longer than the %d bytes that PostgreSQL allows", part, maxIdentifier)
	case !utf8.ValidString(part) || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the name %q holds a character that no name can have", part)
	case strings.TrimSpace(part) != part:
		return fmt.Errorf("the name %q begins or ends with a space", part)
	}
	return nil
}

// quoted is the name as it stands in SQL, safe whatever it holds.
func (t table) quoted() string {
	if t.schema == "" {
		return quoteIdentifier(t.name)
	}
	return quoteIdentifier(t.schema) + "." + quoteIdentifier(t.name)
}

// String is the name as people write it.
func (t table) String() string {
	if t.schema == "" {
		return t.name
	}
	return t.schema + "." + t.name
}

func quoteIdentifier(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
