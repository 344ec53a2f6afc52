package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// writeGitHub prints workflow commands, which GitHub shows as annotations,
// after a plain line for each check.
func writeGitHub(w io.Writer, doc Document, _ View) error {
	var b bytes.Buffer
	for _, r := range worstFirst(doc.Results) {
		fmt.Fprintf(&b, "%-9s %s: %s\n", r.Status, Clean(r.Check), Clean(r.Summary))
	}
	for _, r := range worstFirst(doc.Results) {
		command := pick(weight(r), "", "error", "warning", "error")
		if command == "" {
			continue
		}
		text := Clean(r.Summary)
		for _, why := range reasons(r) {
			text += "\n" + why.heading + ": " + why.text
		}
		fmt.Fprintf(&b, "::%s title=%s::%s\n", command, githubProperty("vitals "+r.Check+" is "+r.Status.String()), githubData(text))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// githubData escapes what the runner's own toolkit escapes.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C").Replace(Clean(s))
}
