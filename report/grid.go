package report

import (
	"bytes"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"vitals/checks"
)

// renderTable draws a table without borders, numbers to the right, the widest
// text column cut until all fits the terminal. Where it cannot fit, each row
// becomes a block of names and values.
func renderTable(b *bytes.Buffer, t checks.Table, v View, p paint, indent string) {
	header, rows := cells(t, v)
	if v.Width > 0 && !fit(header, rows, t.Columns, v.Width-len(indent)) {
		renderBlocks(b, header, rows, v, p, indent)
		return
	}
	align := make(tw.Alignment, len(t.Columns))
	for i, c := range t.Columns {
		align[i] = tw.AlignLeft
		if rightAligned(c.Kind) {
			align[i] = tw.AlignRight
		}
	}
	var grid bytes.Buffer
	table := tablewriter.NewTable(&grid,
		tablewriter.WithEastAsian(eastAsian()), // as width counts, or columns would not meet
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  symbols(v),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}, Lines: tw.Lines{ShowHeaderLine: tw.Off}},
		})),
		tablewriter.WithConfig(tablewriter.Config{
			Header: tw.CellConfig{Formatting: tw.CellFormatting{AutoFormat: tw.Off}, Alignment: tw.CellAlignment{PerColumn: align}, Padding: tw.CellPadding{Global: tw.Padding{Right: "  ", Overwrite: true}}},
			Row:    tw.CellConfig{Alignment: tw.CellAlignment{PerColumn: align}, Padding: tw.CellPadding{Global: tw.Padding{Right: "  ", Overwrite: true}}},
		}))
	table.Header(header)
	err := table.Bulk(rows)
	if err == nil {
		err = table.Render()
	}
	if err != nil { // a table that cannot be drawn is still worth reading
		grid.Reset()
		for _, row := range append([][]string{header}, rows...) {
			grid.WriteString(strings.Join(row, "\t") + "\n")
		}
	}
	first := true
	for line := range strings.Lines(grid.String()) {
		line = strings.TrimRight(line, " \n")
		if first {
			line = p.dim(line)
			first = false
		}
		b.WriteString(indent + line + "\n")
	}
}

func symbols(v View) tw.Symbols {
	if v.ASCII {
		return tw.NewSymbols(tw.StyleASCII)
	}
	return tw.NewSymbols(tw.StyleLight)
}

func eastAsian() tw.State {
	if runewidth.DefaultCondition.EastAsianWidth {
		return tw.On
	}
	return tw.Off
}

func rightAligned(k checks.Kind) bool {
	switch k {
	case checks.KindText, checks.KindTime, checks.KindBool:
		return false
	}
	return true
}

// cells turns a table into words for people.
func cells(t checks.Table, v View) (header []string, rows [][]string) {
	for _, c := range t.Columns {
		header = append(header, label(c.Name))
	}
	for _, row := range t.Rows {
		line := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			line[i] = HumanValue(c.Kind, at(row, i), v.location())
		}
		rows = append(rows, line)
	}
	return header, rows
}

// minCell is the narrowest a text column is cut to.
const minCell = 12

// renderBlocks writes each row as lines of name and value.
func renderBlocks(b *bytes.Buffer, header []string, rows [][]string, v View, p paint, indent string) {
	names := 0
	for _, name := range header {
		names = max(names, width(name))
	}
	for i, row := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for j, cell := range row {
			for k, line := range wrap(cell, max(20, v.Width-len(indent)-names-2)) {
				name := header[j]
				if k > 0 {
					name = ""
				}
				b.WriteString(indent + p.dim(pad(name, names)) + "  " + line + "\n")
			}
		}
	}
}

// fit cuts the widest text column, again and again, until the rows fit; false
// when they cannot, and then nothing is cut.
func fit(header []string, rows [][]string, columns []checks.Column, limit int) bool {
	widths := make([]int, len(header))
	total := 0
	for i := range header {
		widths[i] = width(header[i])
		for _, row := range rows {
			widths[i] = max(widths[i], width(row[i]))
		}
		total += widths[i] + 2
	}
	for total > limit {
		widest := -1
		for i, c := range columns {
			if c.Kind == checks.KindText && widths[i] > minCell && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		widths[widest]--
		total--
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cut(row[i], widths[i])
		}
	}
	return true
}
