package schedule

// Builtin returns the checklists of the contract, section 9: daily, weekly and
// monthly, six items each. Thresholds are those of the rules and checks that
// look at the same thing (contract, 2 and 4); where there is none, a change by
// a fifth is worth a look.
func Builtin() []Checklist {
	return []Checklist{
		{Name: "daily", Title: "Every day", Period: Day, Items: daily()},
		{Name: "weekly", Title: "Every week", Period: Week, Items: weekly()},
		{Name: "monthly", Title: "Every month", Period: Month, Items: monthly()},
	}
}

func daily() []Item {
	return []Item{
		{
			ID: "health-status", Title: "Health status", Checks: []string{"*"},
			Ask: "Does every part of the platform work, and did it all day?",
			Queries: []Query{
				{Title: "failed results of one check in the past day", Expr: failedResults("1d"), Warn: 1},
			},
		},
		{
			ID: "error-rates", Title: "Error rates and patterns", Checks: []string{"traffic", "logs"},
			Ask: "Are there more errors than usual in the application's log, or errors of a new kind?",
			Queries: []Query{
				{Title: "requests that failed in the past day", Expr: errorPercent("1d", ""), Unit: "%", Warn: 5, Bad: 10},
				{Title: "requests that failed in the worst hour", Expr: worstOf(errorPercent("1h", ""), "1d", "30m"), Unit: "%", Warn: 5, Bad: 10},
				{Title: "most server errors of one endpoint in the past day", Expr: `sum by (endpoint) (increase(http_requests_total{status_code=~"5.."}[1d]))`},
				{Title: "most refusals of one kind in the past day", Expr: `sum by (status_code) (increase(http_requests_total{status_code=~"4.."}[1d]))`},
			},
		},
		{
			ID: "response-times", Title: "Response times", Checks: []string{"traffic"},
			Ask: "Is the application as fast as usual?",
			Queries: []Query{
				{Title: "mean time of requests in the past day", Expr: meanMs("", "1d", ""), Unit: "ms", Warn: 2000},
				{Title: "mean time in the slowest hour", Expr: worstOf(meanMs("", "1h", ""), "1d", "30m"), Unit: "ms", Warn: 2000},
				{Title: "time that 95 of 100 requests stayed below", Expr: p95Ms("1d", ""), Unit: "ms", Warn: 2000},
				{Title: "mean time of the slowest endpoint", Expr: meanMs("endpoint", "1d", ""), Unit: "ms", Warn: 2000},
				{Title: "mean time of the slowest probe", Expr: `avg by (probe) (avg_over_time(vitals_probe_phase_seconds{phase="total"}[1d]))`, Unit: "s", Warn: 2},
			},
		},
		{
			ID: "security-events", Title: "Security events", Checks: []string{"security"},
			Ask: "Does the security log of the past day show break-in attempts or anything that nobody can explain?",
			Queries: []Query{
				// More than ten from one address within an hour.
				{Title: "most failed logins of one address in an hour", Expr: worstOf(`sum by (address) (sum_over_time(vitals_security_failed_logins{address!="other"}[1h]))`, "1d", "10m"), Warn: 11},
				{Title: "requests that were not allowed in the past day", Expr: `sum(increase(http_requests_total{status_code=~"401|403|429"}[1d]))`},
			},
		},
		{
			ID: "resource-utilisation", Title: "Resource utilisation",
			Checks: []string{"host", "redis", "database.pool"},
			Ask:    "Is there enough memory, processor time and disk left?",
			Queries: []Query{
				{Title: "most memory in use in the past day", Expr: "max_over_time(vitals_memory_used_percent[1d])", Unit: "%", Warn: 80, Bad: 90},
				{Title: "mean processor time in use in the past day", Expr: "avg_over_time(cpu_usage_percent[1d])", Unit: "%", Warn: 90},
				{Title: "fullest disk", Expr: "vitals_disk_used_percent", Unit: "%", Warn: 85, Bad: 95},
				{Title: "most of the database pool in use in the past day", Expr: poolPeakPercent("1d"), Unit: "%", Warn: 80},
			},
		},
		{
			ID: "backup-status", Title: "Backup status", Checks: []string{"backup", "database.backup"},
			Ask: "Was there a good backup in the past day, and does it lie on another machine?",
			Queries: []Query{
				// A daily job may be late by an hour or two; two missed ones are an emergency.
				{Title: "age of the last good run", Expr: `time() - max by (name) (max_over_time(vitals_job_last_success_timestamp_seconds{name=~"(?i).*backup.*"}[30d]))`, Unit: "s", Warn: 26 * 3600, Bad: 50 * 3600},
				{Title: "whether the last run failed (1)", Expr: `max by (name) (last_over_time(vitals_job_failed{name=~"(?i).*backup.*"}[30d]))`, Warn: 1},
			},
		},
	}
}

