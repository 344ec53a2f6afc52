package configs

import "time"

// AlertingOptions say what somebody is told of, who, and how often.
type AlertingOptions struct {
	Disabled      bool          `mapstructure:"disabled" help:"evaluate no rules and tell nobody of anything"`
	Interval      time.Duration `mapstructure:"interval" help:"how often vitals serve evaluates the rules"`
	DefaultRules  bool          `mapstructure:"default_rules" help:"begin with the rules that come with Vitals; a rule of the same name changes one of them"`
	NoDataAfter   time.Duration `mapstructure:"no_data_after" help:"a rule that had data and has none for so long is told of; 0 means never"`
	FlapDetection bool          `mapstructure:"flap_detection" help:"tell once, and not each time, of an alert that comes and goes"`
	Fallback      string        `mapstructure:"fallback" help:"name of the channel that hears what another could not be told"`

	Rules       []RuleOptions       `mapstructure:"rules" help:"rules of one's own, and changes to those that come with Vitals"`
	SLOs        []SLOOptions        `mapstructure:"slos" help:"objectives; each makes the four multi-window burn-rate rules"`
	Routes      []RouteOptions      `mapstructure:"routes" help:"which channels are told of what; the first that matches counts. None means every channel of everything, e-mail only of what is critical"`
	Inhibit     []InhibitOptions    `mapstructure:"inhibit" help:"alerts that keep others quiet; a check whose dependency has an alert is quiet by itself"`
	Maintenance []MaintenanceWindow `mapstructure:"maintenance" help:"times in which nobody is told: one-off with from and until, or recurring with start and duration"`
	Escalation  []EscalationOptions `mapstructure:"escalation" help:"whom to call when nobody has acknowledged an incident"`
}

// RuleOptions are one rule: PromQL in expr, or the shorthand of measure,
// threshold and window.
type RuleOptions struct {
	Name          string         `mapstructure:"name" help:"what it is called; the name of a rule that comes with Vitals changes that one"`
	Disabled      bool           `mapstructure:"disabled" help:"leave this rule out"`
	Expr          string         `mapstructure:"expr" help:"PromQL over the history; each series it returns is an alert"`
	Measure       string         `mapstructure:"measure" help:"in place of expr: what is compared with threshold over window, see vitals alert rules --measures"`
	Threshold     *float64       `mapstructure:"threshold" help:"of the measure, in its unit"`
	Window        *time.Duration `mapstructure:"window" help:"over how much time the measure is taken"`
	For           *time.Duration `mapstructure:"for" help:"how long it must hold before the alert fires"`
	KeepFiringFor *time.Duration `mapstructure:"keep_firing_for" help:"how long it must be gone before the alert is over"`
	Severity      string         `mapstructure:"severity" help:"critical, warning or info"`
	Labels        []string       `mapstructure:"labels" help:"name=value, added to those of the series"`
	Summary       string         `mapstructure:"summary" help:"one line for people; {{ $value }} and {{ $labels.name }} are filled in"`
	Description   string         `mapstructure:"description" help:"more for people, such as what to do first"`
	Runbook       string         `mapstructure:"runbook" help:"address of what to do"`
	Incident      *string        `mapstructure:"incident" help:"type of the incident that it opens; empty for none"`
	IncidentBy    []string       `mapstructure:"incident_by" help:"labels that keep incidents of one type apart (default: check)"`
}

// SLOOptions are one objective.
type SLOOptions struct {
	Name      string   `mapstructure:"name" help:"what it is called"`
	Objective float64  `mapstructure:"objective" help:"percent that must be good, such as 99.9"`
	Good      string   `mapstructure:"good" help:"counter of what is good, such as http_requests_total{status_code!~\"5..\"}, or PromQL with [$window]"`
	Total     string   `mapstructure:"total" help:"counter of all, such as http_requests_total, or PromQL with [$window]"`
	Checks    string   `mapstructure:"checks" help:"in place of good and total: a pattern of checks whose results count"`
	Labels    []string `mapstructure:"labels" help:"name=value, added to each rule"`
	Runbook   string   `mapstructure:"runbook" help:"address of what to do"`
}

