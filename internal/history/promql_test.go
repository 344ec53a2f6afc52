package history

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

// t0 is 1,800,000,000 s after 1970, Friday 15 January 2027, 8:00 UTC.
var t0 = time.UnixMilli(1_800_000_000_000)

type set = map[string]string

// recordSeries keeps one value of a series every minute from t0 on.
func recordSeries(t testing.TB, db *DB, name string, labels set, values ...float64) {
	t.Helper()
	r := checks.Result{Check: name + fmt.Sprint(labels), Started: t0}
	for i, v := range values {
		r.Samples = append(r.Samples, checks.Sample{Name: name, Labels: labels, Value: v, Time: t0.Add(time.Duration(i) * time.Minute)})
	}
	record(t, db, r)
}

// steps is n+1 values that begin with first and grow by the step.
func steps(first, step float64, n int) []float64 {
	values := make([]float64, n+1)
	for i := range values {
		values[i] = first + float64(i)*step
	}
	return values
}

// example is eleven minutes of a small place, from t0 to t0+10m.
func example(t testing.TB) *DB {
	db := open(t, Options{})
	recordSeries(t, db, "requests_total", set{"job": "api", "instance": "a"}, steps(0, 60, 10)...)
	recordSeries(t, db, "requests_total", set{"job": "api", "instance": "b"}, 100, 130, 160, 190, 220, 10, 40, 70, 100, 130, 160)
	recordSeries(t, db, "requests_total", set{"job": "web", "instance": "c"}, steps(0, 6, 10)...)
	for le, step := range map[string]float64{"0.1": 10, "0.5": 30, "1": 40, "+Inf": 50} {
		recordSeries(t, db, "latency_seconds_bucket", set{"le": le}, steps(0, step, 10)...)
	}
	recordSeries(t, db, "temperature", nil, 20, 21, 22, math.NaN(), 24, 25, 26, 27, 28, 29, 30)
	recordSeries(t, db, "old", nil, 1, 2, 3, 4) // none since t0+3m
	recordSeries(t, db, "up", set{"job": "api"}, steps(1, 0, 10)...)
	recordSeries(t, db, "up", set{"job": "web"}, steps(0, 0, 10)...)
	return db
}

