package compare

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitals/internal/history"
	"vitals/internal/testenv"
)

// refused are expressions that have no answer, neither here nor there.
const refused = `
sum(
temperature offset
no_such_function(up)
rate(temperature)
rate(temperature[0s])
rate(temperature[5m)
rate(rate(temperature[5m])[5m])
absent(up[5m])
time(1)
{}
{job=~".*"}
up{job=~"("}
up{__name__="up"}
up{job=api}
temperature @ up
temperature offset 5m offset 5m
1 == 2
"a" + 1
-"a"
up and 1
up and on (job) group_left limit
up + on (job) group_left (job) limit
requests_total * on (job) requests_total
requests_total * on (job) limit
limit * on (job) group_left requests_total
topk(up)
quantile("a", up)
count_values(1, up)
sum by (job (up)
histogram_quantile(latency_seconds_bucket, 0.5)
label_replace(temperature, "room", "x", "room", "(")
label_replace(levels, "kind", "x", "kind", ".*")
label_join(levels, "kind", "-", "nothing")
scalar(1)
vector(up)
round(up, up)
count_over_time({__name__=~"memory_bytes|memory_max_bytes"}[2h])
up == bool on (job) group_left 1
`

func compareRefusals(t *testing.T, engine *history.Engine, prometheus *testenv.Prometheus) {
	at := moments()[1]
	for _, expr := range lines(refused) {
		a, err := engine.Instant(t.Context(), expr, at)
		b, otherErr := prometheus.Query(t, expr, at)
		if err == nil || otherErr == nil {
			t.Errorf("%s\nVitals: %+v, %v\nPrometheus: %+v, %v", expr, a, err, b, otherErr)
		}
	}
}

// difference is an expression that Vitals answers as the Prometheus of its
// library does, which is a 3, and not as Debian's 2.42.
type difference struct {
	expr   string
	after  time.Duration // from the first sample to the moment asked about
	vitals string
	debian string
	why    string
}

func differences() []difference {
	const (
		open     = "since 3.0 a range leaves out its left end, and 2.42 has it"
		lookback = "since 3.0 a sample as old as the lookback is too old, and in 2.42 it is not"
		rate     = "since 2.51 rate reaches back by half a step where the range goes on and the counter was 0 within the step before"
		newer    = "2.42 does not know it yet"
		moved    = "3.0 has renamed it and counts it among what is tried out, which Vitals leaves off"
	)
	last := (ticks - 1) * every
	return []difference{
		{`count_over_time(up{job="api"}[1m])`, 10 * time.Minute, `{instance="api:1",job="api"} 4`, `{instance="api:1",job="api"} 5`, open},
		{`count_over_time(up{job="api"}[1m] offset 1m)`, 10 * time.Minute, `{instance="api:1",job="api"} 4`, `{instance="api:1",job="api"} 5`, open},
		{`count_over_time(vector(1)[5m:1m] @ 1700000400)`, 0, `{} 5`, `{} 6`, open},
		{`sum_over_time(count_over_time(vector(1)[5m:1m])[4m:2m])`, 7300 * time.Millisecond, `{} 10`, `{} 12`, open},
		{`delta(young_total[15s])`, 10 * time.Minute, ``, `{job="api"} 10`, open},
		{`limit{job="api"}`, last + 5*time.Minute, ``, `{__name__="limit",job="api"} 100`, lookback},
		{`limit{job="api"} offset 5m`, last + 10*time.Minute, ``, `{__name__="limit",job="api"} 100`, lookback},
		// 40 in the minute that was seen; 0 was 12 s before it, and half a step is 7.5 s.
		{`increase(young_total[5m])`, time.Minute, `{job="api"} 45`, `{job="api"} 48`, rate},
		{`count(names{text=~"one.two"})`, time.Hour, `{} 1`, ``, "since 3.0 a dot in a matcher is also a line's end"},
		{`quantile_over_time(0.5, odd{kind="-inf"}[1m])`, time.Hour + time.Second, `{kind="-inf"} -Inf`, `{kind="-inf"} NaN`,
			"since 3.16 a quantile that falls on an infinite value is that value, and not a mean of it and the next"},
		{`temperature{room="office"} atan2 temperature{room="office"}`, time.Hour + time.Second, `{floor="1",room="office"} 0.785398163397`,
			`{__name__="temperature",floor="1",room="office"} 0.785398163397`, "2.42 leaves atan2 the metric's name, which is no longer right"},
		{`stddev(odd{kind="inf"})`, time.Hour + time.Second, `{} NaN`, `{} 0`, "since 3.0 what is infinite has no deviation, even alone"},
		{`increase(young_total[60])`, time.Hour + time.Second, `{job="api"} 40`, refusal, "since 3.0 a bare number is seconds"},
		{`increase(young_total[30s * 2])`, time.Hour + time.Second, `{job="api"} 40`, refusal, newer + ": 3.14 computes durations"},
		{`{"limit",job="api"}`, time.Hour + time.Second, `{__name__="limit",job="api"} 100`, refusal, newer + ": 3.0 lets names be quoted"},
		{`first_over_time(limit{job="api"}[1m])`, time.Hour + time.Second, `{__name__="limit",job="api"} 100`, refusal, newer + ": first_over_time came with 3.7"},
		{`histogram_fraction(0, +Inf, latency_seconds_bucket{job="api"})`, time.Hour + time.Second, `{job="api"} 1`, ``, newer + ": it only looked at native histograms"},
		{`holt_winters(temperature{room="office"}[10m], 0.5, 0.5)`, time.Hour, refusal, `{floor="1",room="office"} 21.5`, moved},
	}
}

const refusal = "refused"

// compareDifferences: each is known, with its reason, and Vitals' answer is the
// one that the newer Prometheus documents. A newer Debian may agree already.
func compareDifferences(t *testing.T, engine *history.Engine, prometheus *testenv.Prometheus) {
	for _, d := range differences() {
		a, err := engine.Instant(t.Context(), d.expr, start.Add(d.after))
		b, otherErr := prometheus.Query(t, d.expr, start.Add(d.after))
		got, other := inWords(answerOf(a), err), inWords(b, otherErr)
		if got != d.vitals {
			t.Errorf("%s\nVitals:   %s (%v)\nexpected: %s (%s)", d.expr, got, err, d.vitals, d.why)
		}
		if other != d.debian && other != d.vitals {
			t.Errorf("%s\nPrometheus: %s (%v)\nexpected:   %s (%s)", d.expr, other, otherErr, d.debian, d.why)
		}
	}
}

// inWords writes a vector in one line, with twelve digits.
func inWords(a testenv.PromAnswer, err error) string {
	if err != nil {
		return refusal
	}
	sortSeries(a.Series)
	var all []string
	for _, s := range a.Series {
		all = append(all, fmt.Sprintf("%s %s", name(s), strconv.FormatFloat(s.Points[0].Value, 'g', 12, 64)))
	}
	return strings.Join(all, "; ")
}
