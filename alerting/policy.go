package alerting

import "time"

// Policy is what the configuration says about alerts: it does not change from
// step to step.
type Policy struct {
	Rules       []Rule
	Routes      []Route
	Inhibit     []Inhibition
	Depends     map[string][]string // check → those that it depends on
	Escalation  []Step
	Environment string
	// NoDataAfter is how long a rule that had data must be without before an
	// alert of NoDataRule is raised; 0 means never.
	NoDataAfter time.Duration
	// IgnoreFlaps tells people of every change, however many there are.
	IgnoreFlaps bool
	Windows     []Window // of maintenance
	// Link makes the address where an incident can be seen; nil for none.
	Link func(incident string) string
	// NewID makes the ID of a new incident. It must not be nil.
	NewID func() string
}

// Step is one step of escalation: whom to call when nobody has taken an
// incident for so long.
type Step struct {
	After      time.Duration // since the incident was opened
	Contact    string        // who is called, for people
	Channels   []string
	Severities []string // any of them; none means critical only
}

// NoDataRule is the name of the rule that tells of rules without data.
const NoDataRule = "no_data"

// noDataFor is how long a rule without data is told of: what was taken out of
// the configuration for good must not be called missing for ever.
const noDataFor = 24 * time.Hour

// forgottenAfter is how long a rule must not have been evaluated by anybody
// before its alerts are taken for over: until then another process, with
// another configuration, may still look after them.
const forgottenAfter = time.Hour

// RuleState is what is remembered of a rule.
type RuleState struct {
	EvaluatedAt time.Time
	DataAt      time.Time // when it last had data; zero when never
	Err         string    // why the last evaluation failed, "" when it did not
	Took        time.Duration
}

// State is all that the engine remembers between two steps.
type State struct {
	Rules     map[string]RuleState
	Alerts    []Alert    // as Evaluate returned them, of all rules
	Incidents []Incident // those that are open
	Groups    []Group
	Silences  []Silence // those that have not ended
}

// Changes are what one step did to the state, and what is to be written and
// told of it: all of it belongs into one transaction.
type Changes struct {
	Rules       map[string]RuleState
	Alerts      []Alert  // all that are remembered from now on
	Gone        []string // IDs of alerts that no longer are
	Transitions []Transition
	Incidents   []Incident // new and changed ones
	Entries     []Entry
	Groups      []Group  // new and changed ones
	GoneGroups  []string // IDs
	Notices     []Notice
}

// refreshAfter is how old what is kept about a rule may become while nothing
// happens. It is far below NoDataAfter and forgottenAfter, which measure with it.
const refreshAfter = time.Minute

// Quiet tells that nothing happened that is worth a write to the disk: most
// steps find all well, as the step before did.
func (c Changes) Quiet(before State) bool {
	if len(c.Alerts)+len(c.Gone)+len(c.Transitions)+len(c.Incidents)+len(c.Entries)+len(c.Groups)+len(c.GoneGroups)+len(c.Notices) > 0 ||
		len(c.Rules) != len(before.Rules) {
		return false
	}
	for name, now := range c.Rules {
		then, known := before.Rules[name]
		if !known || now.Err != then.Err || now.DataAt.IsZero() != then.DataAt.IsZero() || now.EvaluatedAt.Sub(then.EvaluatedAt) >= refreshAfter {
			return false
		}
	}
	return true
}

// Mute tells why nobody is told of an alert that fires.
type Mute struct {
	Why  string // silenced, maintenance, inhibited or flapping
	What string // ID of the silence, name of the window or ID of the other alert
}