// The answers were worked out by hand, from Prometheus' documentation: a range
// leaves out its left end, rate and increase extrapolate to the range's ends.
func TestInstant(t *testing.T) {
	const a, b, c = `{instance="a",job="api"} `, `{instance="b",job="api"} `, `{instance="c",job="web"} `
	tests := []struct{ expr, want string }{
		{`up`, `up{job="api"} 1; up{job="web"} 0`},
		{`up == 0`, `up{job="web"} 0`},
		{`up == bool 0`, `{job="api"} 0; {job="web"} 1`},
		{`sum(up) / count(up)`, `{} 0.5`},
		{`count(up == 1)`, `{} 1`},
		{`no_such_metric`, ``},
		{`vector(1)`, `{} 1`},
		{`1 + 1`, `2`},
		{`time()`, `1800000600`},
		{`scalar(up{job="api"})`, `1`},
		{`scalar(up)`, `NaN`},
		{`"text"`, `text`},
		{`timestamp(up{job="api"})`, `{job="api"} 1800000600`},
		{`hour() + minute() / 100`, `{} 8.1`},
		{`day_of_week()`, `{} 5`},

		// Matchers.
		{`requests_total{instance="a"}`, `requests_total` + a + `600`},
		{`requests_total{job!="api"}`, `requests_total` + c + `60`},
		{`requests_total{instance=~"a|c"}`, `requests_total` + a + `600; requests_total` + c + `60`},
		{`requests_total{instance!~"a|c"}`, `requests_total` + b + `160`},
		{`requests_total{job=~"ap"}`, ``},
		{`requests_total{job=~"a.+",instance!="a"}`, `requests_total` + b + `160`},
		{`count(requests_total{nothing=""})`, `{} 3`},
		{`count(requests_total{job=~".+"})`, `{} 3`},
		{`requests_total{instance=~""}`, ``},
		{`{__name__="up",job="web"}`, `up{job="web"} 0`},
		{`{__name__=~"u.|old",job!="web"}`, `up{job="api"} 1`},
		{`{job="web",__name__!="up"}`, `requests_total` + c + `60`},
		{`{job="web",__name__!~"re.*"}`, `up{job="web"} 0`},

		// Counters: 240 in the 240 s that were seen, and the minute before.
		{`rate(requests_total{instance="a"}[5m])`, a + `1`},
		{`increase(requests_total{instance="a"}[5m])`, a + `300`},
		{`irate(requests_total{instance="c"}[5m])`, c + `0.1`},
		{`sum(rate(requests_total[5m]))`, `{} 1.6`},
		{`sum by (job) (rate(requests_total[5m]))`, `{job="api"} 1.5; {job="web"} 0.1`},
		{`sum without (instance) (increase(requests_total[5m]))`, `{job="api"} 450; {job="web"} 30`},
		{`increase(requests_total{instance="b"}[10m])`, b + `277.777777778`}, // (160-130+220) * 600/540
		{`resets(requests_total{job="api"}[10m])`, a + `0; ` + b + `1`},
		{`rate(requests_total{instance="a"}[1m])`, ``}, // one sample is no rate

		// Histograms: 100, 200, 100 and 100 in the buckets.
		{`histogram_quantile(0.1, latency_seconds_bucket)`, `{} 0.05`},
		{`histogram_quantile(0.5, latency_seconds_bucket)`, `{} 0.4`},
		{`histogram_quantile(0.7, latency_seconds_bucket)`, `{} 0.75`},
		{`histogram_quantile(0.99, latency_seconds_bucket)`, `{} 1`},
		{`histogram_quantile(0.5, sum by (le) (rate(latency_seconds_bucket[5m])))`, `{} 0.4`},
		{`histogram_quantile(0.5, latency_seconds_bucket{le!="+Inf"})`, `{} NaN`},

		// What is old, and what is not there.
		{`old`, ``},
		{`old offset 2m`, ``}, // five minutes to the millisecond: no more
		{`old offset 2m1s`, `old{} 4`},
		{`old @ 1800000480`, ``},
		{`old @ 1800000479.999`, `old{} 4`},
		{`old @ 1800000060`, `old{} 2`},
		{`absent(old)`, `{} 1`},
		{`absent(up)`, ``},
		{`absent(up{job="db",instance=~"x.*"})`, `{job="db"} 1`},
		{`absent_over_time(old[7m])`, `{} 1`},
		{`absent_over_time(old[7m1s])`, ``},
		{`present_over_time(old[8m])`, `{} 1`},
		{`count_over_time(old[8m])`, `{} 1`},
		{`last_over_time(old[1h])`, `old{} 4`},
		{`old offset -5m`, ``},
		{`temperature @ 1800000000 offset -5m`, `temperature{} 25`},
		{`temperature offset 6m`, `temperature{} 24`},
		{`requests_total{instance="a"} - requests_total{instance="a"} offset 3m`, a + `180`},

		// NaN is a value.
		{`temperature offset 7m`, `temperature{} NaN`},
		{`temperature offset 7m == temperature offset 7m`, ``},
		{`avg_over_time(temperature[10m])`, `{} NaN`},
		{`max_over_time(temperature[10m])`, `{} 30`},
		{`min_over_time(temperature[10m])`, `{} 21`},
		{`count_over_time(temperature[10m])`, `{} 10`},
		{`changes(temperature[10m])`, `{} 9`},
		{`avg_over_time(temperature[5m])`, `{} 28`},
		{`stddev_over_time(temperature[3m])`, `{} 0.816496580928`},
		{`quantile_over_time(0.5, temperature[3m])`, `{} 29`},
		{`delta(temperature[5m])`, `{} 5`},
		{`deriv(temperature[5m]) * 60`, `{} 1`},
		{`predict_linear(temperature[5m], 120)`, `{} 32`},

		// Subqueries.
		{`sum_over_time(up[5m:1m])`, `{job="api"} 5; {job="web"} 0`},
		{`count_over_time(up{job="api"}[5m:30s])`, `{job="api"} 10`},
		{`count_over_time(up{job="api"}[5m:])`, `{job="api"} 5`},
		{`avg_over_time(requests_total{instance="a"}[10m:5m])`, a + `450`},
		{`max_over_time(rate(requests_total{instance="a"}[2m])[5m:1m])`, a + `1`},
		{`min_over_time(temperature[4m:1m] @ 1800000300)`, `{} 22`},
		{`sum_over_time((temperature > 28)[5m:1m])`, `{} 59`},
		{`count_over_time(old[4m:1m] offset 4m)`, `{} 4`}, // the last sample still counts at 3, 4, 5 and 6 minutes

		// Several series together.
		{`topk(1, requests_total)`, `requests_total` + a + `600`},
		{`bottomk(1, requests_total)`, `requests_total` + c + `60`},
		{`quantile(0.5, requests_total)`, `{} 160`},
		{`max by (job) (requests_total)`, `{job="api"} 600; {job="web"} 60`},
		{`requests_total / on (job) group_left up`, a + `600; ` + b + `160; ` + c + `+Inf`},
		{`requests_total and on (job) up == 0`, `requests_total` + c + `60`},
		{`requests_total unless on (job) up == 0`, `requests_total` + a + `600; requests_total` + b + `160`},
		{`old or up{job="api"}`, `up{job="api"} 1`},
		{`label_replace(up{job="api"}, "team", "$1-team", "job", "(.*)")`, `up{job="api",team="api-team"} 1`},
		{`clamp_max(requests_total{job="api"}, 200)`, a + `200; ` + b + `160`},
	}
	db := example(t)
	e := NewEngine(db, EngineOptions{})
	round := e.Round(t0.Add(10 * time.Minute))
	defer round.Close()
	for _, tt := range tests {
		answer, err := e.Instant(t.Context(), tt.expr, t0.Add(10*time.Minute))
		if got := text(answer); err != nil || got != tt.want {
			t.Errorf("%s\n got %s, %v\nwant %s", tt.expr, got, err, tt.want)
		}
		answer, err = round.Instant(t.Context(), tt.expr)
		if got := text(answer); err != nil || got != tt.want {
			t.Errorf("in a round: %s\n got %s, %v\nwant %s", tt.expr, got, err, tt.want)
		}
	}
}