func weekly() []Item {
	return []Item{
		{
			ID: "performance-trends", Title: "Performance trends",
			Ask: "Has the application become slower since last week?",
			Queries: []Query{
				{Title: "change of the mean time of requests against the week before", Expr: changePercent(meanMs("", "7d", ""), meanMs("", "7d", " offset 7d")), Unit: "%", Warn: 20, Bad: 100},
				{Title: "change of the time that 95 of 100 requests stay below", Expr: changePercent(p95Ms("7d", ""), p95Ms("7d", " offset 7d")), Unit: "%", Warn: 20, Bad: 100},
				{Title: "requests that failed in the past week", Expr: errorPercent("7d", ""), Unit: "%", Warn: 5, Bad: 10},
				{Title: "change of the number of requests against the week before", Expr: changePercent(requests("7d", ""), requests("7d", " offset 7d")), Unit: "%"},
			},
		},
		{
			ID: "user-engagement", Title: "User engagement", Checks: []string{"business"},
			Ask: "Do as many people use the platform as last week, and for what?",
			Queries: []Query{
				{Title: "active users, mean of the past week", Expr: "avg_over_time(active_users[7d])"},
				{Title: "change of active users against the week before", Expr: changePercent("sum(avg_over_time(active_users[7d]))", "sum(avg_over_time(active_users[7d] offset 7d))"), Unit: "%", Warn: -20, Bad: -50, Below: true},
				{Title: "users who joined in the past week", Expr: "vitals_database_users - vitals_database_users offset 7d"},
			},
		},
		{
			ID: "database-performance", Title: "Database performance", Checks: []string{"database"},
			Ask: "Which statements take most of the database's time, and do they need an index?",
			Queries: []Query{
				{Title: "mean time of the slowest statement", Expr: "1000 * max without (queryid) (avg_over_time(vitals_database_query_mean_seconds[7d]))", Unit: "ms", Warn: 1000},
				{Title: "most connections in use, of those allowed", Expr: connectionsPeakPercent("7d"), Unit: "%", Warn: 80, Bad: 95},
				{Title: "most of the pool in use", Expr: poolPeakPercent("7d"), Unit: "%", Warn: 80},
				{Title: "growth in the past week", Expr: "vitals_database_size_bytes - vitals_database_size_bytes offset 7d", Unit: "B"},
			},
		},
		{
			ID: "payment-success", Title: "Payment success rates", Checks: []string{"business.payments"},
			Ask: "What does the payment provider's own report say of failed payments and refunds?",
			Queries: []Query{
				{Title: "payments that failed in the past week", Expr: failedPaymentsPercent("7d"), Unit: "%", Warn: 5, Bad: 10},
				{Title: "payments that failed on the worst day", Expr: worstOf(failedPaymentsPercent("1d"), "7d", "6h"), Unit: "%", Warn: 10},
			},
		},
		{
			ID: "external-dependencies", Title: "External dependencies", Checks: []string{"probe"},
			Ask: "Do the services of others that the platform needs work, and has any of them announced a change?",
			Queries: []Query{
				// 99 % of a week is an hour and 40 minutes of failure.
				{Title: "share of the past week in which one answered as it should", Expr: `100 * (1 - avg by (check) (avg_over_time(vitals_check_failed{check=~"probe[.].*"}[7d])))`, Unit: "%", Warn: 99.5, Bad: 99, Below: true},
				{Title: "first certificate to expire", Expr: certificateLeft(), Unit: "s", Warn: 21 * 86400, Bad: 7 * 86400, Below: true},
			},
		},
		{
			ID: "dashboards", Title: "Dashboards", Person: true,
			Ask: "Do the dashboards show what was needed this week? Add what was missing, remove what nobody looks at.",
			Queries: []Query{
				{Title: "checks recorded in the past week", Expr: "count(count by (check) (last_over_time(vitals_check_status[7d])))"},
			},
		},
	}
}

