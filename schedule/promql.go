package schedule

import "fmt"

// The expressions that several items of the checklists use. A window is such as
// 1d; offset is "" or such as " offset 7d".

// sharePercent is a part of a counter in percent of the whole: 0 where the part
// was never counted, nothing where the whole was not.
func sharePercent(part, whole, window, offset string) string {
	all := fmt.Sprintf("sum(rate(%s[%s]%s))", whole, window, offset)
	return fmt.Sprintf("100 * (sum(rate(%s[%s]%s)) or 0 * %s) / (%[4]s > 0)", part, window, offset, all)
}

func errorPercent(window, offset string) string {
	return sharePercent(`http_requests_total{status_code=~"5.."}`, "http_requests_total", window, offset)
}

func failedPaymentsPercent(window string) string {
	return sharePercent(`payments_total{status="failed"}`, "payments_total", window, "")
}

// meanMs is the mean time of requests, by a label or "" for all together.
func meanMs(by, window, offset string) string {
	return fmt.Sprintf("1000 * sum by (%s) (rate(http_request_duration_seconds_sum[%s]%s)) / (sum by (%[1]s) (rate(http_request_duration_seconds_count[%[2]s]%[3]s)) > 0)", by, window, offset)
}

// p95Ms is the time that 95 of 100 requests stay below.
func p95Ms(window, offset string) string {
	return fmt.Sprintf("1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[%s]%s)))", window, offset)
}

// worstOf is the highest that an expression got, looked at step by step.
func worstOf(expr, window, step string) string {
	return fmt.Sprintf("max_over_time((%s)[%s:%s])", expr, window, step)
}

// changePercent is how much more an expression is than another.
func changePercent(now, before string) string {
	return fmt.Sprintf("100 * ((%s) / ((%s) > 0) - 1)", now, before)
}

func requests(window, offset string) string {
	return fmt.Sprintf("sum(increase(http_requests_total[%s]%s))", window, offset)
}

// poolPeakPercent is the most of a database pool that was in use.
func poolPeakPercent(window string) string {
	return fmt.Sprintf("100 * max_over_time(db_connections_checked_out[%s]) / (last_over_time(vitals_database_pool_size[%[1]s]) > 0)", window)
}

func connectionsPeakPercent(window string) string {
	return fmt.Sprintf("100 * max_over_time(vitals_database_connections[%s]) / (last_over_time(vitals_database_connections_max[%[1]s]) > 0)", window)
}

func failedResults(window string) string {
	return fmt.Sprintf("sum by (check) (sum_over_time(vitals_check_failed[%s]))", window)
}

func certificateLeft() string {
	return "min by (probe) (last_over_time(vitals_probe_certificate_expires_timestamp_seconds[1d])) - time()"
}

// timeUntilFull divides what is free by what goes a second, at the pace of the
// window; ten years at most, and where nothing goes.
func timeUntilFull(window string) string {
	return fmt.Sprintf("clamp_max(vitals_disk_available_bytes / clamp_min(-deriv(vitals_disk_available_bytes[%s]), 1), 10 * 365 * 86400)", window)
}
