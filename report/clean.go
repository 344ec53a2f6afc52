package report

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside (queries, paths, user agents, log lines) safe
// to show: sequences that colour text or move the cursor are taken out; every
// other control character, invalid UTF-8 and the marks that reorder text
// become the replacement character, so that what somebody tried to hide is
// seen; line breaks and tabs become spaces, since everything shown is one line.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	if strings.ContainsAny(s, "\x1b\u009b") {
		s = controlSequence().ReplaceAllString(s, "")
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	before := rune(0)
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			r = ' '
		case r == utf8.RuneError || unicode.IsControl(r) || reorders(r) || joins(r) && !joinable(before):
			r = utf8.RuneError
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// controlSequence matches what ECMA-48 calls a control sequence: an
// introducer, parameters, and one final character. It carries no text, unlike
// the longer strings that set a title or a link.
var controlSequence = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]")
})

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
	return r == 0x200b || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f ||
		r == 0xfeff || r == 0x061c || r >= 0xe0000 && r <= 0xe007f
}

// joins tells whether a character is one of the two joiners. Hindi, Persian
// and many emoji need them; anywhere else they only hide.
func joins(r rune) bool { return r == 0x200c || r == 0x200d }

func joinable(before rune) bool {
	return before > 0x7f && before != utf8.RuneError && !joins(before) && !unicode.IsSpace(before)
}

// CleanText is Clean for text of several lines, which stay lines.
func CleanText(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		text, ended := strings.CutSuffix(line, "\n")
		b.WriteString(Clean(strings.TrimSuffix(text, "\r")))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
