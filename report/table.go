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
	writeVerdict(&b, doc, v, p)
	whole := writeLines(&b, results, v, p)
	for _, r := range results {
		switch {
		case len(results) == 1:
			writeAlone(&b, r, v, p, whole)
		case r.Status != checks.Healthy || v.Verbose:
			fmt.Fprintf(&b, "\n%s %s\n", p.status(r.Status, p.mark(r.Status)), p.bold(Clean(r.Check)))
			writeWrapped(&b, "", Clean(r.Summary), v, p)
			writeDetails(&b, r, v, p, maxRows)
		}
	}
	return deliver(w, &b, v)
}

// writeVerdict writes the line that a person in a hurry reads.
func writeVerdict(b *bytes.Buffer, doc Document, v View, p paint) {
	verdict, count := strings.ToUpper(doc.Status.String()), ""
	if len(doc.Results) != 1 {
		count = "  " + tally(doc.Results)
	}
	when := humanTime(doc.Timestamp, v.location()) + ", took " + HumanDuration(doc.Duration)
	gap := "  "
	if v.Width > 0 && width(verdict+count+when)+2 > v.Width {
		gap = "\n"
	}
	fmt.Fprintf(b, "%s%s%s%s\n\n", p.status(doc.Status, verdict), count, gap, p.dim(when))
}

// writeAlone writes what a single check has to say below its line, all of it,
// and repeats nothing but a summary that was cut.
func writeAlone(b *bytes.Buffer, r checks.Result, v View, p paint, whole bool) {
	var details bytes.Buffer
	if !whole {
		writeWrapped(&details, "", Clean(r.Summary), v, p)
	}
	writeDetails(&details, r, v, p, 0)
	if details.Len() > 0 {
		b.WriteByte('\n')
		b.Write(bytes.TrimLeft(details.Bytes(), "\n"))
	}
}

// deliver writes what was drawn, in ASCII where nothing else can be shown.
func deliver(w io.Writer, b *bytes.Buffer, v View) error {
	if v.ASCII {
		_, err := io.WriteString(w, toASCII(b.String()))
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// toASCII finds the nearest characters of the same width.
func toASCII(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r == '…':
			b.WriteByte('~')
		case strings.ContainsRune("—–─╴╶", r):
			b.WriteByte('-')
		case strings.ContainsRune("│┤┼", r):
			b.WriteByte('|')
		case strings.ContainsRune("╭╮╰╯", r):
			b.WriteByte('.')
		case r == 'µ':
			b.WriteByte('u')
		default:
			b.WriteString(strings.Repeat("?", width(string(r))))
		}
	}
	return b.String()
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
	if len(parts) == 0 {
		return "no checks"
	}
	return strings.Join(parts, ", ")
}

// minTrend is the narrowest terminal that has room for trends.
const minTrend = 100

// minSummary is the narrowest a summary is cut to; then names are cut too.
const minSummary = 20

// line is what stands in one line of the list, clean but not yet cut.
type line struct {
	check, summary, trend, took string
	trendWidth                  int
}

// writeLines writes the line of each check: mark, name, summary, trend and
// duration. The summary gets the room that is left. It tells whether all
// summaries could be shown whole.
func writeLines(b *bytes.Buffer, results []checks.Result, v View, p paint) (whole bool) {
	lines := make([]line, len(results))
	names, summaries, trends, times := 0, 0, 0, 0
	for i, r := range results {
		l := line{check: Clean(r.Check), summary: Clean(r.Summary), took: HumanDuration(r.Duration)}
		if v.Width >= minTrend {
			l.trend, l.trendWidth = p.sparkline(v.Trend[r.Check])
		}
		names, summaries = max(names, width(l.check)), max(summaries, width(l.summary))
		trends, times = max(trends, l.trendWidth), max(times, width(l.took))
		lines[i] = l
	}
	whole = true
	if v.Width > 0 {
		room := v.Width - p.markWidth() - times - trends - min(trends, 1)*2 - 7
		names = min(names, max(minCell, room-minSummary))
		whole = summaries <= room-names
		summaries = min(summaries, max(minSummary, room-names))
	}
	for i, r := range results {
		l := lines[i]
		b.WriteString("  " + p.status(r.Status, pad(p.mark(r.Status), p.markWidth())) + " ")
		b.WriteString(pad(cut(l.check, names), names) + "  " + pad(cut(l.summary, summaries), summaries) + "  ")
		if trends > 0 {
			b.WriteString(strings.Repeat(" ", trends-l.trendWidth) + l.trend + "  ")
		}
		b.WriteString(p.dim(padLeft(l.took, times)) + "\n")
	}
	return whole
}

// writeDetails writes what explains one check: reasons, facts, and so many
// rows of each table; 0 means all.
func writeDetails(b *bytes.Buffer, r checks.Result, v View, p paint, rows int) {
	for _, why := range reasons(r) {
		writeWrapped(b, why.heading+": ", why.text, v, p)
	}
	writeFacts(b, r, v, p)
	for _, t := range r.Tables {
		writeResultTable(b, t, v, p, rows, r.Check)
	}
}

func writeWrapped(b *bytes.Buffer, heading, text string, v View, p paint) {
	room := 0
	if v.Width > 0 {
		room = max(minSummary, v.Width-4-width(heading))
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
	names, room := 0, 0
	for _, f := range facts {
		names = max(names, width(label(f.Name)))
	}
	if v.Width > 0 {
		names = min(names, max(minCell, v.Width/2))
		room = max(minSummary, v.Width-names-6)
	}
	for _, f := range facts {
		fmt.Fprintf(b, "    %s  %s\n", p.dim(pad(cut(label(f.Name), names), names)), cut(HumanValue(f.Kind, f.Value, v.location()), room))
	}
}

// maxRows is how many rows of a table stand below a check among others; alone,
// a check shows all it has.
const maxRows = 10

func writeResultTable(b *bytes.Buffer, t checks.Table, v View, p paint, limit int, check string) {
	if len(t.Rows) == 0 {
		return
	}
	left := 0
	if limit > 0 && len(t.Rows) > limit {
		left = len(t.Rows) - limit
		t.Rows = t.Rows[:limit]
	}
	b.WriteByte('\n')
	renderTable(b, t, v, p, "    ")
	if left > 0 {
		writeWrapped(b, "", fmt.Sprintf("and %d more: vitals check %s shows all", left, Clean(check)), v, p)
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
