package compare

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/internal/testenv"
)

// start is when the samples begin: Tuesday 14 November 2023, 22:13:20 UTC, so
// that the day changes among them. No moment that is asked about is an exact
// number of steps after a sample: a range leaves out its left end since
// Prometheus 3 and had it before, and Debian's is a 2.
var start = time.UnixMilli(1_700_000_000_113)

const (
	every = 15 * time.Second
	ticks = 8 * 60 // two hours
)

// gathering makes the result of one tick.
type gathering struct {
	checks.Result
	i int
}

// sample adds a sample that is taken so many milliseconds after the tick.
func (g *gathering) sample(late int, name string, value float64, pairs ...string) {
	*g = gathering{g.Measure(name, value, pairs...), g.i}
	g.Samples[len(g.Samples)-1].Time = g.Started.Add(time.Duration(late) * time.Millisecond)
}

// everything is what is recorded: once a tick a scrape of all that a platform
// has, and now and then a check.
func everything() []checks.Result {
	var all []checks.Result
	for i := range ticks {
		g := &gathering{checks.OK("scraped"), i}
		g.Check, g.Started, g.Duration = "scrape", start.Add(time.Duration(i)*every), time.Duration(i%7+1)*time.Millisecond
		g.gauges()
		g.counters()
		g.histogram()
		g.oddities()
		all = append(all, g.Result)
		if i%2 == 0 {
			all = append(all, looks(i)...)
		}
	}
	return all
}

// gauges go up and down, below zero too.
func (g *gathering) gauges() {
	x := float64(g.i)
	g.sample(0, "temperature", 20+5*math.Sin(x/20), "room", "hall", "floor", "0")
	g.sample(250, "temperature", -7.25+3*math.Cos(x/9), "room", "cellar", "floor", "-1")
	g.sample(500, "temperature", 21.5, "room", "office", "floor", "1")
	g.sample(500, "temperature", math.Floor(x/16)*0.1+18, "room", "attic", "floor", "2")
	for i, job := range []string{"api", "web", "db"} {
		g.sample(0, "limit", float64(100*(i+1)), "job", job)
		g.sample(0, "build_info", 1, "job", job, "version", "1."+string(rune('0'+i)))
		up := 1.0
		if job == "db" && g.i%50 > 40 {
			up = 0
		}
		g.sample(0, "up", up, "job", job, "instance", job+":1")
	}
	g.sample(0, "memory_bytes", 1e9+float64(g.i*g.i)*4096, "job", "api", "instance", "a")
	g.sample(0, "memory_bytes", 3e9-x*1e6, "job", "api", "instance", "b")
	g.sample(0, "memory_max_bytes", 4e9, "job", "api", "instance", "a")
	g.sample(0, "memory_max_bytes", 2.5e9, "job", "api", "instance", "b")
}

// counters grow; some begin anew, one has gaps, one ends and one comes late.
func (g *gathering) counters() {
	for j, job := range []string{"api", "web", "db"} {
		for k, instance := range []string{"a", "b", "c"} {
			for c, code := range []string{"200", "404", "500"} {
				i := g.i
				switch {
				case job == "api" && instance == "b": // begins anew each 97 ticks
					i %= 97
				case job == "api" && instance == "c" && i%120 > 60 && i%120 < 100: // ten minutes of nothing
					continue
				case job == "web" && instance == "a" && i > 300: // switched off
					continue
				case job == "web" && instance == "b" && i < 200: // new
					continue
				case job == "db" && instance == "a": // begins anew and is lower than before only at times
					i = i%200 + i/200
				}
				value := float64(i) * float64(1+3*j+k) * []float64{10, 1, 0.125}[c]
				g.sample(250*k, "requests_total", math.Floor(value)+float64(i%3), "job", job, "instance", instance, "code", code)
			}
		}
	}
	g.sample(0, "slow_total", math.Floor(float64(g.i)/60), "job", "api") // stands still most of the time
	g.sample(0, "young_total", 8+10*float64(g.i), "job", "api")          // was 0 not long before
	g.sample(0, "large_total", 9e15+float64(g.i)*1024, "job", "api")
}

