package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"vitals/checks"
)

const (
	barsShown  = 60 // results in a history bar
	daysShown  = 90
	barPitch   = 4 // units from one bar to the next; a bar is barWidth of them
	barWidth   = 3
	barTall    = 24 // height of a bar that tells of a failure
	sparkWidth = 96
)

// barChart is a row of bars: how tall a bar is says what its colour says.
type barChart struct {
	Width, Height int
	Paths         []barPath // one for each class
	Label         string    // the same in words; "" when there is nothing to draw
	From          string    // when it begins, for people
}

type barPath struct{ Class, D string }

// barHeight is how tall a bar of a class is.
func barHeight(class string) int {
	switch class {
	case "unhealthy":
		return barTall
	case "degraded":
		return 16
	case "none":
		return 2
	}
	return 10
}

func draw(classes []string) (c barChart) {
	c.Width, c.Height = len(classes)*barPitch-(barPitch-barWidth), barTall
	for _, class := range []string{"none", "healthy", "unknown", "degraded", "unhealthy"} {
		var d strings.Builder
		h := barHeight(class)
		for i, have := range classes {
			if have == class {
				fmt.Fprintf(&d, "M%d %dh%dv%dh-%dz", i*barPitch, (barTall-h)/2, barWidth, h, barWidth)
			}
		}
		if d.Len() > 0 {
			c.Paths = append(c.Paths, barPath{class, d.String()})
		}
	}
	return c
}

// barsOf draws the last results, the newest at the right.
func barsOf(points []Point) barChart {
	if len(points) == 0 {
		return barChart{}
	}
	points = points[max(0, len(points)-barsShown):]
	classes := make([]string, barsShown)
	for i := range classes {
		classes[i] = "none"
	}
	count := map[checks.Status]int{}
	for i, p := range points {
		classes[barsShown-len(points)+i] = p.Status.String()
		count[p.Status]++
	}
	c := draw(classes)
	var parts []string
	for _, s := range checks.Statuses() {
		if n := count[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	c.Label = fmt.Sprintf("Last %s: %s", plural(len(points), "result"), strings.Join(parts, ", "))
	if len(points) > 1 {
		c.From = wholeText(points[len(points)-1].Time.Sub(points[0].Time))
	}
	return c
}

// badDay is the share of a day from which on it counts as one of failure and
// not of trouble: 14 minutes.
const badDay = 0.01

// daysOf draws the last days.
func daysOf(days []PageDay) barChart {
	if len(days) == 0 {
		return barChart{}
	}
	classes := make([]string, len(days))
	known, troubled := 0, 0
	for i, d := range days {
		switch {
		case d.Failed < 0:
			classes[i] = "none"
			continue
		case d.Failed == 0:
			classes[i] = "healthy"
		case d.Failed < badDay:
			classes[i] = "degraded"
		default:
			classes[i] = "unhealthy"
		}
		known++
		if d.Failed > 0 {
			troubled++
		}
	}
	if known == 0 {
		return barChart{}
	}
	c := draw(classes)
	c.Label = fmt.Sprintf("Of the last %d days %d are known, with failures on %d", len(days), known, troubled)
	return c
}

// sparkLine is how long the last results took.
type sparkLine struct {
	Width, Height int
	Line          string // points of a polyline; "" when there are too few
	X, Y          string // where it ends
	Label         string
}

func sparkOf(points []Point) sparkLine {
	points = points[max(0, len(points)-barsShown):]
	if len(points) < 3 {
		return sparkLine{}
	}
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for _, p := range points {
		low, high = min(low, p.Duration), max(high, p.Duration)
	}
	s := sparkLine{Width: sparkWidth, Height: barTall, Label: fmt.Sprintf("Response time of the last %d results: from %s to %s", len(points), HumanDuration(low), HumanDuration(high))}
	var b strings.Builder
	for i, p := range points {
		x := 1 + float64(sparkWidth-4)*float64(i)/float64(len(points)-1)
		y := float64(barTall - 2)
		if high > 0 {
			y -= float64(barTall-5) * float64(p.Duration) / float64(high)
		}
		s.X, s.Y = fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", y)
		fmt.Fprintf(&b, "%s,%s ", s.X, s.Y)
	}
	s.Line = strings.TrimSpace(b.String())
	return s
}