// RouteOptions say which channels are told of what.
type RouteOptions struct {
	Match         []string      `mapstructure:"match" help:"name=value, name!=value, name=~pattern or a rule's name; all must hold"`
	Severities    []string      `mapstructure:"severities" help:"any of them; none means all"`
	Environments  []string      `mapstructure:"environments" help:"any of them; none means all"`
	Channels      []string      `mapstructure:"channels" help:"names of channels"`
	GroupBy       []string      `mapstructure:"group_by" help:"alerts equal in these labels are told of in one message"`
	GroupWait     time.Duration `mapstructure:"group_wait" help:"how long a new group waits for more alerts to join"`
	GroupInterval time.Duration `mapstructure:"group_interval" help:"the least time between two messages of a group that goes on; what is worse than before does not wait"`
	Repeat        time.Duration `mapstructure:"repeat" help:"how often to remind while it lasts and nobody has acknowledged it; 0 means never"`
	SkipResolved  bool          `mapstructure:"skip_resolved" help:"do not tell that it is over"`
	Continue      bool          `mapstructure:"continue" help:"the routes after this one see the alert too"`
}

// InhibitOptions are alerts that keep others quiet.
type InhibitOptions struct {
	Source []string `mapstructure:"source" help:"matchers: an alert that fires and matches them"`
	Target []string `mapstructure:"target" help:"matchers: keeps those quiet that match these"`
	Equal  []string `mapstructure:"equal" help:"labels that must be the same in both"`
}

// MaintenanceWindow is a time in which nobody is told.
type MaintenanceWindow struct {
	Name     string        `mapstructure:"name" help:"what it is called"`
	Match    []string      `mapstructure:"match" help:"matchers of the alerts that are quiet; severity=~.* means all"`
	From     string        `mapstructure:"from" help:"its beginning, as 2026-11-23T22:00:00+01:00 or 2026-11-23 22:00 in the time zone"`
	Until    string        `mapstructure:"until" help:"its end, likewise"`
	Start    string        `mapstructure:"start" help:"for a recurring one: time of day, such as 02:00"`
	Duration time.Duration `mapstructure:"duration" help:"for a recurring one: how long it lasts"`
	Weekdays []string      `mapstructure:"weekdays" help:"monday, tuesday …; none means every day"`
	Days     []int         `mapstructure:"days" help:"of the month; -1 is the last one"`
	Months   []string      `mapstructure:"months" help:"january, february …; none means every month"`
	Timezone string        `mapstructure:"timezone" help:"empty means that of the whole configuration"`
	Why      string        `mapstructure:"why" help:"the reason, for people"`
}

// EscalationOptions are one step of calling for help.
type EscalationOptions struct {
	After      time.Duration `mapstructure:"after" help:"so long after the incident was opened, if nobody has acknowledged it"`
	Contact    string        `mapstructure:"contact" help:"who is called: the name of a contact, whose channels are used"`
	Channels   []string      `mapstructure:"channels" help:"names of channels, beside those of the contact"`
	Severities []string      `mapstructure:"severities" help:"any of them; none means critical only"`
}

// ContactOptions are a person to be called, in the order in which they are.
type ContactOptions struct {
	Name     string   `mapstructure:"name" help:"who"`
	Role     string   `mapstructure:"role" help:"such as tech lead, DevOps or database administrator"`
	Phone    string   `mapstructure:"phone" help:"number to call"`
	Email    string   `mapstructure:"email" help:"address to write to"`
	Channels []string `mapstructure:"channels" help:"names of channels that reach this person"`
}

// DefaultRouteOptions returns what a route does when it says nothing else.
func DefaultRouteOptions() RouteOptions {
	return RouteOptions{GroupBy: []string{"alertname"}, GroupInterval: time.Minute, Repeat: 4 * time.Hour}
}

func defaultAlerting() AlertingOptions {
	return AlertingOptions{Interval: 30 * time.Second, DefaultRules: true, NoDataAfter: 10 * time.Minute, FlapDetection: true}
}
