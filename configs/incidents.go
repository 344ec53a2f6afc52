package configs

import (
	"fmt"
	"slices"
	"time"
)

// IncidentOptions say what Vitals does about incidents by itself.
type IncidentOptions struct {
	DefaultResponses bool              `mapstructure:"default_responses" help:"begin with the response to database_down: close the pool, wait 10 s, test again, resolve when it is well"`
	DryRun           bool              `mapstructure:"dry_run" help:"only write into the timeline what would be done"`
	Responses        []ResponseOptions `mapstructure:"responses" help:"what is done by itself when an incident opens; one of the same name changes a default"`
}

// ResponseOptions are one automated response.
type ResponseOptions struct {
	Name     string        `mapstructure:"name" help:"what it is called"`
	Disabled bool          `mapstructure:"disabled" help:"leave this response out"`
	Incident string        `mapstructure:"incident" help:"type of the incidents that it answers, such as performance_degradation"`
	Command  []string      `mapstructure:"command" help:"a program with its arguments, such as one that scales, clears a cache or restarts workers; no shell reads it"`
	Channels []string      `mapstructure:"channels" help:"names of channels to tell, such as a webhook that acts on it"`
	Retest   bool          `mapstructure:"retest" help:"close the check's connections, wait, and ask it again"`
	Check    string        `mapstructure:"check" help:"the check to ask again; empty means the one that the incident is about"`
	Wait     time.Duration `mapstructure:"wait" help:"how long to wait before asking again"`
	Resolve  bool          `mapstructure:"resolve" help:"resolve the incident when the check is well again"`
	Timeout  time.Duration `mapstructure:"timeout" help:"the response is stopped after this time"`
	Cooldown time.Duration `mapstructure:"cooldown" help:"the same response is not run again within this time, for whatever incident"`
	DryRun   bool          `mapstructure:"dry_run" help:"only write into the timeline what would be done"`
}

// DefaultResponseOptions returns what a response does when it says nothing
// else.
func DefaultResponseOptions() ResponseOptions {
	return ResponseOptions{Wait: 10 * time.Second, Timeout: time.Minute, Cooldown: 10 * time.Minute}
}

// Responses are the automated responses in force: those that come with Vitals,
// as changed, and one's own.
func (c *Config) Responses() []ResponseOptions {
	var all []ResponseOptions
	if c.Incidents.DefaultResponses {
		o := DefaultResponseOptions()
		o.Name, o.Incident, o.Retest, o.Resolve, o.Cooldown = "database_down", "database_down", true, true, time.Minute
		all = append(all, o)
	}
	for _, o := range c.Incidents.Responses {
		all = slices.DeleteFunc(all, func(d ResponseOptions) bool { return d.Name == o.Name })
		if !o.Disabled {
			all = append(all, o)
		}
	}
	for i := range all {
		all[i].DryRun = all[i].DryRun || c.Incidents.DryRun
	}
	return all
}

func (b policyBuilder) responses() {
	names := map[string]string{}
	for i, o := range b.Incidents.Responses {
		path := index("incidents.responses", i)
		if o.Name == "" || !isWord(o.Name) {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is no word; use letters, digits, - _ and .", o.Name))
		}
		if first, twice := names[o.Name]; twice && o.Name != "" {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is the name of two responses; %s has it already", o.Name, b.describe(first)))
		}
		names[o.Name] = path
		if o.Disabled {
			continue
		}
		if o.Incident == "" {
			b.problem(b.p, path+".incident", "is missing; write the type of the incidents that it answers, such as performance_degradation")
		}
		if len(o.Command) == 0 && len(o.Channels) == 0 && !o.Retest {
			b.problem(b.p, path, "does nothing; give it a command, channels, or retest: true")
		}
		if o.Resolve && !o.Retest {
			b.problem(b.p, path+".resolve", "needs retest: true; an incident is resolved when the check is well again")
		}
		for n, name := range o.Channels {
			b.knownChannel(index(path+".channels", n), name)
		}
		b.positive(b.p, path+".timeout", int64(o.Timeout))
		b.notNegative(b.p, path+".wait", int64(o.Wait))
		b.notNegative(b.p, path+".cooldown", int64(o.Cooldown))
	}
}
