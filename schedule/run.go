package schedule

import (
	"strings"
	"time"
	"unicode/utf8"

	"vitals/checks"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. Every run begins as running.
const (
	Running   Outcome = "running"   // it has not ended
	Succeeded Outcome = "succeeded" // it did what it was for
	Failed    Outcome = "failed"    // it could not, or Vitals was ended while it ran
	TimedOut  Outcome = "timed_out" // it took longer than the job's Timeout and was stopped
	Lost      Outcome = "lost"      // the process that ran it went away without a word
	Skipped   Outcome = "skipped"   // it was not run at all; Summary says why
)

// Status says how much a run with this outcome should worry somebody.
func (o Outcome) Status() checks.Status {
	switch o {
	case Succeeded, Running:
		return checks.Healthy
	case Skipped:
		return checks.Degraded
	case Failed, TimedOut, Lost:
		return checks.Unhealthy
	}
	return checks.Unknown
}

// Run is one run of a job, or one scheduled time at which it was not run.
type Run struct {
	ID          string    // UUID, given by the process that claims it
	Job         string    // the job's name
	ScheduledAt time.Time // the time of the spec that it is for; with Job it is unique. Of a run by hand, when that was asked for
	StartedAt   time.Time // when it was claimed, just before it began; for a skipped one, when it was recorded
	EndedAt     time.Time // zero while it runs; of a lost one, when its lease ended
	By          string    // the process that claimed it, as host/process id
	Outcome     Outcome
	ExitCode    *int          // of a command; nil where there was none, or it ended otherwise
	Summary     string        // one line for people: what came of it; "" for nothing to say
	DueAt       time.Time     // when the next success is due at the latest; zero where nobody said
	Most        time.Duration // how long it may take; 0 where nobody said
	ByClock     bool          // whether a spec of the configuration says when it runs
	Output      string        // the end of what it printed, at most OutputLimit bytes, with secrets removed by whoever ran it
}

// Ended tells whether the run is over, or never began.
func (r Run) Ended() bool { return r.Outcome != Running && r.Outcome != "" }

// Duration is how long it ran; 0 while it runs and for a skipped one.
func (r Run) Duration() time.Duration {
	if r.EndedAt.IsZero() || r.Outcome == Skipped {
		return 0
	}
	return max(0, r.EndedAt.Sub(r.StartedAt))
}

// Samples are what is worth keeping of a run that ended, for rules such as
// "the backup is late": vitals_job_last_success_timestamp_seconds (of a
// successful one), vitals_job_failed (1 unless it succeeded) and
// vitals_job_duration_seconds, each with the job's name as label "name" (a
// label "job" would clash with Prometheus' own). Nil for one that runs or was
// skipped.
func (r Run) Samples() []checks.Sample {
	if !r.Ended() || r.Outcome == Skipped {
		return nil
	}
	labels := map[string]string{"name": r.Job}
	failed := 1.0
	var all []checks.Sample
	if r.Outcome == Succeeded {
		failed = 0
		all = append(all, checks.Sample{Name: "vitals_job_last_success_timestamp_seconds", Labels: labels, Value: float64(r.EndedAt.UnixMilli()) / 1000, Time: r.EndedAt})
	}
	return append(all,
		checks.Sample{Name: "vitals_job_failed", Labels: labels, Value: failed, Time: r.EndedAt},
		checks.Sample{Name: "vitals_job_duration_seconds", Labels: labels, Value: r.Duration().Seconds(), Time: r.EndedAt})
}

// Ending is what a job's function says of a run. The zero value is a fault and
// counts as failed.
type Ending struct {
	Outcome  Outcome // Succeeded, Failed, TimedOut or Skipped
	ExitCode *int    // nil where there is none
	Summary  string  // one line
	Output   string  // of a long one the end is kept
}

// OutputLimit is how many bytes of a run's output are kept.
const OutputLimit = 16 << 10

// tail keeps the end of a text, beginning at a whole line where it can.
func tail(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= OutputLimit {
		return text
	}
	text = text[len(text)-OutputLimit:]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	if cut := strings.IndexByte(text, '\n'); cut >= 0 && cut < len(text)/2 {
		text = text[cut+1:]
	}
	return text
}