// histogram is a classic one of two jobs.
func (g *gathering) histogram() {
	for j, job := range []string{"api", "web"} {
		n, sum := float64(g.i*(10+3*j)), float64(g.i)*(1.5+float64(j))
		for b, le := range []string{"0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"} {
			share := math.Min(1, 0.1+float64(b)*0.16+0.05*math.Sin(float64(g.i)/(30+float64(b))))
			if le == "+Inf" {
				share = 1
			}
			g.sample(500, "latency_seconds_bucket", math.Floor(n*math.Min(1, share)), "job", job, "le", le)
		}
		g.sample(500, "latency_seconds_sum", sum, "job", job)
		g.sample(500, "latency_seconds_count", n, "job", job)
	}
}

// oddities are what real series rarely hold, and now and then do.
func (g *gathering) oddities() {
	x := float64(g.i)
	odd := map[string]float64{"nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1), "zero": 0, "minus": -x, "tiny": x * 1e-300, "huge": x * 1e300}
	odd["mixed"] = []float64{x, x, math.NaN(), x, math.Inf(1), -x, x}[g.i%7]
	odd["sometimes"] = x
	if g.i%11 == 5 {
		odd["sometimes"] = math.NaN()
	}
	for kind, value := range odd {
		g.sample(0, "odd", value, "kind", kind)
	}
	if g.i%28 == 3 { // seven minutes: more than the lookback
		g.sample(0, "sparse", x, "job", "api")
	}
	if g.i == 140 {
		g.sample(0, "single", 42, "job", "api")
	}
	g.sample(0, "names", x, "path", "/a/b?c=d", "text", "Grüße \"quoted\" \\ back")
	g.sample(0, "names", 2*x, "path", "/a/c", "text", "")
	g.sample(0, "names", 3*x, "path", "/x", "text", "one\ntwo")
	for kind, value := range map[string]float64{"a": math.Mod(x, 4), "b": math.Mod(x, 4), "c": math.Mod(x+1, 4), "d": 0.5} {
		g.sample(0, "levels", value, "kind", kind)
	}
}

// looks are results of checks as they come from runs of Vitals.
func looks(i int) []checks.Result {
	at := start.Add(time.Duration(i)*every + 4400*time.Millisecond)
	database := checks.OK("answers").Measure("vitals_probe_seconds", 0.01+float64(i%13)/1000, "target", "database")
	if i%90 > 70 {
		database = checks.Fail("no connection", nil)
	}
	database.Check, database.Started, database.Duration = "database", at, time.Duration(5+i%17)*time.Millisecond
	disk := checks.OK("has room").Measure("vitals_disk_free_ratio", 0.5-float64(i)/2000, "mount", "/").Measure("vitals_disk_free_ratio", 0.9, "mount", "/var")
	if i > 320 {
		disk.Status, disk.Summary = checks.Degraded, "is filling up"
	}
	disk.Check, disk.Started, disk.Duration = "disk", at.Add(10*time.Millisecond), 300*time.Microsecond
	return []checks.Result{database, disk}
}

// recorded is a history with everything in it.
func recorded(t *testing.T, all []checks.Result) *history.Engine {
	t.Helper()
	db, err := history.Open(t.Context(), history.Options{Path: filepath.Join(t.TempDir(), "history.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Record(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return history.NewEngine(db, history.EngineOptions{})
}

// written is a real Prometheus that was given everything.
func written(t *testing.T, all []checks.Result) *testenv.Prometheus {
	t.Helper()
	var samples []testenv.PromSample
	for i := range all {
		for _, s := range all[i].AllSamples() {
			samples = append(samples, testenv.PromSample(s))
		}
	}
	p := testenv.StartPrometheus(t, testenv.PrometheusOptions{})
	p.Write(t, samples)
	return p
}
