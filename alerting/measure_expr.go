package alerting

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// lookback is how old the newest sample of a series may be to count as its
// value: Prometheus' and the history's default.
const lookback = 5 * time.Minute

// failures counts failed results, whatever their distance: three processes
// within a second count as three checks a minute apart do. The newest result
// must be a failure, so the first good one ends it; the count times the newest
// result says both, since a good result is 0.
//
// The window slides on between results. Of three failures two minutes apart,
// one leaves a window of five minutes before the next result comes, and when
// the results stop, all do. Neither is a recovery. So the second part asks what
// was last known within the hour, over the threshold or good.
//
// Of a single failure the newest result says all.
func failures(selector string) func(string, string, time.Duration) string {
	return func(threshold, window string, w time.Duration) string {
		if threshold == "1" {
			return fmt.Sprintf("last_over_time(%s[%s]) == 1", selector, model.Duration(max(w, lookback)))
		}
		bad := fmt.Sprintf("sum_over_time(%s[%s]) * last_over_time(%[1]s[%[2]s])", selector, window)
		hold := max(w, time.Hour)
		step := max(min(w/4, 15*time.Second), time.Second, (hold / 240).Truncate(time.Second))
		return fmt.Sprintf("(%s >= %s\nor last_over_time((%[1]s >= %[2]s or %[1]s == 0)[%[3]s:%[4]s]) > 0)\nunless %[1]s == 0",
			bad, threshold, model.Duration(hold), model.Duration(step))
	}
}

// level is the mean of a gauge over the window. Not "for": one dip would begin
// it anew, and where only cron evaluates nobody is there to see the time pass.
// There must be a sample from before the window, or the first sample of a new
// machine would already have lasted ten minutes.
func level(selector string) func(string, string, time.Duration) string {
	return func(threshold, window string, w time.Duration) string {
		if w == 0 {
			return selector + " > " + threshold
		}
		return fmt.Sprintf("avg_over_time(%s[%s]) > %s and last_over_time(%[1]s[%[2]s] offset %[2]s)", selector, window, threshold)
	}
}

// share is a part of a counter in percent of the whole. Without any it is
// nothing, where a plain division would be NaN or +Inf. Increases are nearer to
// whole numbers than rates: 1 of 10 is 10 %, not a little more.
func share(part, whole string) func(string, string, time.Duration) string {
	return func(threshold, window string, _ time.Duration) string {
		return fmt.Sprintf("100 * sum(increase(%s[%s])) / (sum(increase(%s[%[2]s])) > 0) > %[4]s", part, window, whole, threshold)
	}
}

func meanTime(threshold, window string, _ time.Duration) string {
	const metric = "http_request_duration_seconds"
	return fmt.Sprintf("1000 * sum(increase(%s_sum[%s])) / (sum(increase(%[1]s_count[%[2]s])) > 0) > %s", metric, window, threshold)
}

func p95(threshold, window string, _ time.Duration) string {
	return fmt.Sprintf("1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[%s]))) > %s", window, threshold)
}

// failedLogins leaves out "other", under which addresses beyond the cap are
// counted: it is nobody's address.
func failedLogins(threshold, window string, _ time.Duration) string {
	return fmt.Sprintf(`sum by (address) (sum_over_time(vitals_security_failed_logins{address!="other"}[%s])) > %s`, window, threshold)
}

// poolCheckedOut reaches its threshold at the threshold, as the check
// database.pool does.
func poolCheckedOut(threshold, window string, w time.Duration) string {
	used := "db_connections_checked_out"
	size := "vitals_database_pool_size"
	if w > 0 {
		used, size = "avg_over_time("+used+"["+window+"])", "last_over_time("+size+"["+window+"])"
	}
	return fmt.Sprintf("100 * %s / (%s > 0) >= %s", used, size, threshold)
}

func slowestQuery(threshold, window string, w time.Duration) string {
	mean := "vitals_database_query_mean_seconds"
	if w > 0 {
		mean = "avg_over_time(" + mean + "[" + window + "])"
	}
	return strings.Join([]string{"1000 * max without (queryid) (", mean, ") > ", threshold}, "")
}
