package report

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

func TestChart(t *testing.T) {
	line := Line{Labels: map[string]string{"__name__": "temperature", "room": "a\x1b[31m"}}
	for i := range 80 {
		line.Times, line.Values = append(line.Times, moment.Add(time.Duration(i)*time.Minute)), append(line.Values, math.Sin(float64(i)/12))
	}
	line.Values[40] = math.NaN()
	flat := Line{Labels: map[string]string{"__name__": "flat"}, Times: []time.Time{moment}, Values: []float64{0.5}}
	for name, v := range map[string]View{"plain": {Width: 94}, "ascii": {Width: 60, ASCII: true}, "colour": {Width: 94, Color: true}} {
		v.Location = india
		var b bytes.Buffer
		if err := WriteChart(&b, []Line{line, flat}, moment, moment.Add(79*time.Minute), v); err != nil {
			t.Fatal(err)
		}
		compare(t, "chart-"+name+".txt", b.Bytes())
		for l := range strings.Lines(b.String()) {
			if n := width(strings.TrimRight(l, "\n")); !v.Color && n > v.Width {
				t.Errorf("%s: a line of %d columns", name, n)
			}
		}
	}
	var b bytes.Buffer
	if err := WriteChart(&b, nil, moment, moment, View{Width: 80}); err != nil || b.String() != "No samples in that time.\n" {
		t.Errorf("%v %q", err, b.String())
	}
	many := make([]Line, 20)
	for i := range many {
		many[i] = flat
	}
	b.Reset()
	if err := WriteChart(&b, many, moment, moment, View{Width: 80}); err != nil || !strings.Contains(b.String(), "last 12 are not drawn") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestSeriesName(t *testing.T) {
	for want, labels := range map[string]map[string]string{
		"{}": nil, "up": {"__name__": "up"}, `up{a="1", b="x\"y"}`: {"__name__": "up", "b": `x"y`, "a": "1"}, `{a="1"}`: {"a": "1"},
	} {
		if got := SeriesName(labels); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
