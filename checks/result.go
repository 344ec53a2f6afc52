package checks

import "time"

// Result is the answer of a check. Whatever is wrong with the thing looked at
// is in here; a check never answers with a Go error.
type Result struct {
	Check    string
	Status   Status
	Critical bool
	Summary  string // one line for a person, never empty after Run
	Hint     string // what to do about it, one line; "" where there is nothing to say
	Facts    []Fact
	Tables   []Table
	Samples  []Sample
	Started  time.Time
	Duration time.Duration
	Error    string // why it failed or could not be carried out; "" when neither

	// FailedDependencies names those of the check's dependencies that were not
	// healthy in the same round: the place to look first.
	FailedDependencies []string
}

// Sample is one value of one time series.
type Sample struct {
	Name   string            // a Prometheus metric name
	Labels map[string]string // nil for none; bounded: never query text, raw paths or user names
	Value  float64
	Time   time.Time // zero means the time of the Result
}

// OK starts a healthy result.
func OK(summary string, facts ...Fact) Result {
	return Result{Status: Healthy, Summary: summary, Facts: facts}
}

// Warn starts a degraded result.
func Warn(summary string, facts ...Fact) Result {
	return Result{Status: Degraded, Summary: summary, Facts: facts}
}

// Fail starts an unhealthy result. The reason may be nil where the summary
// says it all.
func Fail(summary string, reason error, facts ...Fact) Result {
	return Result{Status: Unhealthy, Summary: summary, Facts: facts, Error: errorText(reason)}
}

// CannotTell starts an unknown result: the question could not be asked.
func CannotTell(summary string, reason error, facts ...Fact) Result {
	return Result{Status: Unknown, Summary: summary, Facts: facts, Error: errorText(reason)}
}

// Fact returns the named fact and whether the result has it.
func (r *Result) Fact(name string) (Fact, bool) {
	for _, f := range r.Facts {
		if f.Name == name {
			return f, true
		}
	}
	return Fact{}, false
}

// Add appends facts and returns the result.
func (r Result) Add(facts ...Fact) Result {
	r.Facts = append(r.Facts, facts...)
	return r
}

// WithHint sets what to do about it and returns the result.
func (r Result) WithHint(hint string) Result {
	r.Hint = hint
	return r
}

// Measure appends a sample and returns the result. Labels come as name, value
// pairs.
func (r Result) Measure(name string, value float64, labels ...string) Result {
	s := Sample{Name: name, Value: value}
	for i := 0; i+1 < len(labels); i += 2 {
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		s.Labels[labels[i]] = labels[i+1]
	}
	r.Samples = append(r.Samples, s)
	return r
}

// AllSamples returns the check's own samples and the ones every result gives:
// vitals_check_status (0 healthy, 1 unknown, 2 degraded, 3 unhealthy),
// vitals_check_failed (1 when unhealthy, 0 when not, and none when unknown: who
// cannot tell has seen neither a failure nor a recovery) and
// vitals_check_duration_seconds. Each has a time.
func (r *Result) AllSamples() []Sample {
	labels := map[string]string{"check": r.Check}
	all := append(make([]Sample, 0, len(r.Samples)+3), r.Samples...)
	all = append(all,
		Sample{Name: "vitals_check_status", Labels: labels, Value: float64(r.Status)},
		Sample{Name: "vitals_check_duration_seconds", Labels: labels, Value: r.Duration.Seconds()})
	switch r.Status {
	case Unhealthy:
		all = append(all, Sample{Name: "vitals_check_failed", Labels: labels, Value: 1})
	case Healthy, Degraded:
		all = append(all, Sample{Name: "vitals_check_failed", Labels: labels, Value: 0})
	}
	for i := range all {
		if all[i].Time.IsZero() {
			all[i].Time = r.Started
		}
	}
	return all
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
