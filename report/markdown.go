package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"vitals/checks"
)

// writeMarkdown prints a heading, a table of all checks, and a section for each
// that is not healthy.
func writeMarkdown(w io.Writer, doc Document, v View) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## Vitals: %s\n\n%s (%s, took %s)\n\n", doc.Status, tally(doc.Results), humanTime(doc.Timestamp, v.location()), HumanDuration(doc.Duration))
	b.WriteString("| | check | status | summary | took |\n|---|---|---|---|---:|\n")
	results := worstFirst(doc.Results)
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", emoji(r.Status), mdText(r.Check), r.Status, mdText(r.Summary), HumanDuration(r.Duration))
	}
	for _, r := range results {
		if r.Status != checks.Healthy || v.Verbose || len(results) == 1 {
			mdDetails(&b, r, v)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func mdDetails(b *bytes.Buffer, r checks.Result, v View) {
	fmt.Fprintf(b, "\n### %s %s\n\n%s\n", emoji(r.Status), mdText(r.Check), mdText(r.Summary))
	for _, why := range reasons(r) {
		fmt.Fprintf(b, "\n**%s:** %s\n", sentenceCase(why.heading), mdText(why.text))
	}
	if len(r.Facts) > 0 {
		b.WriteString("\n| | |\n|---|---|\n")
		for _, f := range r.Facts {
			fmt.Fprintf(b, "| %s | %s |\n", mdText(label(f.Name)), mdText(HumanValue(f.Kind, f.Value, v.location())))
		}
	}
	for _, t := range r.Tables {
		b.WriteByte('\n')
		mdTable(b, t, v)
	}
}

func listMarkdown(w io.Writer, t checks.Table, v View) error {
	var b bytes.Buffer
	mdTable(&b, t, v)
	_, err := w.Write(b.Bytes())
	return err
}

func mdTable(b *bytes.Buffer, t checks.Table, v View) {
	header, rows := cells(t, v)
	mdRow(b, header)
	for _, c := range t.Columns {
		if rightAligned(c.Kind) {
			b.WriteString("|---:")
		} else {
			b.WriteString("|---")
		}
	}
	b.WriteString("|\n")
	for _, row := range rows {
		mdRow(b, row)
	}
}

func mdRow(b *bytes.Buffer, cells []string) {
	for _, c := range cells {
		b.WriteString("| " + mdText(c) + " ")
	}
	b.WriteString("|\n")
}

// mdText keeps outside text from being read as Markdown or HTML.
func mdText(s string) string { return mdEscapes().Replace(Clean(s)) }

var mdEscapes = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "&", "&amp;", "<", "&lt;", ">", "&gt;")
})

// sentenceCase writes the first letter large; for our own words only.
func sentenceCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func emoji(s checks.Status) string { return pick(s, "✅", "❔", "⚠️", "❌") }
