package report

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"vitals/checks"
)

// writeCSV writes a row for each check. A single check with a single table is
// asked about for that table, so its rows are what is written.
func writeCSV(w io.Writer, doc Document, v View) error {
	if len(doc.Results) == 1 && len(doc.Results[0].Tables) == 1 {
		return listCSV(w, doc.Results[0].Tables[0], v)
	}
	t := checks.Table{Columns: []checks.Column{
		{Name: "check"}, {Name: "status"}, {Name: "critical", Kind: checks.KindBool}, {Name: "summary"},
		{Name: "started", Kind: checks.KindTime}, {Name: "duration", Kind: checks.KindDuration}, {Name: "error"},
	}}
	for _, r := range doc.Results {
		t.Add(r.Check, r.Status.String(), r.Critical, r.Summary, r.Started, r.Duration, r.Error)
	}
	return listCSV(w, t, v)
}

// listCSV writes keys as the header and bare values in base units.
func listCSV(w io.Writer, t checks.Table, v View) error {
	out := csv.NewWriter(w)
	if err := out.Write(columnKeys(t)); err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := out.Write(csvRow(row, len(t.Columns), v.location())); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(row []any, columns int, loc *time.Location) []string {
	line := make([]string, columns)
	for i := range line {
		value := at(row, i)
		line[i] = bareValue(value, loc)
		if _, isText := value.(string); isText {
			line[i] = inert(line[i])
		}
	}
	return line
}

// inert keeps a spreadsheet from taking outside text for a formula. Some trim
// spaces first, and some read the full-width forms as well.
func inert(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(s))
	if first != utf8.RuneError && strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + s
	}
	return s
}
