package report

import (
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// StatusPage is what the status page for people shows. All of it but Now may be
// missing.
type StatusPage struct {
	Environment string // such as production
	Version     string // of Vitals
	Now         time.Time
	Checks      []PageCheck
	Missing     []string            // checks that have not answered yet
	Open        []alerting.Incident // those that are not over
	Past        []alerting.Incident // those that are, the newest first
	PastSince   time.Duration       // how far back Past goes
	Alerts      []PageAlert         // those that fire, the worst first
	Messages    []alerting.Outgoing // sent, given up and waiting, the newest first
	RulesAt     time.Time           // when the rules were last evaluated; zero for never or unknown
	Notes       []string            // what could not be found out, and why
	// Static is a page that is kept as a file: it does not ask for news, and
	// leads to no page beside it.
	Static bool
}

// PageCheck is one check with its past.
type PageCheck struct {
	checks.Result
	Since        time.Time // since when it has had its status; zero where nobody knows
	SinceAtLeast bool      // it may have had it for longer
	Recent       []Point   // its last results, the oldest first
	Day, Quarter *float64  // percent of the last 24 hours and 90 days without a failure; nil where nothing is known
	Days         []PageDay // of the last 90 days, the oldest first; nil where nothing is known
}

// PageDay is how a check was on one day.
type PageDay struct {
	Date   time.Time
	Failed float64 // share of the day in which it failed, from 0 to 1; below 0 where nothing is known
}

// PageAlert is an alert that fires.
type PageAlert struct {
	alerting.Alert
	Muted string // why nobody is told, "" when people are
}

// IncidentPage is what the page of one incident shows.
type IncidentPage struct {
	Environment, Version string
	Now                  time.Time
	Incident             alerting.Incident
	Timeline             []alerting.Entry // the oldest first
}
