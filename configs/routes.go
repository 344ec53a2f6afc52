package configs

import (
	"fmt"
	"slices"
	"time"

	"vitals/alerting"
	"vitals/alerting/notify"
	"vitals/checks"
)

// LogChannel is the name of the channel that is always there: Vitals' own log.
const LogChannel = "log"

// ConsoleChannel is the name of the channel that development has by itself.
const ConsoleChannel = "console"

// slackVariable is the variable that applications already use.
const slackVariable = "SLACK_WEBHOOK_URL"

// ownChannels are the channels that need not be written down: the log, the
// console in development, and Slack where the environment has its address.
func (c *Config) ownChannels(env environment) []Channel {
	var all []Channel
	add := func(kind, name string, set func(notify.Options)) {
		taken := slices.ContainsFunc(c.Channels, func(o Channel) bool { return o.Options != nil && o.Options.Settings().Name == name })
		if taken {
			return
		}
		for _, k := range notify.Kinds() {
			if k.Name == kind {
				o := k.New()
				set(o)
				all = append(all, Channel{kind, o})
			}
		}
	}
	add("log", LogChannel, func(o notify.Options) { o.(*notify.LogOptions).Name = LogChannel })
	if c.Environment == "development" {
		add("console", ConsoleChannel, func(o notify.Options) { o.(*notify.ConsoleOptions).Name = ConsoleChannel })
	}
	hasSlack := slices.ContainsFunc(c.Channels, func(o Channel) bool { return o.Kind == "slack" })
	if address := env[slackVariable]; address != "" && !hasSlack {
		add("slack", "slack", func(o notify.Options) {
			s := o.(*notify.SlackOptions)
			s.Name, s.URL = "slack", checks.Secret(address)
		})
	}
	return all
}

// channels judges what the channels say.
func (b policyBuilder) channels() {
	names := map[string]string{}
	for i, ch := range b.Channels {
		path := index("channels", i)
		if ch.Options == nil {
			continue
		}
		for _, one := range ch.Options.Problems() {
			b.problem(b.p, inner(path, one.Key), one.Message)
		}
		name := ch.Options.Settings().Name
		if name == "" {
			continue
		}
		if !isWord(name) {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is no word that routes can name; use letters, digits, - _ and .", name))
		}
		if first, twice := names[name]; twice {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is the name of two channels; %s has it already", name, b.describe(first)))
		}
		names[name] = path
	}
}

func (c *Config) channelNames() []string {
	var names []string
	for _, ch := range c.Channels {
		if ch.Options != nil && !ch.Options.Settings().Disabled {
			names = append(names, ch.Options.Settings().Name)
		}
	}
	slices.Sort(names)
	return names
}

// knownChannel reports a name that no channel has. One that is disabled may be
// named.
func (b policyBuilder) knownChannel(key, name string) {
	for _, ch := range b.Channels {
		if ch.Options == nil || ch.Options.Settings().Name == name {
			return
		}
	}
	names := b.channelNames()
	b.problem(b.p, key, fmt.Sprintf("no channel is called %q; there is %s%s", name, orList(names), didYouMean(name, names)))
}

// routes are those of the configuration, or those that need none.
func (b policyBuilder) routes() []alerting.Route {
	var all []alerting.Route
	for i, o := range b.Alerting.Routes {
		path := index("alerting.routes", i)
		b.severities(path+".severities", o.Severities)
		for n, name := range o.Channels {
			b.knownChannel(index(path+".channels", n), name)
		}
		for _, d := range []struct {
			key string
			d   time.Duration
		}{{"group_wait", o.GroupWait}, {"group_interval", o.GroupInterval}, {"repeat", o.Repeat}} {
			b.notNegative(b.p, path+"."+d.key, int64(d.d))
		}
		all = append(all, alerting.Route{
			Matchers: b.matchers(path+".match", o.Match), Severities: o.Severities, Environments: o.Environments, Channels: b.enabled(o.Channels),
			GroupBy: o.GroupBy, GroupWait: o.GroupWait, GroupInterval: o.GroupInterval, Repeat: o.Repeat, SkipResolved: o.SkipResolved, Continue: o.Continue,
		})
	}
	if len(all) == 0 {
		return b.defaultRoutes()
	}
	for i := range all { // the log hears of everything that is told to anybody
		if !slices.Contains(all[i].Channels, LogChannel) && slices.Contains(b.channelNames(), LogChannel) {
			all[i].Channels = append(slices.Clone(all[i].Channels), LogChannel)
		}
	}
	return all
}

func (b policyBuilder) enabled(names []string) []string {
	known := b.channelNames()
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(known, name) })
}

// defaultRoutes tell every channel of everything, and e-mail of what is
// critical.
func (b policyBuilder) defaultRoutes() []alerting.Route {
	var calm, mail []string
	for _, ch := range b.Channels {
		switch {
		case ch.Options == nil || ch.Options.Settings().Disabled:
		case ch.Kind == "email":
			mail = append(mail, ch.Options.Settings().Name)
		default:
			calm = append(calm, ch.Options.Settings().Name)
		}
	}
	o := DefaultRouteOptions()
	route := alerting.Route{GroupBy: o.GroupBy, GroupInterval: o.GroupInterval, Repeat: o.Repeat}
	var all []alerting.Route
	if len(mail) > 0 {
		critical := route
		critical.Severities, critical.Channels, critical.Continue = []string{"critical"}, mail, true
		all = append(all, critical)
	}
	route.Channels = calm
	return append(all, route)
}

func (b policyBuilder) escalation() []alerting.Step {
	contacts := map[string]ContactOptions{}
	var names []string
	for i, o := range b.Contacts {
		path := index("contacts", i)
		if o.Name == "" {
			b.problem(b.p, path+".name", "is missing; a contact is called by name")
		}
		for n, name := range o.Channels {
			b.knownChannel(index(path+".channels", n), name)
		}
		contacts[o.Name] = o
		names = append(names, o.Name)
	}
	var steps []alerting.Step
	for i, o := range b.Alerting.Escalation {
		path := index("alerting.escalation", i)
		b.notNegative(b.p, path+".after", int64(o.After))
		b.severities(path+".severities", o.Severities)
		if i > 0 && o.After < b.Alerting.Escalation[i-1].After {
			b.problem(b.p, path+".after", "comes before that of the step above; write the steps in the order in which they are taken")
		}
		contact, known := contacts[o.Contact]
		if !known && o.Contact != "" {
			b.problem(b.p, path+".contact", fmt.Sprintf("no contact is called %q%s", o.Contact, didYouMean(o.Contact, names)))
		}
		for n, name := range o.Channels {
			b.knownChannel(index(path+".channels", n), name)
		}
		channels := b.enabled(append(slices.Clone(o.Channels), contact.Channels...))
		if len(channels) == 0 && (known || o.Contact == "") {
			b.problem(b.p, path, "reaches nobody: name channels, or a contact that has some")
		}
		steps = append(steps, alerting.Step{After: o.After, Contact: o.Contact, Channels: channels, Severities: o.Severities})
	}
	return steps
}
