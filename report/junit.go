package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"time"

	"vitals/checks"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name       string          `xml:"name,attr"`
	Class      string          `xml:"classname,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Failure    *junitProblem   `xml:"failure"`
	Error      *junitProblem   `xml:"error"`
	Out        string          `xml:"system-out,omitempty"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit prints a test case for each check. A failure is what makes the
// exit code 2, and an error what makes it 3, whatever --fail-on says: a critical
// check that is unhealthy, and one that could not be carried out, for a gate
// that learnt nothing must not pass. Degraded, and unhealthy where it is not
// critical, pass with a word in their output, since JUnit has nothing between.
// The status stands in a property of every case.
func writeJUnit(w io.Writer, doc Document, v View) error {
	s := junitSuite{
		Name: "vitals", Tests: len(doc.Results), Time: seconds(doc.Duration),
		Stamp: doc.Timestamp.In(v.location()).Format(time.RFC3339),
	}
	for _, r := range doc.Results {
		c := junitCase{Name: Clean(r.Check), Class: "vitals", Time: seconds(r.Duration)}
		c.Properties = []junitProperty{{"status", r.Status.String()}, {"critical", strconv.FormatBool(r.Critical)}}
		problem := &junitProblem{Message: Clean(r.Summary), Type: r.Status.String(), Text: junitText(r)}
		switch weight(r) {
		case checks.Unhealthy:
			c.Failure = problem
			s.Failures++
		case checks.Unknown:
			c.Error = problem
			s.Errors++
		case checks.Degraded:
			c.Out = r.Status.String() + ": " + junitText(r)
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitText is the summary and what explains it, a line each.
func junitText(r checks.Result) string {
	text := Clean(r.Summary)
	for _, why := range reasons(r) {
		text += "\n" + why.heading + ": " + why.text
	}
	return text
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
