package schedule

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode"
)

// Missed says what becomes of scheduled times at which nothing was there to run
// the job.
type Missed string

// The two policies.
const (
	MissedOnce Missed = "once" // one run makes up for all of them; the default
	MissedSkip Missed = "skip" // they are recorded as skipped
)

// punctual is how late a run may begin without its time counting as missed: a
// restart, a busy machine or a slow store may take that long.
const punctual = time.Minute

// Job is something to be run again and again.
type Job struct {
	// Name tells jobs apart, in every process that shares a store. It is shown
	// to people and part of crontab lines and unit names.
	Name string
	Spec Spec
	// Missed is the policy for missed times; "" means MissedOnce.
	Missed Missed
	// Grace is how old a missed time may be to be caught up by MissedOnce; 0
	// means however old. Below a minute it says nothing: a time is not missed
	// before.
	Grace time.Duration
	// Timeout is how long a run may take before its context ends; 0 means for
	// ever.
	Timeout time.Duration
	// Every is how often a job without a Spec is expected to succeed, such as one
	// that something else starts; 0 means that nobody said.
	Every time.Duration
	// Slack is how much later than expected a success may come before the job
	// counts as late; 0 means a tenth of what lies between two, at least 5 min.
	Slack time.Duration
	// Most is how long a run may take before somebody should look; 0 means that
	// nobody said. Unlike Timeout it ends nothing.
	Most time.Duration
	// Jitter spreads jobs that share a time: each begins later by a delay of its
	// own, below Jitter, that follows from its name and so never changes. 0
	// means none. The scheduled time stays that of the spec.
	Jitter time.Duration
}

// Validate tells what keeps the job from being scheduled.
func (j Job) Validate() error {
	switch {
	case strings.TrimSpace(j.Name) == "":
		return errors.New("a job needs a name")
	case strings.ContainsFunc(j.Name, unicode.IsControl):
		return fmt.Errorf("the job's name %q must not contain line breaks or other control characters", j.Name)
	case j.Spec.IsZero():
		return fmt.Errorf("the job %s needs a schedule: %s", j.Name, shapes)
	case j.Missed != "" && j.Missed != MissedOnce && j.Missed != MissedSkip:
		return fmt.Errorf("the job %s: missed must be %s or %s, not %q", j.Name, MissedOnce, MissedSkip, j.Missed)
	}
	for _, d := range []struct {
		what   string
		length time.Duration
	}{{"grace", j.Grace}, {"timeout", j.Timeout}, {"jitter", j.Jitter}} {
		if d.length < 0 {
			return fmt.Errorf("the job %s: %s must be 0 or a length of time such as 5m, not %s", j.Name, d.what, d.length)
		}
	}
	return nil
}

// leastSlack is the least by which a success must be behind before a job counts
// as late, where nobody said more.
const leastSlack = 5 * time.Minute

// DueAfter is when the success after that of a scheduled time is due at the
// latest; zero where nobody said how often the job runs.
func (j Job) DueAfter(at time.Time) time.Time {
	next := at.Add(j.Every)
	if !j.Spec.IsZero() {
		next = j.Spec.Next(at)
	}
	if !next.After(at) {
		return time.Time{}
	}
	slack := j.Slack
	if slack == 0 {
		slack = max(leastSlack, next.Sub(at)/10)
	}
	return next.Add(slack + j.Delay() + j.Most)
}

// Delay is how much later than its scheduled times the job begins, by Jitter.
func (j Job) Delay() time.Duration { return share(j.Jitter, j.Name).Truncate(time.Millisecond) }

// share is a part of a length, from 0 to below the whole, that follows from
// words alone.
func share(whole time.Duration, words ...string) time.Duration {
	if whole <= 0 {
		return 0
	}
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w + "\x00"))
	}
	// FNV leaves similar words near each other; this tears them apart.
	n := h.Sum64()
	n = (n ^ n>>33) * 0xff51afd7ed558ccd
	n = (n ^ n>>33) * 0xc4ceb9fe1a85ec53
	return time.Duration((n ^ n>>33) % uint64(whole))
}

// Tick is a scheduled time that has come.
type Tick struct {
	At    time.Time     // the scheduled time; zero when none has come
	Since time.Time     // the first of the times for which it stands: At itself, or an earlier one that was missed
	Late  time.Duration // how long ago the run should have begun
	Run   bool          // whether it is to be run; else it is to be recorded as skipped
	Why   string        // why it is not to be run
}

// Due tells which of a job's scheduled times is to be dealt with now. Last is
// the latest one that was dealt with by anybody; zero where there is none, and
// then nothing counts as missed. Where several have come since, the latest
// stands for all of them.
func Due(job Job, last, now time.Time) Tick {
	until := now.Add(-job.Delay())
	if last.IsZero() {
		last = until.Add(-punctual)
	}
	at := job.Spec.Latest(last, until)
	if at.IsZero() {
		return Tick{}
	}
	t := Tick{At: at, Since: job.Spec.Next(last), Late: until.Sub(at), Run: true}
	switch {
	case t.Late <= punctual:
	case job.Missed == MissedSkip:
		t.Run, t.Why = false, "missed: nothing was there to run it at its time, and this job skips what was missed"
	case job.Grace > 0 && t.Late > job.Grace:
		t.Run, t.Why = false, fmt.Sprintf("missed: nothing was there to run it at its time, and after %s it is not caught up any more", job.Grace)
	}
	return t
}
