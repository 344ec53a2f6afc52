package alerting

import "time"

// shorthand is a rule as the contract's table has it.
type shorthand struct {
	name      string
	measure   string
	threshold float64
	window    time.Duration
	severity  string
	incident  string // type of the incident it opens, "" for none
	summary   string
	advice    string // what to do first
}

// DefaultRules are the nine rules that hold where nothing is configured, by
// name. Thresholds, windows and severities are the guide's (contract, 4); the
// incidents that they open are of contract, 5. None has For: the window is in
// the expression, so that it holds whoever evaluates it and however seldom.
func DefaultRules() []Rule {
	return written([]shorthand{
		{"database_unavailable", "database_failures", 1, time.Minute, "critical", "database_down",
			"The database ({{ $labels.check }}) does not answer",
			"Run vitals check database: it says why. Is the server up, its disk full, its connections used up?"},
		{"db_pool_usage", "pool_checked_out_percent", 80, 0, "warning", "",
			"{{ $value }} % of the database pool's connections are in use",
			"Run vitals check database.pool. Look for slow queries and for transactions left open; when none are left, requests wait and fail."},
		{"failed_logins", "failed_logins_per_address", 10, time.Hour, "warning", "",
			"{{ $value }} failed logins from {{ $labels.address }}",
			"Somebody may be guessing passwords. See whom they tried, and block the address if it is not one of your own."},
		{"health_check_failures", "check_failures", 3, 5 * time.Minute, "critical", "health_check_failures",
			"Check {{ $labels.check }} failed {{ $value }} times and still fails",
			"Run vitals check {{ $labels.check }}: it says what is wrong and what to do next."},
		{"high_error_rate", "error_rate_percent", 5, 10 * time.Minute, "warning", "",
			"{{ $value }} % of the requests fail with a server error",
			"See which endpoint fails and since when: the application's log of that time, and what was deployed last."},
		{"high_memory_usage", "memory_used_percent", 80, 10 * time.Minute, "warning", "",
			"{{ $value }} % of the memory is in use",
			"See which process grew: ps aux --sort=-rss | head. When nothing is left the kernel kills one."},
		{"high_response_time", "response_time_ms", 2000, 5 * time.Minute, "warning", "performance_degradation",
			"Requests take {{ $value }} ms on average",
			"See which endpoint is slow, then what it waits for: the database (vitals check database.pool), another service, the processor."},
		{"payment_failure_rate", "payment_failure_percent", 10, 15 * time.Minute, "critical", "",
			"{{ $value }} % of the payments fail",
			"Customers cannot pay. Look at the payment provider's status page and at the reasons in the application's log."},
		{"slow_queries", "slow_query_mean_ms", 1000, 0, "warning", "",
			"A database statement takes {{ $value }} ms on average",
			"See which statement it is and whether it lacks an index or waits for a lock."},
	})
}

// DetectionRules are the rules that open incidents where nothing is configured
// (contract, 5), by name. Three of them are default rules. The fourth asks of
// errors what high_error_rate asks, at the share that makes an incident.
func DetectionRules() []Rule {
	rules := written([]shorthand{{"error_rate_incident", "error_rate_percent", 10, 10 * time.Minute, "warning", "high_error_rate",
		"{{ $value }} % of the requests fail with a server error",
		"See which endpoint fails and since when: the application's log of that time, and what was deployed last."}})
	for _, r := range DefaultRules() {
		if r.Incident != "" {
			rules = append(rules, r)
		}
	}
	sortRules(rules)
	return rules
}

// written makes rules of the table's lines. A line whose numbers FromMeasure
// refuses makes a rule without expression; a test sees that there is none. The
// texts name no threshold and no window: the configuration may change those.
func written(lines []shorthand) []Rule {
	rules := make([]Rule, 0, len(lines))
	for _, l := range lines {
		r := Rule{Name: l.name, Severity: l.severity, Incident: l.incident, Measure: l.measure, Threshold: l.threshold, Window: l.window,
			Annotations: map[string]string{"summary": l.summary, "description": l.advice}}
		_ = r.FromMeasure()
		rules = append(rules, r)
	}
	return rules
}
