package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"vitals/checks"
)

var update = flag.Bool("update", false, "write the goldens anew")

var moment = time.Date(2026, 11, 23, 4, 30, 0, 123e6, time.UTC)

// india is the guide's zone: half hours show that zones are not rounded.
var india = time.FixedZone("IST", 5*3600+1800)

// documents are what every format is shown. The number in a golden's name is
// the exit status that goes with it.
func documents() map[string]Document {
	done := func(name string, critical bool, took time.Duration, r checks.Result) checks.Result {
		r.Check, r.Critical, r.Started, r.Duration = name, critical, moment, took
		return r
	}
	database := done("database", true, 15*time.Millisecond, checks.OK("PostgreSQL 17.2 answers",
		checks.Text("type", "PostgreSQL"), checks.Text("connection_test", "passed"), checks.Int("users_count", 1250), checks.Duration("response_time", 15*time.Millisecond)))
	redis := done("redis", true, 8*time.Millisecond, checks.OK("Redis 7.0 answers", checks.Duration("response_time", 7200*time.Microsecond),
		checks.Bytes("memory_used", 47185920), checks.Int("hits", 15420), checks.Int("misses", 3840), checks.Percent("hit_rate", 80.0623), checks.Int("keys_count", 1250), checks.Duration("uptime", 7*24*time.Hour+time.Hour)))
	memory := done("memory", false, time.Millisecond, checks.Warn("85.0 % used", checks.Bytes("total", 8<<30), checks.Bytes("available", 12e8), checks.Percent("used", 85).Judged(80, 90)).WithHint("See which process grew."))
	files := done("file_system", true, 3*time.Millisecond, checks.Fail("/srv/uploads is on a file system that is read-only", errors.New("read-only file system"), checks.Bool("accessible", false)).WithHint("Mount it again with rw."))
	web := done("probe.web", true, 1300*time.Millisecond, checks.Fail("status 502", errors.New("502 Bad Gateway")))
	web.FailedDependencies = []string{"file_system"}
	pool := done("database.pool", true, 2*time.Millisecond, checks.CannotTell("3 sessions hidden", errors.New("permission denied"), checks.Unmeasured("pool_size", checks.KindInteger)))
	slow := done("database.slow-queries", true, 11*time.Millisecond, checks.Warn("2 statements slower than 1 s on average", checks.Int("statements", 812), checks.Duration("threshold", time.Second)))
	slow.Tables = []checks.Table{everyKind()}
	hostile := done("probe.\x1b[31mred\x1b[0m\\# SKIP", true, time.Millisecond, checks.Fail("=cmd|' /C calc'!A0 <script>alert(1)</script> ::error::x | `pipe`\r\nsecond line \u202edecoded\u202c \xff",
		errors.New("%0A\x1b]0;title\x07 *bold* _x_ & \"quotes\" 'single'"), checks.Text("path", "/a\tb\n|c"), checks.Text("visitor", "उपयोगकर्ता שלום 👩\u200d👧"),
		checks.Bytes("size", 1), checks.Int("size_bytes", 2)).WithHint("Look # here\\#: \x1b[1mnow"))
	hostile.FailedDependencies = []string{"database\x1b[2J"}
	hostile.Tables = []checks.Table{{Name: "t", Columns: []checks.Column{{Name: "query"}}, Rows: [][]any{{"-1+1;DROP|TABLE \x1b[2J"}, {}}}}
	return map[string]Document{
		"healthy.0":   NewDocument([]checks.Result{database, redis}, moment, 17*time.Millisecond),
		"mixed.2":     NewDocument([]checks.Result{database, redis, memory, files, web, pool}, moment, 1302*time.Millisecond),
		"one.1":       NewDocument([]checks.Result{slow}, moment, 11*time.Millisecond),
		"hostile.2":   NewDocument([]checks.Result{hostile, database}, moment, time.Millisecond),
		"unknown.3":   NewDocument([]checks.Result{pool}, moment, 2*time.Millisecond),
		"nofacts.0":   NewDocument([]checks.Result{done("tiny", false, 0, checks.OK("fine"))}, moment, 0),
		"degraded.1":  NewDocument([]checks.Result{memory, database}, moment, 15*time.Millisecond),
		"notcritic.1": NewDocument([]checks.Result{done("probe.blog", false, time.Second, checks.Fail("refuses connections", nil)), database}, moment, time.Second),
	}
}

