package report

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"
)

// Line is one series over time, for a chart.
type Line struct {
	Labels map[string]string
	Times  []time.Time // as many as Values, the oldest first
	Values []float64   // NaN leaves a gap
}

const (
	chartHeight = 15 // rows
	chartMargin = 14 // columns of the axis
	chartSeries = 8  // lines that can still be told apart
)

// ChartPoints is how many points across a chart of a terminal's width shows.
func ChartPoints(width int) int { return max(20, width-chartMargin) }

// WriteChart draws series from one moment to another for a terminal, with a
// line of figures for each. More than a chart can show are listed without being
// drawn.
func WriteChart(w io.Writer, lines []Line, from, to time.Time, v View) error {
	var b bytes.Buffer
	p := newPaint(v)
	if len(lines) == 0 {
		b.WriteString("No samples in that time.\n")
		return deliver(w, &b, v)
	}
	drawn := lines[:min(len(lines), chartSeries)]
	b.WriteString(plot(drawn, from, to, v) + "\n")
	fmt.Fprintf(&b, "  %s\n\n", p.dim(humanTime(from, v.location())+" to "+humanTime(to, v.location())))
	for i, l := range lines {
		writeLegend(&b, l, i, v, p)
	}
	if n := len(lines) - len(drawn); n > 0 {
		fmt.Fprintf(&b, "%s\n", p.dim(fmt.Sprintf("The last %d are not drawn: more than %d lines cannot be told apart.", n, chartSeries)))
	}
	return deliver(w, &b, v)
}

// chartColors are the terminal's own, in the order of the legend.
func chartColors() []asciigraph.AnsiColor {
	return []asciigraph.AnsiColor{asciigraph.Green, asciigraph.Blue, asciigraph.Goldenrod, asciigraph.Red, asciigraph.Purple, asciigraph.Teal, asciigraph.Gray, asciigraph.Orange}
}

func plot(lines []Line, first, last time.Time, v View) string {
	columns := ChartPoints(v.Width)
	data := make([][]float64, len(lines))
	for i, l := range lines {
		data[i] = spread(l, first, last, columns)
	}
	options := []asciigraph.Option{asciigraph.Height(chartHeight), asciigraph.Precision(3)}
	if v.Color {
		options = append(options, asciigraph.SeriesColors(chartColors()[:len(lines)]...))
	}
	return asciigraph.PlotMany(data, options...)
}

// spread puts values where their times fall among the columns; a column
// without one is a gap, and of several the highest is shown, so that a spike
// is never lost.
func spread(l Line, first, last time.Time, columns int) []float64 {
	out := make([]float64, columns)
	for i := range out {
		out[i] = math.NaN()
	}
	span := last.Sub(first)
	for i, t := range l.Times {
		at := 0
		if span > 0 {
			at = int(int64(columns-1) * int64(t.Sub(first)/time.Millisecond) / int64(span/time.Millisecond))
		}
		if math.IsNaN(out[at]) || l.Values[i] > out[at] {
			out[at] = l.Values[i]
		}
	}
	return bridge(out)
}

// bridge joins neighbours that rounding pulled one column apart; wider gaps
// stay gaps.
func bridge(values []float64) []float64 {
	for i := 1; i+1 < len(values); i++ {
		if math.IsNaN(values[i]) && !math.IsNaN(values[i-1]) && !math.IsNaN(values[i+1]) {
			values[i] = values[i-1]
		}
	}
	return values
}

func writeLegend(b *bytes.Buffer, l Line, i int, v View, p paint) {
	low, high, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, x := range l.Values {
		if math.IsNaN(x) {
			continue
		}
		low, high, sum, n = min(low, x), max(high, x), sum+x, n+1
	}
	figures := "no values"
	if n > 0 {
		figures = fmt.Sprintf("min %s  mean %s  max %s  last %s", short(low), short(sum/float64(n)), short(high), short(l.Values[len(l.Values)-1]))
	}
	mark := "■"
	if p.ascii {
		mark = "#"
	}
	if v.Color && i < chartSeries {
		mark = chartColors()[i].String() + mark + asciigraph.Default.String()
	}
	name, gap := Clean(SeriesName(l.Labels)), "  "
	if v.Width > 0 && 2+width(name)+2+width(figures) > v.Width {
		name, gap = cut(name, v.Width-2), "\n  "
	}
	fmt.Fprintf(b, "%s %s%s%s\n", mark, name, gap, p.dim(figures))
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// SeriesName writes a series as PromQL does: name{label="value"}.
func SeriesName(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" {
			parts = append(parts, name+"="+strconv.Quote(labels[name]))
		}
	}
	if len(parts) == 0 {
		if labels["__name__"] == "" {
			return "{}"
		}
		return labels["__name__"]
	}
	return labels["__name__"] + "{" + strings.Join(parts, ", ") + "}"
}
