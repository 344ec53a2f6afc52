package alerting

// JobRules are the rules about jobs, by name: scheduled ones, those wrapped by
// vitals run, and those that send heartbeats. They are on unless a
// configuration says otherwise.
func JobRules() []Rule {
	rule := func(name, severity, expr, summary, advice string) Rule {
		return Rule{Name: name, Severity: severity, Expr: expr, Annotations: map[string]string{"summary": summary, "description": advice}}
	}
	const history = "Run vitals schedule history --job {{ $labels.name }}: it shows the last runs and what they printed."
	return []Rule{
		rule("job_failed", "warning", "vitals_job_failed == 1", "Job {{ $labels.name }} failed", history),
		rule("job_late", "warning", "time() - vitals_job_due_timestamp_seconds > 0",
			"Job {{ $labels.name }} has not succeeded when it was due ({{ $value }} seconds ago)",
			"Does whatever starts it still run? "+history),
		rule("job_slow", "warning", "vitals_job_duration_seconds > on (name) vitals_job_max_duration_seconds",
			"Job {{ $labels.name }} has taken {{ $value }} seconds, longer than it may", history),
	}
}