func everyKind() checks.Table {
	t := checks.Table{Name: "slow_queries", Columns: []checks.Column{
		{Name: "query"}, {Name: "calls", Kind: checks.KindInteger}, {Name: "mean", Kind: checks.KindDuration}, {Name: "hit", Kind: checks.KindPercent},
		{Name: "read", Kind: checks.KindBytes}, {Name: "ratio", Kind: checks.KindNumber}, {Name: "seen", Kind: checks.KindTime}, {Name: "toplevel", Kind: checks.KindBool},
	}}
	t.Add("SELECT * FROM bookings WHERE event_id = $1 AND status = $2 ORDER BY created_at DESC LIMIT $3", int64(12), 1900*time.Millisecond, 99.25, int64(45200000), 0.5, moment, true)
	t.Add("UPDATE users SET last_active_at = now()", int64(9007199254740993), 3*time.Hour+4*time.Minute, 0.0, int64(0), math.NaN(), time.Time{}, false)
	t.Add(nil, nil, nil, nil, nil, nil, nil, nil)
	return t
}

func TestGoldens(t *testing.T) {
	for _, f := range Formats() {
		for name, doc := range documents() {
			var b bytes.Buffer
			if err := f.Document(&b, doc, View{Location: india}); err != nil {
				t.Errorf("%s %s: %v", f.Name, name, err)
			}
			compare(t, name+"."+f.Name, b.Bytes())
		}
		if f.List != nil {
			var b bytes.Buffer
			if err := f.List(&b, everyKind(), View{Location: india}); err != nil {
				t.Errorf("%s list: %v", f.Name, err)
			}
			compare(t, "list.0."+f.Name, b.Bytes())
		}
	}
}

func TestTableGoldensOfTerminals(t *testing.T) {
	points := func(statuses ...checks.Status) (all []Point) {
		for i, s := range statuses {
			all = append(all, Point{Time: moment, Status: s, Duration: time.Duration(i+1) * time.Millisecond})
		}
		return all
	}
	trend := map[string][]Point{
		"database": points(0, 0, 0, 0, 0, 0, 0, 0), "redis": points(0, 0, 3, 3, 0), "file_system": points(0, 3, 3, 3),
	}
	for name, v := range map[string]View{
		"narrow": {Width: 60}, "eighty": {Width: 80}, "wide": {Width: 140, Trend: trend}, "colour": {Width: 120, Color: true, Trend: trend}, "ascii": {Width: 100, ASCII: true, Trend: trend}, "verbose": {Width: 100, Verbose: true},
	} {
		v.Location = india
		var b bytes.Buffer
		doc := documents()["mixed.2"]
		doc.Results = append(doc.Results, documents()["one.1"].Results...)
		if err := writeTable(&b, doc, v); err != nil {
			t.Fatal(err)
		}
		compare(t, "terminal-"+name+".2.table", b.Bytes())
		if v.Width > 0 && !v.Color {
			for line := range bytes.Lines(b.Bytes()) {
				if n := width(string(bytes.TrimRight(line, "\n"))); n > v.Width {
					t.Errorf("%s: a line of %d columns: %s", name, n, line)
				}
			}
		}
	}
}

// TestMain keeps the language of whoever runs the tests out of the goldens.
func TestMain(m *testing.M) {
	runewidth.DefaultCondition.EastAsianWidth = false
	os.Exit(m.Run())
}

func TestHealthGoldens(t *testing.T) {
	info := HealthInfo{Uptime: time.Hour, Version: "v1.2.3"}
	for name, doc := range documents() {
		var guide, ietf bytes.Buffer
		if err := errors.Join(WriteHealth(&guide, doc, info, View{Location: india}), WriteHealthIETF(&ietf, doc, info, View{Location: india})); err != nil {
			t.Error(err)
		}
		compare(t, "health."+name+".json", guide.Bytes())
		compare(t, "ietf."+name+".json", ietf.Bytes())
	}
}

// compare holds output against a golden, byte for byte.
func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./report -update writes it anew):\n%s", name, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		a, b := []byte("(nothing)"), []byte("(nothing)")
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if !bytes.Equal(a, b) {
			return fmt.Sprintf("line %d\n got %q\nwant %q", i+1, a, b)
		}
	}
	return ""
}
