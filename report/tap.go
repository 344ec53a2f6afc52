package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"vitals/checks"
)

// writeTAP prints version 14 of the Test Anything Protocol. It is not ok what
// JUnit has a failure or an error for; what else is not healthy has a diagnostic.
func writeTAP(w io.Writer, doc Document, _ View) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", len(doc.Results))
	for i, r := range doc.Results {
		word := "ok"
		if s := weight(r); s == checks.Unhealthy || s == checks.Unknown {
			word = "not ok"
		}
		fmt.Fprintf(&b, "%s %d - %s\n", word, i+1, tapName(r.Check))
		if r.Status == checks.Healthy {
			continue
		}
		fmt.Fprintf(&b, "  ---\n  status: %s\n  summary: %s\n", r.Status, strconv.Quote(Clean(r.Summary)))
		for _, why := range reasons(r) {
			fmt.Fprintf(&b, "  %s: %s\n", strings.ReplaceAll(why.heading, " ", "_"), strconv.Quote(why.text))
		}
		b.WriteString("  ...\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// tapName escapes what would begin a directive: a name must not be able to
// mark its own test as one to skip.
func tapName(check string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(Clean(check))
}
