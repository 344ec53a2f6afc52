// Package checks holds what every part of Vitals speaks: a Check is a named
// question, a Result its answer. The folders below it hold the questions, one
// folder for each thing looked at. This package imports nothing of Vitals.
package checks

import "fmt"

// Status says how well something is. The order is the order of concern: of two
// statuses the greater one is the one a person wants to hear about.
type Status uint8

// The four statuses, from the least to the most worrying.
const (
	Healthy   Status = iota // it works
	Unknown                 // the question could not be asked; says nothing about the thing itself
	Degraded                // it works, and somebody should look
	Unhealthy               // it does not work
)

var statusWords = [...]string{"healthy", "unknown", "degraded", "unhealthy"}

// Statuses lists all statuses from the least to the most worrying.
func Statuses() []Status { return []Status{Healthy, Unknown, Degraded, Unhealthy} }

// String returns the word used in every output.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// MarshalText makes a status its word in JSON and YAML.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status from its word.
func (s *Status) UnmarshalText(text []byte) error {
	for i, word := range statusWords {
		if word == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a status: use healthy, unknown, degraded or unhealthy", text)
}

// Overall is the status of a document made of these results: its worst part,
// where a check that is not critical can degrade the whole but not fail it.
func Overall(results []Result) Status {
	worst := Healthy
	for _, r := range results {
		s := r.Status
		if !r.Critical && s == Unhealthy {
			s = Degraded
		}
		worst = max(worst, s)
	}
	return worst
}
