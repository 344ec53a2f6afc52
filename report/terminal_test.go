package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"vitals/checks"
)

// crowded has everything that pushes a line past the end: long names, texts
// without a space, wide characters, many columns, a trend.
func crowded() (Document, map[string][]Point) {
	doc := documents()["mixed.2"]
	doc.Results = append(doc.Results, documents()["one.1"].Results...)
	long := checks.Fail(strings.Repeat("很长的摘要 ", 30), nil,
		checks.Text("dsn", strings.Repeat("x", 300)), checks.Int(strings.Repeat("name_", 30), 1)).WithHint(strings.Repeat("ünbroken", 40))
	long.Check = "probe." + strings.Repeat("long-name-", 15)
	long.FailedDependencies = []string{long.Check, long.Check}
	trend := map[string][]Point{}
	doc.Results = append(doc.Results, long)
	for i, r := range doc.Results {
		for n := range 20 {
			trend[r.Check] = append(trend[r.Check], Point{Status: checks.Status((n * i) % 4), Duration: time.Duration(n) * time.Millisecond})
		}
	}
	return doc, trend
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	doc, trend := crowded()
	for _, wide := range []bool{false, true} {
		runewidth.DefaultCondition.EastAsianWidth = wide
		for _, columns := range []int{60, 80, 99, 100, 120, 140, 200} {
			for _, v := range []View{{}, {ASCII: true}, {Verbose: true}} {
				v.Width, v.Location, v.Trend = columns, india, trend
				var b bytes.Buffer
				if err := writeTable(&b, doc, v); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					line = strings.TrimSuffix(line, "\n")
					heading := strings.HasSuffix(line, doc.Results[len(doc.Results)-1].Check) // the one place where a name is never cut
					if n := width(line); n > columns && !heading {
						t.Errorf("%d columns (East Asian: %v, ASCII: %v): a line of %d: %s", columns, wide, v.ASCII, n, line)
					}
				}
			}
		}
	}
	runewidth.DefaultCondition.EastAsianWidth = false
}

func TestASCIITerminalGetsASCII(t *testing.T) {
	doc, trend := crowded()
	var b bytes.Buffer
	if err := writeTable(&b, doc, View{Width: 140, ASCII: true, Location: india, Trend: trend}); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r > 0x7e {
			t.Errorf("%U", r)
		}
	}
}

// Colour must add nothing to what is read: without its escapes the text stays.
func TestColourOnlyColours(t *testing.T) {
	doc, _ := crowded()
	var plain, colour bytes.Buffer
	if err := writeTable(&plain, doc, View{Width: 120, Location: india}); err != nil {
		t.Fatal(err)
	}
	if err := writeTable(&colour, doc, View{Width: 120, Location: india, Color: true}); err != nil {
		t.Fatal(err)
	}
	if got := controlSequence().ReplaceAllString(colour.String(), ""); got != plain.String() {
		t.Errorf("colour changed the text:\n%s\n%s", got, plain.String())
	}
	if !strings.Contains(colour.String(), "\x1b[") {
		t.Error("no colour")
	}
}

func TestSparkline(t *testing.T) {
	points := []Point{{Duration: 0}, {Duration: time.Second}, {Status: checks.Unhealthy, Duration: time.Second / 2}, {Status: 9, Duration: -time.Second}}
	for want, p := range map[string]paint{"▁█✗?": {}, "_#X?": {ascii: true}, "▁█\x1b[1;31m▄\x1b[0m\x1b[35m▁\x1b[0m": {color: true}} {
		got, columns := p.sparkline(points)
		got = strings.ReplaceAll(strings.ReplaceAll(got, "\x1b[32m▁\x1b[0m", "▁"), "\x1b[32m█\x1b[0m", "█")
		if got != want || columns != 4 {
			t.Errorf("got %q of %d columns, want %q", got, columns, want)
		}
	}
}

// A trend needs 100 columns: below, the summary is worth more.
func TestTrendOnlyWhereThereIsRoom(t *testing.T) {
	doc, trend := documents()["healthy.0"], map[string][]Point{"redis": {{Duration: 1}}}
	for columns, want := range map[int]bool{0: false, 80: false, 99: false, 100: true} {
		var b bytes.Buffer
		if err := writeTable(&b, doc, View{Width: columns, Location: india, Trend: trend}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "█") != want {
			t.Errorf("%d columns: trend is %v, want %v", columns, !want, want)
		}
	}
}

func TestLongTablesAreCutAmongOthersAndWholeAlone(t *testing.T) {
	list := checks.Table{Name: "rows", Columns: []checks.Column{{Name: "n", Kind: checks.KindInteger}}}
	for i := range 25 {
		list.Add(int64(1000 + i))
	}
	r := checks.Warn("many")
	r.Check, r.Tables = "many.rows", []checks.Table{list}
	alone := string(output(t, "table", NewDocument([]checks.Result{r}, moment, 0)))
	if !strings.Contains(alone, "1024") || strings.Contains(alone, "more") {
		t.Errorf("alone:\n%s", alone)
	}
	among := string(output(t, "table", NewDocument([]checks.Result{r, checks.OK("")}, moment, 0)))
	if strings.Contains(among, "1010") || !strings.Contains(among, "and 15 more: vitals check many.rows shows all") {
		t.Errorf("among others:\n%s", among)
	}
}

// Neither a status nor a value that this version does not know may end the
// program: a newer one may have written the history.
func TestStrangeValuesDoNotPanic(t *testing.T) {
	r := checks.Result{Check: "x", Status: 9, Summary: "s", Facts: []checks.Fact{{Name: "f", Kind: 99, Value: struct{}{}}}}
	r.Tables = []checks.Table{{Columns: []checks.Column{{Name: "a"}, {Name: "b"}}, Rows: [][]any{nil, {1}, {"1", "2", "3"}}}}
	doc := NewDocument([]checks.Result{r}, time.Time{}, 0)
	for _, f := range Formats() {
		output(t, f.Name, doc)
		output(t, f.Name, NewDocument(nil, time.Time{}, 0))
		output(t, f.Name, Document{Status: 9})
	}
}
