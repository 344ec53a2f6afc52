package alerting

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Group is what the receivers of a route were told about alerts that belong
// together. It lives from its first alert to the message that all is over.
type Group struct {
	ID       string // of the route and the labels that it groups by
	Route    string
	Since    time.Time // when its first alert came
	SentAt   time.Time // when it last spoke; zero when it has not yet
	Reminded int       // how many times since something changed
	Told     []Alert   // those that receivers believe to fire, sorted by ID
}

// topic names the group's life for receivers: the next one has another.
func (g Group) topic() string { return g.ID + "-" + strconv.FormatInt(g.Since.UnixMilli(), 36) }

func (g Group) told(id string) bool {
	return slices.ContainsFunc(g.Told, func(a Alert) bool { return a.ID == id })
}

// gathering is a group with the alerts that belong to it now.
type gathering struct {
	Group
	route  Route
	active []Alert // that fire and that people are told of
	over   []Alert // that receivers believe to fire and that do not any more
}

// group decides what each group has to say.
func (w *work) group(kept []Group) {
	all := w.gather(kept)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		g := all[id]
		switch {
		case len(g.active) == 0 && len(g.over) == 0 && len(g.Told) == 0:
			w.end(g) // what it waited with went away by itself
		case len(g.Told) == 0:
			w.begin(g)
		case len(g.over) == len(g.Told) && len(g.active) == 0:
			w.conclude(g)
		case w.hasNews(g):
			w.update(g)
		default:
			w.remind(g)
		}
	}
	w.flapping()
}

// gather sorts the alerts into their groups.
func (w *work) gather(kept []Group) map[string]*gathering {
	all := map[string]*gathering{}
	routes := map[string]Route{}
	for _, r := range w.policy.Routes {
		routes[hash128(r.key())] = r
	}
	for _, g := range kept {
		route, known := routes[g.Route]
		if !known {
			w.out.GoneGroups = append(w.out.GoneGroups, g.ID) // its route was changed: the new one tells
			continue
		}
		all[g.ID] = &gathering{Group: g, route: route}
	}
	for _, a := range w.audible() {
		for _, i := range w.policy.routesOf(a.Labels) {
			r := w.policy.Routes[i]
			id := r.groupKey(a.Labels)
			if all[id] == nil {
				all[id] = &gathering{Group: Group{ID: id, Route: hash128(r.key()), Since: w.now}, route: r}
			}
			all[id].active = append(all[id].active, a)
		}
	}
	for _, g := range all {
		for _, a := range g.Told {
			if now, known := w.alerts[a.ID]; !known || now.Phase != Firing {
				if known && now.Phase == Resolved {
					a = now
				}
				a.Phase = Resolved
				if a.ResolvedAt.IsZero() {
					a.ResolvedAt = w.now // its rule is gone, and with it what was known
				}
				g.over = append(g.over, a)
			}
		}
	}
	return all
}

// end removes a group.
func (w *work) end(g *gathering) { w.out.GoneGroups = append(w.out.GoneGroups, g.ID) }

// begin tells of a new group once it has waited for others to join.
func (w *work) begin(g *gathering) {
	if w.now.Sub(g.Since) < g.route.GroupWait {
		w.out.Groups = append(w.out.Groups, g.Group)
		return
	}
	w.say(g, TellFiring, 0)
}

// hasNews tells whether something changed that nobody was told of.
func (w *work) hasNews(g *gathering) bool {
	return len(g.over) > 0 || slices.ContainsFunc(g.active, func(a Alert) bool { return !g.told(a.ID) })
}

// update tells of a change in a group that goes on. Something worse than
// before does not wait.
func (w *work) update(g *gathering) {
	worst := ""
	for _, a := range g.Told {
		if Worse(a.Severity, worst) {
			worst = a.Severity
		}
	}
	worse := slices.ContainsFunc(g.active, func(a Alert) bool { return !g.told(a.ID) && Worse(a.Severity, worst) })
	if !worse && w.now.Sub(g.SentAt) < g.route.GroupInterval {
		return
	}
	if len(g.active) == 0 {
		return // the rest fires and is muted: what is over is told of with the next message
	}
	w.say(g, TellFiring, 0)
}

// remind tells again of what goes on, unless somebody has taken it.
func (w *work) remind(g *gathering) {
	if len(g.active) == 0 || g.route.Repeat <= 0 || w.now.Sub(g.SentAt) < g.route.Repeat || w.taken(g.active) {
		return
	}
	w.say(g, TellReminder, g.Reminded+1)
}

// taken tells whether all alerts belong to incidents that somebody has
// acknowledged or resolved.
func (w *work) taken(alerts []Alert) bool {
	return !slices.ContainsFunc(alerts, func(a Alert) bool {
		i, open := w.incidents.byID[a.IncidentID]
		return a.IncidentID == "" || open && i.Status == Open
	})
}

// conclude tells that all is over.
func (w *work) conclude(g *gathering) {
	if !g.route.SkipResolved {
		w.say(g, TellResolved, 0)
	}
	w.end(g)
}

// say writes a group's message to each of its channels.
func (w *work) say(g *gathering, kind MessageKind, reminded int) {
	m := w.compose(g, kind)
	for _, channel := range g.route.Channels {
		w.notice(channel, g.ID, m, string(kind))
	}
	g.SentAt, g.Reminded = w.now, reminded
	g.Told = slices.Clone(g.active)
	slices.SortFunc(g.Told, func(a, b Alert) int { return compare(a.ID, b.ID) })
	if kind != TellResolved {
		w.out.Groups = append(w.out.Groups, g.Group)
	}
}

// notice puts a message on its way to a channel. The key is made of what every
// process would make it of.
//
// The topic outlives the message's group: that something is over must not come
// after the news that it is back.
func (w *work) notice(channel, topic string, m Message, what string) {
	m.At = w.now
	m.Key = hash128(m.Group + "\xff" + what + "\xff" + strconv.FormatInt(w.now.UnixMilli(), 36) + "\xff" + channel)
	w.out.Notices = append(w.out.Notices, Notice{Channel: channel, Topic: topic, Incident: m.Labels["incident"], Message: m})
}

// flapping tells once that an alert comes and goes, and once that it ceased to.
func (w *work) flapping() {
	if w.policy.IgnoreFlaps {
		return
	}
	for _, t := range w.out.Transitions {
		if t.Flap == FlapSame || w.mutedButForFlapping(t.Alert) {
			continue
		}
		m := w.flapMessage(t)
		for _, channel := range w.policy.ChannelsFor(t.Alert.Labels) {
			w.notice(channel, m.Group, m, string(m.Kind))
		}
	}
}

func (w *work) mutedButForFlapping(a Alert) bool {
	a.Flaps.Flapping = false
	_, muted := w.policy.Muted(a, w.firing(), w.silences, w.now)
	return muted
}
