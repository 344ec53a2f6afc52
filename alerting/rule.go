// Package alerting decides what somebody should be told. It is pure: state,
// observations and a moment go in, the next state and its transitions come
// out. Storing them, sending them and asking the history are others' work.
package alerting

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is one PromQL expression over the history and what to do while it has
// results. Each series of the result is an alert of its own.
type Rule struct {
	Name          string
	Expr          string            // PromQL; an alert exists for each series it returns
	For           time.Duration     // how long it must hold before the alert fires
	KeepFiringFor time.Duration     // how long it must be gone before the alert resolves
	Severity      string            // critical, warning or info
	Labels        map[string]string // added to those of the series, and stronger
	Annotations   map[string]string // texts for people; {{ $value }} and {{ $labels.name }} are filled in
	Runbook       string            // address of what to do, "" for none
	Shorthand     string            // how the rule was written where it was not written as PromQL
	Measure       string            // of the shorthand, see Measures; "" for PromQL
	Threshold     float64           // likewise
	Window        time.Duration     // likewise
	Incident      string            // type of the incident it opens, "" for none
	IncidentBy    []string          // labels that keep incidents of one type apart; alerts equal in them join
	// WantsNoData tells that the expression asks for missing data itself, as
	// absent does: then there is nothing to raise an alert of no data about.
	WantsNoData bool
}

// FromMeasure makes Expr and Shorthand of the measure, its threshold and its
// window, and fails where they do not fit each other.
func (r *Rule) FromMeasure() (err error) {
	if r.Expr, err = Expand(r.Measure, r.Threshold, r.Window); err != nil {
		return err
	}
	r.Shorthand, err = Shorthand(r.Measure, r.Threshold, r.Window)
	return err
}

// Series is one element of an expression's result.
type Series struct {
	Labels map[string]string
	Value  float64
}

// Observation is what evaluating a rule gave.
type Observation struct {
	Series []Series
	// NoData tells that none of the series the rule looks at has any recent
	// sample, so an empty result means "cannot tell" and not "all is well".
	NoData bool
	Err    error // the evaluation failed; counts as NoData
	Took   time.Duration
}

// Phase is where an alert is in its life.
type Phase string

// The phases of an alert.
const (
	Pending  Phase = "pending"  // holds, but not yet for the rule's For
	Firing   Phase = "firing"   // somebody has been or will be told
	Resolved Phase = "resolved" // over
)

// Alert is one instance of a rule.
type Alert struct {
	ID          string // the same for the same rule and labels, always
	Rule        string
	Severity    string
	Labels      map[string]string // with alertname and severity
	Annotations map[string]string
	Runbook     string
	Incident    string
	Phase       Phase
	Value       float64   // when last seen
	ActiveAt    time.Time // when it began to hold
	FiredAt     time.Time // zero before it fired
	ResolvedAt  time.Time // zero before it resolved
	SeenAt      time.Time // when its expression last returned it
	GoneAt      time.Time // when its expression first did not while it fired; zero while it does
	Stale       bool      // its rule has no data at the moment: the phase is the last known
	Flaps       Flaps
	IncidentID  string // the incident that it belongs to, "" for none
}

// Live tells whether it is pending or firing.
func (a Alert) Live() bool { return a.Phase == Pending || a.Phase == Firing }

// Transition is one change of an alert that is worth writing down.
type Transition struct {
	Alert Alert
	From  Phase // "" for an alert that is new
	To    Phase
	At    time.Time
	Flap  FlapChange // whether it began or ceased to flap with this step
}

// Key names a transition for receivers that drop second copies: the same
// transition has the same key in every process that sends it.
func (t Transition) Key() string {
	return t.Alert.ID + "/" + string(t.To) + "/" + strconv.FormatInt(t.At.UnixMilli(), 36)
}

// alertID is the rule's name and the sorted labels, hashed.
func alertID(rule string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(rule)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString("\xff" + name + "\xff" + labels[name])
	}
	return hash128(b.String())
}
