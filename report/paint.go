package report

import (
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"vitals/checks"
)

// paint colours and marks text as the terminal allows. The colours are the
// terminal's own eight, so that every theme stays readable.
type paint struct {
	color, ascii bool
}

func newPaint(v View) paint { return paint{color: v.Color, ascii: v.ASCII} }

func (p paint) escape(code, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) dim(text string) string  { return p.escape("2", text) }
func (p paint) bold(text string) string { return p.escape("1", text) }

func (p paint) status(s checks.Status, text string) string {
	switch s {
	case checks.Healthy:
		return p.escape("32", text)
	case checks.Degraded:
		return p.escape("33", text)
	case checks.Unhealthy:
		return p.escape("1;31", text)
	}
	return p.escape("35", text)
}

// markWidth is how many columns a mark takes at most: where East Asian widths
// apply, not all of them take the same.
func (p paint) markWidth() int {
	widest := 0
	for _, s := range checks.Statuses() {
		widest = max(widest, width(p.mark(s)))
	}
	return widest
}

// mark is the sign of a status. Each differs in shape too: colour alone says
// nothing to many people, and nothing in a log.
func (p paint) mark(s checks.Status) string {
	if p.ascii {
		return pick(s, "OK  ", "??? ", "WARN", "FAIL")
	}
	return pick(s, "✓", "?", "▲", "✗")
}

// pick chooses the word of a status. A status that this version does not know,
// which a newer one may have left in the history, counts as unknown.
func pick(s checks.Status, healthy, unknown, degraded, unhealthy string) string {
	switch s {
	case checks.Healthy:
		return healthy
	case checks.Degraded:
		return degraded
	case checks.Unhealthy:
		return unhealthy
	}
	return unknown
}

// sparkline draws a trend: a block for each result, as high as its duration
// among the others, coloured by its status. Without colour a result that was
// not healthy is its mark. It returns how many columns it takes, too.
func (p paint) sparkline(points []Point) (line string, columns int) {
	blocks := []rune("▁▂▃▄▅▆▇█")
	if p.ascii {
		blocks = []rune("_.-=#")
	}
	var longest time.Duration
	for _, pt := range points {
		longest = max(longest, pt.Duration)
	}
	var b strings.Builder
	for _, pt := range points {
		block := string(blocks[0])
		if longest > 0 {
			share := float64(max(0, pt.Duration)) / float64(longest)
			block = string(blocks[int(share*float64(len(blocks)-1))])
		}
		if pt.Status != checks.Healthy && !p.color {
			block = newPaint(View{}).mark(pt.Status)
			if p.ascii {
				block = pick(pt.Status, "", "?", "!", "X")
			}
		}
		b.WriteString(p.status(pt.Status, block))
		columns += width(block)
	}
	return b.String(), columns
}

// width is the number of terminal columns a text takes.
func width(s string) int { return runewidth.StringWidth(s) }

func pad(s string, columns int) string { return s + strings.Repeat(" ", max(0, columns-width(s))) }

func padLeft(s string, columns int) string { return strings.Repeat(" ", max(0, columns-width(s))) + s }

// cut shortens a text to so many columns; 0 means no limit.
func cut(s string, columns int) string {
	if columns <= 0 || width(s) <= columns {
		return s
	}
	return runewidth.Truncate(s, columns, "…")
}

// wrap breaks a text into lines of at most so many columns, between words
// where it can; 0 means no limit.
func wrap(s string, columns int) []string {
	if columns <= 0 || width(s) <= columns {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for width(word) > columns {
			head := runewidth.Truncate(word, columns, "")
			if line != "" {
				lines = append(lines, line)
				line = ""
			}
			lines = append(lines, head)
			word = word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
