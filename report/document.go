// Package report turns results into what people and programs read: one file
// for each output format. It is also the one place where text from outside is
// cleaned of control sequences.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"vitals/checks"
)

// SchemaVersion is the version of the JSON document. It grows when a reader
// of the old form would misread the new one; added keys do not count.
const SchemaVersion = 1

// Document is what a command that looks at something prints.
type Document struct {
	Status    checks.Status
	Timestamp time.Time
	Duration  time.Duration
	Results   []checks.Result
}

// NewDocument gathers results; the status is their worst, as checks.Overall
// has it.
func NewDocument(results []checks.Result, started time.Time, duration time.Duration) Document {
	return Document{Status: checks.Overall(results), Timestamp: started, Duration: duration, Results: results}
}

// Point is one past result in a trend.
type Point struct {
	Time     time.Time
	Status   checks.Status
	Duration time.Duration
}

// View says how output is to look.
type View struct {
	Width    int                // columns of the terminal; 0 = no terminal, no limit
	Color    bool               // whether escape sequences for colour may be used
	ASCII    bool               // whether the terminal shows nothing but ASCII
	Verbose  bool               // facts and tables of healthy checks too
	Location *time.Location     // of all times; nil = local
	Trend    map[string][]Point // past results by check, oldest first; nil = none
}

func (v View) location() *time.Location {
	if v.Location == nil {
		return time.Local
	}
	return v.Location
}

// Format is one way of writing documents and lists.
type Format struct {
	Name        string
	Help        string // one line
	ContentType string
	Document    func(io.Writer, Document, View) error
	List        func(io.Writer, checks.Table, View) error // nil where the format has no lists
}

// Formats lists all formats by name.
func Formats() []Format {
	return []Format{
		{"csv", "one row a check; for one check with one table, that table's rows", "text/csv; charset=utf-8", writeCSV, listCSV},
		{"github", "annotations of a GitHub Actions run", "text/plain; charset=utf-8", writeGitHub, nil},
		{"html", "a page that stands by itself", "text/html; charset=utf-8", writeHTML, listHTML},
		{"json", "everything, for programs; see `vitals config schema --output-format`", "application/json", writeJSON, listJSON},
		{"junit", "JUnit XML, for CI servers", "application/xml", writeJUnit, nil},
		{"markdown", "for issues, chats and wikis", "text/markdown; charset=utf-8", writeMarkdown, listMarkdown},
		{"nagios", "a Nagios plugin's line, with perfdata", "text/plain; charset=utf-8", writeNagios, nil},
		{"prometheus", "Prometheus text, for node_exporter's textfile collector", "text/plain; version=0.0.4; charset=utf-8", writePrometheus, nil},
		{"table", "for people", "text/plain; charset=utf-8", writeTable, listTable},
		{"tap", "Test Anything Protocol, version 14", "text/plain; charset=utf-8", writeTAP, nil},
		{"yaml", "the same as json", "application/yaml", writeYAML, listYAML},
	}
}

// Lookup returns the format of a name. The error lists what there is.
func Lookup(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("%q is no output format: use one of %s", name, strings.Join(names, ", "))
}

// weight is what a result does to the whole: one that is not critical can
// degrade it and not fail it.
func weight(r checks.Result) checks.Status { return checks.Overall([]checks.Result{r}) }

// at returns a row's value in a column; nil where the row is too short.
func at(row []any, column int) any {
	if column < len(row) {
		return row[column]
	}
	return nil
}

// reason is one line of what explains a result.
type reason struct {
	heading, text string // lower case; both clean
}

// reasons says why a result is as it is and what to do next, beside its
// summary. It is empty for most that are healthy.
func reasons(r checks.Result) []reason {
	var all []reason
	if r.Error != "" && r.Error != r.Summary {
		all = append(all, reason{"error", Clean(r.Error)})
	}
	if len(r.FailedDependencies) > 0 {
		all = append(all, reason{"depends on", Clean(strings.Join(r.FailedDependencies, ", ")) + ", which failed as well: look there first"})
	}
	if r.Status == checks.Unhealthy && !r.Critical {
		all = append(all, reason{"not critical", "it degrades the whole and does not fail it"})
	}
	if r.Hint != "" {
		all = append(all, reason{"next", Clean(r.Hint)})
	}
	return all
}

// failed is the message of a result that is not healthy: why, or in its
// absence what.
func failed(r checks.Result) string {
	if r.Error != "" {
		return r.Error
	}
	return r.Summary
}
