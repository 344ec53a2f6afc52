package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"vitals/checks"
)

// writeTAP prints version 14 of the Test Anything Protocol. Unhealthy and
// unknown are not ok, for a gate that learnt nothing must not pass; degraded is
// ok with a diagnostic.
func writeTAP(w io.Writer, doc Document, _ View) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", len(doc.Results))
	for i, r := range doc.Results {
		word := "ok"
		if r.Status == checks.Unhealthy || r.Status == checks.Unknown {
			word = "not ok"
		}
		fmt.Fprintf(&b, "%s %d - %s\n", word, i+1, strings.ReplaceAll(Clean(r.Check), "#", `\#`))
		if r.Status == checks.Healthy {
			continue
		}
		fmt.Fprintf(&b, "  ---\n  status: %s\n  summary: %s\n", r.Status, strconv.Quote(Clean(r.Summary)))
		if r.Error != "" {
			fmt.Fprintf(&b, "  error: %s\n", strconv.Quote(Clean(r.Error)))
		}
		b.WriteString("  ...\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}
