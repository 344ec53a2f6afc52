package report

import (
	_ "embed"
	"html/template"
	"io"
	"sync"

	"vitals/checks"
)

//go:embed page.html.tmpl
var pageText string

var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Parse(pageText)
})

// htmlPage is what the page's template prints.
type htmlPage struct {
	Title, Status, Tally, When, Took string
	Results                          []htmlResult
	List                             *htmlTable
}

type htmlResult struct {
	Check, Status, Mark, Summary, Took string
	Open                               bool
	Reasons, Facts                     [][2]string
	Tables                             []htmlTable
}

type htmlTable struct {
	Name   string
	Header []htmlCell
	Rows   [][]htmlCell
}

type htmlCell struct {
	Text, Class string
}

// writeHTML prints a page that needs nothing from elsewhere.
func writeHTML(w io.Writer, doc Document, v View) error {
	page := htmlPage{
		Title: "Vitals: " + doc.Status.String(), Status: doc.Status.String(), Tally: tally(doc.Results),
		When: humanTime(doc.Timestamp, v.location()), Took: HumanDuration(doc.Duration),
	}
	for _, r := range worstFirst(doc.Results) {
		page.Results = append(page.Results, htmlOf(r, v, len(doc.Results) == 1))
	}
	return render(w, page)
}

func htmlOf(r checks.Result, v View, alone bool) htmlResult {
	h := htmlResult{
		Check: Clean(r.Check), Status: r.Status.String(), Mark: newPaint(View{}).mark(r.Status), Summary: Clean(r.Summary),
		Took: HumanDuration(r.Duration), Open: alone || r.Status != checks.Healthy || v.Verbose,
	}
	for _, why := range reasons(r) {
		h.Reasons = append(h.Reasons, [2]string{sentenceCase(why.heading), why.text})
	}
	for _, f := range r.Facts {
		h.Facts = append(h.Facts, [2]string{label(f.Name), HumanValue(f.Kind, f.Value, v.location())})
	}
	for _, t := range r.Tables {
		h.Tables = append(h.Tables, htmlTableOf(t, v))
	}
	return h
}

func htmlTableOf(t checks.Table, v View) htmlTable {
	header, rows := cells(t, v)
	h := htmlTable{Name: label(t.Name)}
	for i, text := range header {
		h.Header = append(h.Header, htmlCell{text, cellClass(t.Columns[i].Kind)})
	}
	for _, row := range rows {
		line := make([]htmlCell, len(row))
		for i, text := range row {
			line[i] = htmlCell{text, cellClass(t.Columns[i].Kind)}
		}
		h.Rows = append(h.Rows, line)
	}
	return h
}

// cellClass is the page's class for cells of a kind: only text may wrap.
func cellClass(k checks.Kind) string {
	switch {
	case k == checks.KindText:
		return "text"
	case rightAligned(k):
		return "number"
	}
	return "short"
}

func listHTML(w io.Writer, t checks.Table, v View) error {
	list := htmlTableOf(t, v)
	return render(w, htmlPage{Title: "Vitals: " + list.Name, List: &list})
}

func render(w io.Writer, page htmlPage) error {
	t, err := pageTemplate()
	if err != nil {
		return err
	}
	return t.Execute(w, page)
}
