package alerting

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Measure is something that a rule can compare with a number without anybody
// writing PromQL: a threshold and a window make one expression.
//
// The samples that measures read are those of checks, or of the application's
// own metrics under the guide's names. A measure whose samples nobody records
// yields nothing, and its rule has no data.
type Measure struct {
	Name string
	Help string // one line: what it is
	Unit string // of the threshold: failures, %, ms, logins
	// Now tells that the window may be 0: the newest value is compared.
	Now bool
	// AtLeast tells that reaching the threshold is enough; others must exceed it.
	AtLeast bool

	most   float64 // the largest threshold that makes sense; 0 for none
	whole  bool    // the threshold must be a whole number above 0
	expand func(threshold, window string, w time.Duration) string
}

// Measures lists the measures by name.
//
// Names of samples that are recorded: vitals_check_failed, cpu_usage_percent,
// vitals_disk_used_percent, vitals_memory_used_percent,
// db_connections_checked_out and vitals_database_pool_size. Names that traffic,
// payments, database and security record where they are configured:
// http_requests_total{status_code}, http_request_duration_seconds (a
// histogram), payments_total{status="failed"} beside the other statuses,
// vitals_database_query_mean_seconds{queryid}, and
// vitals_security_failed_logins{address}, the failed logins since the look
// before, which therefore can be added up over any window and by any number of
// processes.
func Measures() []Measure {
	return []Measure{
		{Name: "check_failures", Help: "failed results of one check in the window, the newest one failed", Unit: "failures", AtLeast: true, whole: true, expand: failures("vitals_check_failed")},
		{Name: "cpu_used_percent", Help: "processor time in use", Unit: "%", Now: true, most: 100, expand: level("cpu_usage_percent")},
		{Name: "database_failures", Help: "failed results of a database in the window, the newest one failed", Unit: "failures", AtLeast: true, whole: true, expand: failures(`vitals_check_failed{check=~"database(@.*)?"}`)},
		{Name: "disk_used_percent", Help: "space in use of one file system", Unit: "%", Now: true, most: 100, expand: level("vitals_disk_used_percent")},
		{Name: "error_rate_percent", Help: "requests answered with 500 and above, of all", Unit: "%", most: 100, expand: share(`http_requests_total{status_code=~"5.."}`, "http_requests_total")},
		{Name: "failed_logins_per_address", Help: "failed logins from one address", Unit: "logins", expand: failedLogins},
		{Name: "memory_used_percent", Help: "memory in use", Unit: "%", Now: true, most: 100, expand: level("vitals_memory_used_percent")},
		{Name: "payment_failure_percent", Help: "payments that failed, of all", Unit: "%", most: 100, expand: share(`payments_total{status="failed"}`, "payments_total")},
		{Name: "pool_checked_out_percent", Help: "connections of the database pool in use, of its size", Unit: "%", Now: true, AtLeast: true, expand: poolCheckedOut},
		{Name: "response_time_ms", Help: "mean time of all requests", Unit: "ms", expand: meanTime},
		{Name: "response_time_p95_ms", Help: "time that 95 of 100 requests stay below", Unit: "ms", expand: p95},
		{Name: "slow_query_mean_ms", Help: "mean time of the slowest statement of a database", Unit: "ms", Now: true, expand: slowestQuery},
	}
}

// Expand writes a measure, a threshold and a window as one PromQL expression
// that returns a series for each thing that is over the threshold, with the
// measured value. A window of 0 compares the newest value, where the measure
// has one.
func Expand(measure string, threshold float64, window time.Duration) (string, error) {
	m, err := pick(measure, threshold, window)
	if err != nil {
		return "", err
	}
	return m.expand(plainNumber(threshold), model.Duration(window).String(), window), nil
}

// Shorthand says in a few words what Expand's expression asks for, such as "3
// failures in 5m" or "above 80 % over 10m". It fails as Expand does.
func Shorthand(measure string, threshold float64, window time.Duration) (string, error) {
	m, err := pick(measure, threshold, window)
	if err != nil {
		return "", err
	}
	span := model.Duration(window).String()
	switch {
	case m.Unit == "failures" && threshold == 1:
		return "1 failure in " + span, nil
	case m.Unit == "failures":
		return plainNumber(threshold) + " failures in " + span, nil
	case m.Unit == "logins":
		return "more than " + plainNumber(threshold) + " in " + span, nil
	}
	text := "above " + plainNumber(threshold) + " " + m.Unit
	if m.AtLeast {
		text = plainNumber(threshold) + " " + m.Unit + " or more"
	}
	if window == 0 {
		return text + " now", nil
	}
	return text + " over " + span, nil
}

// pick finds the measure and tells what is wrong with its two numbers.
func pick(name string, threshold float64, window time.Duration) (Measure, error) {
	all := Measures()
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, m := range all {
			names[i] = m.Name
		}
		return Measure{}, fmt.Errorf("%q is not a measure: use one of %s", name, strings.Join(names, ", "))
	}
	m := all[i]
	switch {
	case math.IsNaN(threshold) || math.IsInf(threshold, 0) || threshold < 0:
		return m, fmt.Errorf("the threshold of %s must be a number of 0 or more, not %g", name, threshold)
	case m.whole && (threshold < 1 || threshold != math.Trunc(threshold)):
		return m, fmt.Errorf("the threshold of %s counts results: it must be a whole number of 1 or more, not %g", name, threshold)
	case m.most > 0 && threshold >= m.most:
		return m, fmt.Errorf("the threshold of %s is a share: it must be below %g, not %g", name, m.most, threshold)
	case window < 0 || window%time.Millisecond != 0:
		return m, fmt.Errorf("the window of %s must be a time such as 5m, not %s", name, window)
	case window == 0 && !m.Now:
		return m, fmt.Errorf("%s needs a window, such as 5m: it says nothing about a single moment", name)
	}
	return m, nil
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
