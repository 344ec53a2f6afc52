package checks

import "log/slog"

// Secret is a text that must never be shown: a password, a token, or an
// address that may hold one. Printing, logging or marshalling it gives a mark
// in its place. In the configuration every key of this type has a sibling
// ending in _file that names a file to read it from.
type Secret string

const hidden = "[hidden]"

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text; an empty secret stays empty, so that one can see
// whether it is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the text from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
