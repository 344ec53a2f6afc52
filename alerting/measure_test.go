package alerting_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"vitals/alerting"
	"vitals/internal/ruletest"
)

func TestMeasures(t *testing.T) {
	var names []string
	for _, m := range alerting.Measures() {
		names = append(names, m.Name)
		if m.Help == "" || m.Unit == "" {
			t.Errorf("%s has no help or no unit", m.Name)
		}
		for _, window := range []time.Duration{0, time.Minute, 5 * time.Minute, 36 * time.Hour} {
			expr, err := alerting.Expand(m.Name, 3, window)
			if window == 0 && !m.Now {
				if err == nil || !strings.Contains(err.Error(), "needs a window") {
					t.Errorf("%s without a window: %v", m.Name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s over %s: %v", m.Name, window, err)
				continue
			}
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
			if err != nil || parsed.Type() != parser.ValueTypeVector {
				t.Errorf("%s over %s: %s: %v", m.Name, window, expr, err)
			}
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %s", names)
	}
}

func TestShorthand(t *testing.T) {
	for _, c := range []struct {
		measure   string
		threshold float64
		window    time.Duration
		want      string
	}{
		{"check_failures", 3, 5 * time.Minute, "3 failures in 5m"},
		{"database_failures", 1, time.Minute, "1 failure in 1m"},
		{"payment_failure_percent", 10, 15 * time.Minute, "above 10 % over 15m"},
		{"response_time_ms", 2000, 90 * time.Second, "above 2000 ms over 1m30s"},
		{"memory_used_percent", 80.5, 0, "above 80.5 % now"},
		{"pool_checked_out_percent", 80, 0, "80 % or more now"},
		{"failed_logins_per_address", 10, time.Hour, "more than 10 in 1h"},
	} {
		if got, err := alerting.Shorthand(c.measure, c.threshold, c.window); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.measure, got, err, c.want)
		}
	}
}

func TestNumbersThatMeasuresRefuse(t *testing.T) {
	nan := 0.0
	nan /= nan
	for want, c := range map[string]struct {
		measure   string
		threshold float64
		window    time.Duration
	}{
		`"disc_used" is not a measure: use one of check_failures, cpu_used_percent`:      {"disc_used", 1, 0},
		`the threshold of check_failures counts results: it must be a whole number`:      {"check_failures", 2.5, time.Minute},
		`the threshold of database_failures counts results`:                              {"database_failures", 0, time.Minute},
		`the threshold of disk_used_percent is a share: it must be below 100, not 100`:   {"disk_used_percent", 100, 0},
		`the threshold of memory_used_percent must be a number of 0 or more, not -1`:     {"memory_used_percent", -1, 0},
		`the threshold of memory_used_percent must be a number of 0 or more, not NaN`:    {"memory_used_percent", nan, 0},
		`the window of memory_used_percent must be a time such as 5m, not -1m0s`:         {"memory_used_percent", 80, -time.Minute},
		`error_rate_percent needs a window, such as 5m: it says nothing about a single `: {"error_rate_percent", 5, 0},
	} {
		for _, f := range []func(string, float64, time.Duration) (string, error){alerting.Expand, alerting.Shorthand} {
			if _, err := f(c.measure, c.threshold, c.window); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
}

// firing runs one measure over series, evaluated every step, and writes a
// letter for each evaluation: F where it fires for any series, . where not.
func firing(t *testing.T, measure string, threshold float64, window, interval, step time.Duration, steps int, input map[string]string) string {
	t.Helper()
	expr, err := alerting.Expand(measure, threshold, window)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "evaluation_interval: %dms\ntests:\n- interval: %dms\n  input_series:\n", step.Milliseconds(), interval.Milliseconds())
	for series, values := range input {
		fmt.Fprintf(&b, "  - {series: '%s', values: '%s'}\n", series, values)
	}
	b.WriteString("  alert_rule_test:\n")
	for i := range steps {
		fmt.Fprintf(&b, "  - {eval_time: %dms, alertname: r}\n", int64(i)*step.Milliseconds())
	}
	out, err := ruletest.Run(t.Context(), []byte(b.String()), "f.yml", []alerting.Rule{{Name: "r", Expr: expr}})
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat(".", steps))
	for _, f := range out.Failures {
		if f.Reason != "" {
			t.Fatal(f)
		}
		line[f.At/step] = 'F'
	}
	return string(line)
}

func TestFailuresOfChecks(t *testing.T) {
	const web = `vitals_check_failed{check="web"}`
	for name, c := range map[string]struct {
		interval, step time.Duration
		values, want   string
	}{
		"once a minute":                     {time.Minute, time.Minute, "0 1 1 1 1 0 0", "...FF.."},
		"thrice within a second":            {300 * time.Millisecond, 300 * time.Millisecond, "1 1 1 0 0", "..F.."},
		"at three times, not enough":        {time.Minute, time.Minute, "1 1 0 0 0 0 0 0", "........"},
		"too far apart":                     {time.Minute, time.Minute, "1 _ _ 1 _ _ 1 _ _ 1", ".........."},
		"good ones between count for other": {time.Minute, time.Minute, "1 0 1 0 1 0 0", "....F.."},
		"again within the window":           {time.Minute, time.Minute, "1 1 1 0 1 0", "..F.F."},
		"a later failure begins anew":       {time.Minute, time.Minute, "1 1 1 0 0 0 0 0 1 1 1", "..F.......F"},
		"alone after a silence":             {time.Minute, time.Minute, "1 1 1 0 _ _ _ _ _ _ _ 1 _", "..F.........."},
		// With results two minutes apart, the window holds three only at times.
		"every two minutes":            {time.Minute, 15 * time.Second, "1 _ 1 _ 1 _ 1 _ 0", strings.Repeat(".", 16) + strings.Repeat("F", 16) + "."},
		"then nothing comes any more":  {time.Minute, 30 * time.Second, "1 1 1", "...." + strings.Repeat("F", 120)},
		"good, then nothing":           {time.Minute, time.Minute, "1 1 1 0", "..F" + strings.Repeat(".", 80)},
		"good between two evaluations": {15 * time.Second, time.Minute, "1 1 1 1 1 1 0 1 1 0 0 0 0", ".FF."},
	} {
		got := firing(t, "check_failures", 3, 5*time.Minute, c.interval, c.step, len(c.want), map[string]string{web: c.values, `vitals_check_failed{check="b"}`: "0x90"})
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestFailuresOfDatabases(t *testing.T) {
	for name, c := range map[string]struct{ check, values, want string }{
		"at once":                       {"database", "0 1 1 0", ".FF."},
		"a replica":                     {"database@replica", "0 1 1 0", ".FF."},
		"not its pool":                  {"database.pool", "0 1 1 0", "...."},
		"a longer time between results": {"database", "1 _ _ _ 1 0", "FFFFF."},
		"nothing more comes":            {"database", "1 _ _", strings.Repeat("F", 20)},
	} {
		got := firing(t, "database_failures", 1, time.Minute, time.Minute, time.Minute, len(c.want), map[string]string{`vitals_check_failed{check="` + c.check + `"}`: c.values})
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestMeasuresOfRequestsAndMachines(t *testing.T) {
	for name, c := range map[string]struct {
		measure   string
		threshold float64
		window    time.Duration
		input     map[string]string
		want      string
	}{
		"errors": {"error_rate_percent", 5, 2 * time.Minute, map[string]string{
			`http_requests_total{status_code="200"}`: "0+90x3 360x9", `http_requests_total{status_code="503"}`: "0 0 10 20 20x9"}, "..FF.."},
		"no requests": {"error_rate_percent", 5, 2 * time.Minute, map[string]string{
			`http_requests_total{status_code="200"}`: "7x9", `http_requests_total{status_code="503"}`: "7x9"}, "......"},
		"no errors yet": {"error_rate_percent", 5, 2 * time.Minute, map[string]string{`http_requests_total{status_code="200"}`: "0+1x9"}, "......"},
		"slow": {"response_time_ms", 2000, 2 * time.Minute, map[string]string{
			`http_request_duration_seconds_sum{endpoint="/"}`: "0+30x3 90x9", `http_request_duration_seconds_count{endpoint="/"}`: "0+10x3 30x9"}, ".FFF.."},
		"not slow": {"response_time_ms", 2000, 2 * time.Minute, map[string]string{
			`http_request_duration_seconds_sum`: "0+20x9", `http_request_duration_seconds_count`: "0+10x9"}, "......"},
		"no requests to be slow": {"response_time_ms", 0, 2 * time.Minute, map[string]string{
			`http_request_duration_seconds_sum`: "5x9", `http_request_duration_seconds_count`: "5x9"}, "......"},
		"slow for some": {"response_time_p95_ms", 1500, 2 * time.Minute, map[string]string{
			`http_request_duration_seconds_bucket{le="1"}`: "0+90x9", `http_request_duration_seconds_bucket{le="2"}`: "0+100x9", `http_request_duration_seconds_bucket{le="+Inf"}`: "0+100x9"}, "......"},
		"slow for more": {"response_time_p95_ms", 1400, 2 * time.Minute, map[string]string{
			`http_request_duration_seconds_bucket{le="1"}`: "0+90x9", `http_request_duration_seconds_bucket{le="2"}`: "0+100x9", `http_request_duration_seconds_bucket{le="+Inf"}`: "0+100x9"}, ".FFFFF"},
		"payments":     {"payment_failure_percent", 10, 2 * time.Minute, map[string]string{`payments_total{status="failed"}`: "0+2x9", `payments_total{status="succeeded"}`: "0+8x9"}, ".FFFFF"},
		"few payments": {"payment_failure_percent", 10, 2 * time.Minute, map[string]string{`payments_total{status="failed"}`: "0+1x9", `payments_total{status="succeeded"}`: "0+9x9"}, "......"},
		"memory":       {"memory_used_percent", 80, 3 * time.Minute, map[string]string{"vitals_memory_used_percent": "85x9"}, "...FFF"},
		"one dip":      {"memory_used_percent", 80, 3 * time.Minute, map[string]string{"vitals_memory_used_percent": "90 90 90 90 70 90 90"}, "...FFF"},
		"memory now":   {"memory_used_percent", 80, 0, map[string]string{"vitals_memory_used_percent": "80 81 80 80 81 1"}, ".F..F."},
		"pool":         {"pool_checked_out_percent", 80, 0, map[string]string{`db_connections_checked_out{server="a"}`: "7 8 9 1", `vitals_database_pool_size{server="a"}`: "10x9"}, ".FF..."},
		"pool of none": {"pool_checked_out_percent", 80, 0, map[string]string{`db_connections_checked_out`: "7 8 9 1", `vitals_database_pool_size`: "0x9"}, "......"},
		"pool's mean":  {"pool_checked_out_percent", 80, 2 * time.Minute, map[string]string{`db_connections_checked_out`: "8 6 10 1 1 1", `vitals_database_pool_size`: "10x9"}, "F.F..."},
		"statement":    {"slow_query_mean_ms", 1000, 0, map[string]string{`vitals_database_query_mean_seconds{queryid="1"}`: "1 1.1 1", `vitals_database_query_mean_seconds{queryid="2"}`: "0.1x9"}, ".F...."},
		"logins":       {"failed_logins_per_address", 10, 3 * time.Minute, map[string]string{`vitals_security_failed_logins{address="192.0.2.1"}`: "5 5 1 0 0 0", `vitals_security_failed_logins{address="other"}`: "99x9"}, "..F..."},
	} {
		got := firing(t, c.measure, c.threshold, c.window, time.Minute, time.Minute, len(c.want), c.input)
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
