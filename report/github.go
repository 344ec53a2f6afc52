package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"vitals/checks"
)

// writeGitHub prints workflow commands, which GitHub shows as annotations,
// after a plain line for each check.
func writeGitHub(w io.Writer, doc Document, _ View) error {
	var b bytes.Buffer
	for _, r := range worstFirst(doc.Results) {
		fmt.Fprintf(&b, "%-9s %s: %s\n", r.Status, Clean(r.Check), Clean(r.Summary))
	}
	for _, r := range worstFirst(doc.Results) {
		command := map[checks.Status]string{checks.Unhealthy: "error", checks.Unknown: "error", checks.Degraded: "warning"}[r.Status]
		if command == "" {
			continue
		}
		text := r.Summary
		if r.Error != "" && r.Error != r.Summary {
			text += "\n" + r.Error
		}
		if r.Hint != "" {
			text += "\n" + r.Hint
		}
		fmt.Fprintf(&b, "::%s title=%s::%s\n", command, githubProperty("vitals "+r.Check+" is "+r.Status.String()), githubData(text))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// githubData escapes what the runner's own toolkit escapes.
func githubData(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.ReplaceAll(Clean(lines[i]), "%", "%25")
	}
	return strings.Join(lines, "%0A")
}

func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C").Replace(Clean(s))
}
