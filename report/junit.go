package report

import (
	"encoding/xml"
	"fmt"
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
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit prints a test case for each check. Unhealthy is a failure and
// unknown an error; degraded passes here with a word in its output, since
// JUnit has nothing between.
func writeJUnit(w io.Writer, doc Document, v View) error {
	s := junitSuite{
		Name: "vitals", Tests: len(doc.Results), Time: seconds(doc.Duration),
		Stamp: doc.Timestamp.In(v.location()).Format(time.RFC3339),
	}
	for _, r := range doc.Results {
		c := junitCase{Name: Clean(r.Check), Class: "vitals", Time: seconds(r.Duration)}
		problem := &junitProblem{Message: Clean(r.Summary), Type: r.Status.String(), Text: Clean(failed(r))}
		switch r.Status {
		case checks.Unhealthy:
			c.Failure = problem
			s.Failures++
		case checks.Unknown:
			c.Error = problem
			s.Errors++
		case checks.Degraded:
			c.Out = fmt.Sprintf("degraded: %s", Clean(r.Summary))
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

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
