package alerting

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Route says which channels are told of which alerts, and how often. Routes
// are tried in order; the first that matches takes the alert, and the next
// ones see it only when the route says so.
type Route struct {
	Matchers     []Matcher // all must hold; none match every alert
	Severities   []string  // any of them; none means all
	Environments []string  // any of them; none means all
	Channels     []string
	GroupBy      []string      // labels: alerts equal in them are told of in one message
	GroupWait    time.Duration // how long a new group waits for more alerts to join
	// GroupInterval is the least time between two messages of a group that goes
	// on. The first, the last and one that is worse than those before do not wait.
	GroupInterval time.Duration
	Repeat        time.Duration // how often to remind while it lasts; 0 means never
	SkipResolved  bool          // do not tell that it is over
	Continue      bool          // the following routes see the alert too
}

// Takes tells whether the route matches an alert's labels in an environment.
func (r Route) Takes(labels map[string]string, environment string) bool {
	return (len(r.Matchers) == 0 || MatchAll(r.Matchers, labels)) &&
		(len(r.Severities) == 0 || slices.Contains(r.Severities, labels["severity"])) &&
		(len(r.Environments) == 0 || slices.Contains(r.Environments, environment))
}

// key names the route in what is kept: a changed route is another one.
func (r Route) key() string {
	parts := []string{strings.Join(r.Severities, ","), strings.Join(r.Environments, ","), strings.Join(r.Channels, ","), strings.Join(r.GroupBy, ",")}
	for _, m := range r.Matchers {
		parts = append(parts, m.String())
	}
	return strings.Join(parts, "\xff")
}

// groupKey names the group of a route that an alert belongs to.
func (r Route) groupKey(labels map[string]string) string {
	var b strings.Builder
	b.WriteString(r.key())
	for _, name := range r.GroupBy {
		b.WriteString("\xfe" + name + "\xff" + labels[name])
	}
	return hash128(b.String())
}

// routesOf returns the indexes of the routes that take an alert.
func (p Policy) routesOf(labels map[string]string) []int {
	var taken []int
	for i, r := range p.Routes {
		if !r.Takes(labels, p.Environment) {
			continue
		}
		taken = append(taken, i)
		if !r.Continue {
			break
		}
	}
	return taken
}

// ChannelsFor returns the channels of all routes that take the labels, sorted.
func (p Policy) ChannelsFor(labels map[string]string) []string {
	var channels []string
	for _, i := range p.routesOf(labels) {
		channels = append(channels, p.Routes[i].Channels...)
	}
	slices.Sort(channels)
	return slices.Compact(channels)
}

// Inhibition keeps alerts quiet while others fire that explain them.
type Inhibition struct {
	Source []Matcher // an alert that fires and matches these ...
	Target []Matcher // ... keeps those quiet that match these ...
	Equal  []string  // ... and have the same values of these labels
}

// inhibitor returns the alert that keeps another quiet, or false.
func (p Policy) inhibitor(a Alert, firing []Alert) (Alert, bool) {
	for _, rule := range p.Inhibit {
		if !MatchAll(rule.Target, a.Labels) {
			continue
		}
		for _, source := range firing {
			if source.ID != a.ID && MatchAll(rule.Source, source.Labels) && !MatchAll(rule.Source, a.Labels) && equalIn(rule.Equal, source.Labels, a.Labels) {
				return source, true
			}
		}
	}
	return p.dependency(a, firing)
}

func equalIn(names []string, a, b map[string]string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return a[name] != b[name] })
}

// dependency returns an alert about something that the alert's check depends
// on, directly or not. Two checks that depend on each other do not keep each
// other quiet: then nobody would be told.
func (p Policy) dependency(a Alert, firing []Alert) (Alert, bool) {
	check := a.Labels["check"]
	if check == "" {
		return Alert{}, false
	}
	below := p.below(check)
	for _, source := range firing {
		on := source.Labels["check"]
		if on != check && slices.Contains(below, on) && !slices.Contains(p.below(on), check) {
			return source, true
		}
	}
	return Alert{}, false
}

// below lists all checks that one depends on, directly or not.
func (p Policy) below(check string) []string {
	var all []string
	next := p.Depends[check]
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if !slices.Contains(all, name) {
			all = append(all, name)
			next = append(slices.Clone(next), p.Depends[name]...)
		}
	}
	return all
}

// byWeight sorts alerts for people: the worst first, then by name.
func byWeight(alerts []Alert) {
	slices.SortFunc(alerts, func(a, b Alert) int {
		return cmp.Or(slices.Index(severities, b.Severity)-slices.Index(severities, a.Severity), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
	})
}
