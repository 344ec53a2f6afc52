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
// must be a failure, so the first good one ends it.
//
// The window slides on between results. Of three failures two minutes apart,
// one leaves a window of five minutes before the next result comes; that is no
// recovery. So what was over the threshold stays so until a good result, for
// another window, or five minutes where it is shorter.
//
// For a single failure the newest result says all.
func failures(selector string) func(string, string, time.Duration) string {
	return func(threshold, window string, w time.Duration) string {
		reach := max(w, lookback)
		hold := model.Duration(reach).String()
		last := fmt.Sprintf("last_over_time(%s[%s]) == 1", selector, hold)
		if threshold == "1" {
			return last
		}
		over := fmt.Sprintf("sum_over_time(%s[%s]) >= %s and %s", selector, window, threshold, last)
		return fmt.Sprintf("%s\nor max_over_time((%s)[%s:%s]) and min_over_time(%s[%s]) == 1",
			over, over, hold, model.Duration(holdStep(reach)), selector, hold)
	}
}

// holdStep looks back 20 times along the hold: every 15 s for five minutes.
func holdStep(reach time.Duration) time.Duration {
	return max(15*time.Second, (reach / 20).Truncate(time.Second))
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
// nothing, where a plain division would be NaN or +Inf.
func share(part, whole string) func(string, string, time.Duration) string {
	return func(threshold, window string, _ time.Duration) string {
		return fmt.Sprintf("100 * sum(rate(%s[%s])) / (sum(rate(%s[%[2]s])) > 0) > %[4]s", part, window, whole, threshold)
	}
}

func meanTime(threshold, window string, _ time.Duration) string {
	const metric = "http_request_duration_seconds"
	return fmt.Sprintf("1000 * sum(rate(%s_sum[%s])) / (sum(rate(%[1]s_count[%[2]s])) > 0) > %s", metric, window, threshold)
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
