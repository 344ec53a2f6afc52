package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"vitals/checks"
)

// writeNagios prints what the plugin guidelines ask for: one line with the
// status word, a summary and perfdata, then the long output.
func writeNagios(w io.Writer, doc Document, _ View) error {
	var b bytes.Buffer
	results := worstFirst(doc.Results)
	fmt.Fprintf(&b, "%s: %s", nagiosWord(doc.Status), nagiosText(nagiosSummary(doc, results)))
	if perf := perfdata(doc.Results); perf != "" {
		b.WriteString(" | " + perf)
	}
	b.WriteByte('\n')
	if len(results) > 1 {
		for _, r := range results {
			fmt.Fprintf(&b, "%s %s: %s\n", nagiosWord(weight(r)), nagiosText(r.Check), nagiosText(r.Summary))
		}
	}
	for _, r := range results {
		for _, why := range reasons(r) {
			fmt.Fprintf(&b, "%s: %s: %s\n", nagiosText(r.Check), why.heading, nagiosText(why.text))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func nagiosSummary(doc Document, results []checks.Result) string {
	if len(results) == 1 {
		return results[0].Check + ": " + results[0].Summary
	}
	if doc.Status == checks.Healthy || len(results) == 0 {
		return tally(doc.Results)
	}
	return tally(doc.Results) + "; " + results[0].Check + ": " + results[0].Summary
}

func nagiosWord(s checks.Status) string {
	return pick(s, "OK", "UNKNOWN", "WARNING", "CRITICAL")
}

// nagiosText keeps the bar free for perfdata.
func nagiosText(s string) string { return strings.ReplaceAll(Clean(s), "|", "/") }

// perfdata lists every number with its unit and limits.
func perfdata(results []checks.Result) string {
	var parts []string
	for _, r := range results {
		for _, f := range r.Facts {
			value, ok := f.Float()
			if !ok || f.Kind == checks.KindTime || math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			name := f.Name
			if len(results) > 1 {
				name = r.Check + "." + name
			}
			part := "'" + strings.NewReplacer("'", "''", "=", "_", "|", "/").Replace(Clean(name)) + "'=" + plainNumber(value) + perfUnit(f.Kind)
			if f.Limits != nil {
				part += strings.TrimRight(";"+limitText(f.Limits.Degraded)+";"+limitText(f.Limits.Unhealthy), ";")
			}
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// limitText is empty for a limit of 0, which means never.
func limitText(v float64) string {
	if v == 0 {
		return ""
	}
	return plainNumber(v)
}

func perfUnit(k checks.Kind) string {
	switch k {
	case checks.KindBytes:
		return "B"
	case checks.KindDuration:
		return "s"
	case checks.KindPercent:
		return "%"
	}
	return ""
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