func TestRange(t *testing.T) {
	tests := []struct {
		expr     string
		from, to time.Duration
		step     time.Duration
		want     string
	}{
		{`up{job="api"}`, 0, 2 * time.Minute, time.Minute, `up{job="api"} 1@0 1@60 1@120`},
		{`old`, 6 * time.Minute, 9 * time.Minute, 59 * time.Second, `old{} 4@360 4@419 4@478`},
		{`sum(requests_total{job="api"})`, 3 * time.Minute, 6 * time.Minute, time.Minute, `{} 370@180 460@240 310@300 400@360`},
		{`rate(requests_total{instance="a"}[2m])`, 0, 3 * time.Minute, time.Minute, `{instance="a",job="api"} 0.5@60 1@120 1@180`},
		{`temperature`, 2 * time.Minute, 4 * time.Minute, time.Minute, `temperature{} 22@120 NaN@180 24@240`},
		{`temperature > 28`, 0, 10 * time.Minute, time.Minute, `temperature{} 29@540 30@600`},
		{`2`, 0, time.Minute, 30 * time.Second, `{} 2@0 2@30 2@60`},
		{`up`, time.Hour, 2 * time.Hour, time.Minute, ``},
		{`temperature @ 1800000600`, 0, time.Minute, time.Minute, `temperature{} 30@0 30@60`},
		{`sum_over_time(up{job="api"}[2m:1m])`, 0, 2 * time.Minute, time.Minute, `{job="api"} 1@0 2@60 2@120`},
	}
	e := NewEngine(example(t), EngineOptions{})
	for _, tt := range tests {
		answer, err := e.Range(t.Context(), tt.expr, t0.Add(tt.from), t0.Add(tt.to), tt.step)
		if got := text(answer); err != nil || answer.Kind != Matrix || got != tt.want {
			t.Errorf("%s\n got %s, %v\nwant %s", tt.expr, got, err, tt.want)
		}
	}
}

// text writes an answer in one line, sorted, with twelve digits.
func text(a Answer) string {
	var list []string
	switch a.Kind {
	case Vector:
		for _, e := range a.Vector {
			list = append(list, name(e.Labels)+" "+digits(e.Value.Value))
		}
	case Matrix:
		for _, line := range a.Matrix {
			text := name(line.Labels)
			for _, v := range line.Values {
				text += fmt.Sprintf(" %s@%v", digits(v.Value), v.Time.Sub(t0).Seconds())
			}
			list = append(list, text)
		}
	case Scalar:
		return digits(a.Scalar.Value)
	case String:
		return a.String
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

func name(labels set) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if key != "__name__" {
			pairs = append(pairs, fmt.Sprintf("%s=%q", key, labels[key]))
		}
	}
	return labels["__name__"] + "{" + strings.Join(pairs, ",") + "}"
}

func digits(v float64) string { return strconv.FormatFloat(v, 'g', 12, 64) }