func monthly() []Item {
	return []Item{
		{
			ID: "security-audit", Title: "Security audit", Checks: []string{"security"}, Person: true,
			Ask: "Who has access, and do they still need it? Are all systems up to date, are old keys and passwords replaced?",
			Queries: []Query{
				{Title: "first certificate to expire", Expr: certificateLeft(), Unit: "s", Warn: 21 * 86400, Bad: 7 * 86400, Below: true},
				{Title: "failed logins in the past month", Expr: "sum(sum_over_time(vitals_security_failed_logins[30d]))"},
			},
		},
		{
			ID: "performance-optimisation", Title: "Performance optimisation", Person: true,
			Ask: "What is the slowest thing that users wait for, and what would it take to make it faster?",
			Queries: []Query{
				{Title: "mean time of the slowest endpoint in the past month", Expr: meanMs("endpoint", "30d", ""), Unit: "ms", Warn: 2000},
				{Title: "mean time of the slowest statement in the past month", Expr: "1000 * max without (queryid) (avg_over_time(vitals_database_query_mean_seconds[30d]))", Unit: "ms", Warn: 1000},
				{Title: "change of the mean time of requests against the month before", Expr: changePercent(meanMs("", "30d", ""), meanMs("", "30d", " offset 30d")), Unit: "%", Warn: 20, Bad: 100},
			},
		},
		{
			ID: "capacity-planning", Title: "Capacity planning", Checks: []string{"disk", "memory"},
			Ask: "For how long will disks, memory and the database last at the pace of the past month?",
			Queries: []Query{
				{Title: "time until the first disk is full at the pace of the past month", Expr: timeUntilFull("30d"), Unit: "s", Warn: 60 * 86400, Bad: 14 * 86400, Below: true},
				{Title: "most memory in use in the past month", Expr: "max_over_time(vitals_memory_used_percent[30d])", Unit: "%", Warn: 80, Bad: 90},
				{Title: "most of Redis's memory in use in the past month", Expr: "100 * max_over_time(vitals_redis_memory_used_bytes[30d]) / (last_over_time(vitals_redis_memory_limit_bytes[30d]) > 0)", Unit: "%", Warn: 80, Bad: 95},
				{Title: "most database connections in use, of those allowed", Expr: connectionsPeakPercent("30d"), Unit: "%", Warn: 80, Bad: 95},
				{Title: "growth of the database in the past month", Expr: "vitals_database_size_bytes - vitals_database_size_bytes offset 30d", Unit: "B"},
				{Title: "change of the number of requests against the month before", Expr: changePercent(requests("30d", ""), requests("30d", " offset 30d")), Unit: "%"},
			},
		},
		{
			ID: "incident-review", Title: "Incident review", Person: true,
			Ask: "What went wrong in the past month, what was learnt, and is what was to be done about it done?",
			Queries: []Query{
				{Title: "failed results of one check in the past month", Expr: failedResults("30d")},
			},
		},
		{
			ID: "monitoring-updates", Title: "Updates of the monitoring", Person: true,
			Ask: "Is Vitals up to date, and is everything watched that was added to the platform in the past month?",
			Queries: []Query{
				{Title: "share of the past month in which one check could not be asked", Expr: "100 * avg by (check) (avg_over_time((vitals_check_status == bool 1)[30d:1h]))", Unit: "%", Warn: 5},
			},
		},
		{
			ID: "threshold-tuning", Title: "Tuning of alert thresholds", Person: true,
			Ask: "Which alerts of the past month needed nobody, and what went wrong without an alert? vitals alert history helps.",
			Queries: []Query{
				{Title: "changes of one check's status in the past month", Expr: "sum by (check) (changes(vitals_check_status[30d]))"},
			},
		},
	}
}
