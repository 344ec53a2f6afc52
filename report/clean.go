package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside (queries, paths, user agents, log lines) safe
// to show: invalid UTF-8, control characters and the marks that reorder text
// become the replacement character; line breaks and tabs become spaces, since
// everything shown is one line.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		case r == utf8.RuneError || unicode.IsControl(r) || reorders(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isPlain is the fast way out for nearly all text.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// reorders tells whether a character changes the direction of what follows or
// hides: with these, what is read is not what is there (CVE-2021-42574).
func reorders(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r == 0x061c ||
		r >= 0xe0000 && r <= 0xe007f
}
