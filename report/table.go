package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"vitals/checks"
)

// writeTable is what people see first: the verdict, a line for each check with
// the worst first, and below it whatever explains those that are not healthy.
func writeTable(w io.Writer, doc Document, v View) error {
	var b bytes.Buffer
	p := newPaint(v)
	results := worstFirst(doc.Results)
	verdict := strings.ToUpper(doc.Status.String())
	when := humanTime(doc.Timestamp, v.Location) + ", took " + HumanDuration(doc.Duration)
	gap := "  "
	if v.Width > 0 && width(verdict)+width(tally(doc.Results))+width(when)+4 > v.Width {
		gap = "\n"
	}
	fmt.Fprintf(&b, "%s  %s%s%s\n\n", p.status(doc.Status, verdict), tally(doc.Results), gap, p.dim(when))
	writeLines(&b, results, v, p)
	for _, r := range results {
		if r.Status != checks.Healthy || v.Verbose || len(results) == 1 {
			writeDetails(&b, r, v, p, len(results) == 1)
		}
	}
	return deliver(w, &b, v)
}

// deliver writes what was drawn, in ASCII where nothing else can be shown.
func deliver(w io.Writer, b *bytes.Buffer, v View) error {
	text := b.Bytes()
	if v.ASCII {
		text = bytes.Map(toASCII, text)
	}
	_, err := w.Write(text)
	return err
}

// toASCII finds the nearest character of the same width.
func toASCII(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r == '…':
		return '~'
	case strings.ContainsRune("—–─╴╶", r):
		return '-'
	case strings.ContainsRune("│┤┼", r):
		return '|'
	case strings.ContainsRune("╭╮╰╯", r):
		return '.'
	case r == 'µ':
		return 'u'
	}
	return '?'
}

// worstFirst orders results by how much they matter, and leaves those of equal
// weight in their order.
func worstFirst(results []checks.Result) []checks.Result {
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b checks.Result) int {
		if a.Status != b.Status {
			return int(b.Status) - int(a.Status)
		}
		switch {
		case a.Critical == b.Critical:
			return 0
		case a.Critical:
			return -1
		}
		return 1
	})
	return sorted
}

// tally counts the results of each status: 1 unhealthy, 5 healthy.
func tally(results []checks.Result) string {
	var parts []string
	for _, s := range slices.Backward(checks.Statuses()) {
		n := 0
		for _, r := range results {
			if r.Status == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// writeLines writes the line of each check: mark, name, summary, trend and
// duration. The summary gets the room that is left.
func writeLines(b *bytes.Buffer, results []checks.Result, v View, p paint) {
	names, trends, times := 0, 0, 0
	for _, r := range results {
		names = max(names, width(Clean(r.Check)))
		trends = max(trends, len(v.Trend[r.Check]))
		times = max(times, width(HumanDuration(r.Duration)))
	}
	room := 0
	if v.Width > 0 {
		room = max(20, v.Width-names-times-8-trends-min(trends, 1)*2)
	}
	summaries := 0
	for _, r := range results {
		summaries = max(summaries, width(cut(Clean(r.Summary), room)))
	}
	for _, r := range results {
		summary := cut(Clean(r.Summary), room)
		fmt.Fprintf(b, "  %s %s  %s", p.status(r.Status, p.mark(r.Status)), pad(Clean(r.Check), names), summary)
		b.WriteString(strings.Repeat(" ", max(0, summaries-width(summary))+2))
		if trends > 0 {
			points := v.Trend[r.Check]
			b.WriteString(strings.Repeat(" ", trends-len(points)) + p.sparkline(points) + "  ")
		}
		b.WriteString(p.dim(padLeft(HumanDuration(r.Duration), times)) + "\n")
	}
}

// writeDetails writes what explains one check.
func writeDetails(b *bytes.Buffer, r checks.Result, v View, p paint, alone bool) {
	fmt.Fprintf(b, "\n%s %s\n", p.status(r.Status, p.mark(r.Status)), p.bold(Clean(r.Check)))
	writeWrapped(b, "", Clean(r.Summary), v, p)
	if r.Error != "" && r.Error != r.Summary {
		writeWrapped(b, "error: ", Clean(r.Error), v, p)
	}
	if len(r.FailedDependencies) > 0 {
		writeWrapped(b, "depends on: ", strings.Join(r.FailedDependencies, ", ")+", which failed as well: look there first", v, p)
	}
	if r.Hint != "" {
		writeWrapped(b, "next: ", Clean(r.Hint), v, p)
	}
	writeFacts(b, r, v, p)
	for _, t := range r.Tables {
		writeResultTable(b, t, v, p, alone)
	}
}

func writeWrapped(b *bytes.Buffer, heading, text string, v View, p paint) {
	room := 0
	if v.Width > 0 {
		room = max(30, v.Width-4-width(heading))
	}
	for i, line := range wrap(text, room) {
		if i == 0 {
			fmt.Fprintf(b, "    %s%s\n", p.dim(heading), line)
		} else {
			fmt.Fprintf(b, "    %s%s\n", strings.Repeat(" ", width(heading)), line)
		}
	}
}

// writeFacts writes names and values in two aligned columns. What does not
// apply here, such as the certificate of a page without TLS, is left out;
// --verbose and a result that could not be told show it.
func writeFacts(b *bytes.Buffer, r checks.Result, v View, p paint) {
	facts := slices.DeleteFunc(slices.Clone(r.Facts), func(f checks.Fact) bool {
		return f.Value == nil && !v.Verbose && r.Status != checks.Unknown
	})
	names := 0
	for _, f := range facts {
		names = max(names, width(label(f.Name)))
	}
	for _, f := range facts {
		room := 0
		if v.Width > 0 {
			room = max(20, v.Width-names-8)
		}
		fmt.Fprintf(b, "    %s  %s\n", p.dim(pad(label(f.Name), names)), cut(HumanValue(f.Kind, f.Value, v.location()), room))
	}
}

// maxRows is how many rows of a table stand below a check among others; alone,
// a check shows all it has.
const maxRows = 10

func writeResultTable(b *bytes.Buffer, t checks.Table, v View, p paint, all bool) {
	if len(t.Rows) == 0 {
		return
	}
	left := 0
	if !all && len(t.Rows) > maxRows {
		left = len(t.Rows) - maxRows
		t.Rows = t.Rows[:maxRows]
	}
	b.WriteByte('\n')
	renderTable(b, t, v, p, "    ")
	if left > 0 {
		fmt.Fprintf(b, "    %s\n", p.dim(fmt.Sprintf("and %d more: vitals check with the check's name shows all", left)))
	}
}

// listTable prints a list.
func listTable(w io.Writer, t checks.Table, v View) error {
	var b bytes.Buffer
	if len(t.Rows) == 0 {
		fmt.Fprintf(&b, "No %s.\n", label(t.Name))
	} else {
		renderTable(&b, t, v, newPaint(v), "")
	}
	return deliver(w, &b, v)
}
