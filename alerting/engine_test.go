package alerting

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is an engine with its memory, moved on a minute at a time.
type world struct {
	t      *testing.T
	policy Policy
	state  State
	now    time.Time
	ids    int
	sent   []Notice
	story  []Entry
	past   []Incident // those that are over
}

func newWorld(t *testing.T, p Policy) *world {
	w := &world{t: t, policy: p, now: start}
	if w.policy.Routes == nil {
		w.policy.Routes = []Route{{Channels: []string{"chat"}, GroupBy: []string{"alertname"}}}
	}
	w.policy.NewID = func() string { w.ids++; return fmt.Sprintf("incident-%d", w.ids) }
	return w
}

// minute moves on by a minute. Each word holds: rule, rule:check, or rule? for
// no data, rule! for a failed evaluation; rules not named do not hold.
func (w *world) minute(words ...string) []string {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	return w.step(w.observe(words))
}

func (w *world) observe(words []string) map[string]Observation {
	seen := map[string]Observation{}
	for _, r := range w.policy.Rules {
		seen[r.Name] = Observation{}
	}
	for _, word := range words {
		name, check, _ := strings.Cut(word, ":")
		switch {
		case strings.HasSuffix(word, "?"):
			seen[strings.TrimSuffix(word, "?")] = Observation{NoData: true}
		case strings.HasSuffix(word, "!"):
			seen[strings.TrimSuffix(word, "!")] = Observation{Err: fmt.Errorf("out of disk")}
		default:
			o := seen[name]
			labels := map[string]string{}
			if check != "" {
				labels["check"] = check
			}
			o.Series = append(o.Series, Series{Labels: labels, Value: 1})
			seen[name] = o
		}
	}
	return seen
}

// step takes one step and returns what was told, as channel kind title.
func (w *world) step(seen map[string]Observation) []string {
	w.t.Helper()
	before := fmt.Sprintf("%+v", w.state)
	again := w.ids
	first := w.policy.Step(w.state, seen, w.now)
	w.ids = again
	done := w.policy.Step(w.state, seen, w.now)
	if !reflect.DeepEqual(first, done) {
		w.t.Error("the same step has two outcomes")
	}
	if now := fmt.Sprintf("%+v", w.state); now != before {
		w.t.Errorf("the step changed what it was given:\n%s\n%s", before, now)
	}
	w.keep(done)
	w.sent = append(w.sent, done.Notices...)
	var told []string
	for _, n := range done.Notices {
		told = append(told, n.Channel+" "+string(n.Message.Kind)+" "+n.Message.Title)
	}
	return told
}

func (w *world) keep(c Changes) {
	w.state.Rules, w.state.Alerts = c.Rules, c.Alerts
	groups := map[string]Group{}
	for _, g := range w.state.Groups {
		groups[g.ID] = g
	}
	for _, g := range c.Groups {
		groups[g.ID] = g
	}
	for _, id := range c.GoneGroups {
		delete(groups, id)
	}
	w.state.Groups = slices.SortedFunc(maps.Values(groups), func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	for _, i := range c.Incidents {
		w.put(i)
	}
	w.story = append(w.story, c.Entries...)
}

// put keeps an incident as the history does: only the open ones are state.
func (w *world) put(i Incident) {
	w.state.Incidents = slices.DeleteFunc(slices.Clone(w.state.Incidents), func(o Incident) bool { return o.ID == i.ID })
	if i.IsOpen() {
		w.state.Incidents = append(w.state.Incidents, i)
	} else {
		w.past = append(w.past, i)
	}
}

func (w *world) expect(what string, got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: told\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (w *world) quiet(what string, words ...string) {
	w.t.Helper()
	w.expect(what, w.minute(words...))
}

func rule(name, severity string) Rule {
	return Rule{Name: name, Severity: severity, Annotations: map[string]string{"summary": name + " {{ $labels.check }}"}}
}

func TestAGroupTellsOnceAndWhenItIsOver(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("down", "warning")}, Routes: []Route{{Channels: []string{"chat", "mail"}, GroupBy: []string{"alertname"}, GroupInterval: 5 * time.Minute, Repeat: 10 * time.Minute}}})
	w.quiet("all is well")
	w.expect("the first fires", w.minute("down:a"), "chat firing WARNING: down a", "mail firing WARNING: down a")
	w.quiet("it goes on", "down:a")
	w.quiet("another joins, within the interval", "down:a", "down:b")
	w.quiet("still", "down:a", "down:b")
	w.quiet("still", "down:a", "down:b")
	w.expect("the interval is over", w.minute("down:a", "down:b"), "chat firing WARNING: down a (and 1 more)", "mail firing WARNING: down a (and 1 more)")
	for range 9 {
		w.quiet("nobody is reminded yet", "down:a", "down:b")
	}
	w.expect("a reminder", w.minute("down:a", "down:b"), "chat reminder STILL WARNING: down a (and 1 more)", "mail reminder STILL WARNING: down a (and 1 more)")
	for range 4 {
		w.quiet("one is over, within the interval", "down:b")
	}
	told := w.minute("down:b")
	w.expect("one is over", told, "chat firing WARNING: down b", "mail firing WARNING: down b")
	last := w.sent[len(w.sent)-1].Message
	if len(last.Alerts) != 2 || last.Alerts[1].Phase != Resolved || !strings.Contains(last.Text, "over: down a") {
		t.Errorf("the message does not carry what is over: %+v", last)
	}
	w.expect("all is over: no waiting", w.minute(), "chat resolved RESOLVED: down b", "mail resolved RESOLVED: down b")
	if len(w.state.Groups) != 0 {
		t.Errorf("a group is left: %+v", w.state.Groups)
	}
	w.minute("down:a")
	first, again := w.sent[0].Message, w.sent[len(w.sent)-1].Message
	if first.Group == again.Group || w.sent[0].Topic != w.sent[len(w.sent)-2].Topic {
		t.Error("a new life must have another group and the same topic")
	}
	keys := map[string]bool{}
	for _, n := range w.sent {
		if keys[n.Message.Key] {
			t.Errorf("two messages have the key %s", n.Message.Key)
		}
		keys[n.Message.Key] = true
	}
}

func TestWhatIsWorseDoesNotWait(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("slow", "warning"), rule("down", "critical")}, Routes: []Route{{Channels: []string{"chat"}, GroupInterval: time.Hour}}})
	w.minute("slow")
	w.expect("a critical one joins", w.minute("slow", "down"), "chat firing CRITICAL: down  (and 1 more)")
	w.quiet("a warning goes, within the interval", "down")
	w.expect("all is over", w.minute(), "chat resolved RESOLVED: down  (and 1 more)")
}

func TestRoutes(t *testing.T) {
	w := newWorld(t, Policy{
		Environment: "production",
		Rules:       []Rule{rule("slow", "warning"), rule("down", "critical"), {Name: "pay", Severity: "critical", Labels: map[string]string{"team": "pay"}, Annotations: map[string]string{"summary": "pay"}}},
		Routes: []Route{
			{Channels: []string{"staging"}, Environments: []string{"staging"}},
			{Channels: []string{"pager"}, Severities: []string{"critical"}, Continue: true, SkipResolved: true, GroupBy: []string{"alertname"}},
			{Channels: []string{"payers"}, Matchers: []Matcher{{"team", "=", "pay"}}, GroupBy: []string{"alertname"}},
			{Channels: []string{"chat"}, GroupBy: []string{"alertname"}, GroupWait: 2 * time.Minute},
		},
	})
	w.expect("critical ones at once, by two routes", sorted(w.minute("slow", "down", "pay")), "pager firing CRITICAL: down ", "pager firing CRITICAL: pay", "payers firing CRITICAL: pay")
	w.quiet("the others wait", "slow", "down", "pay")
	w.expect("they waited", sorted(w.minute("slow", "down", "pay")), "chat firing CRITICAL: down ", "chat firing WARNING: slow ")
	w.expect("not all are told that it is over", sorted(w.minute()), "chat resolved RESOLVED: down ", "chat resolved RESOLVED: slow ", "payers resolved RESOLVED: pay")
	w.minute("slow")
	w.quiet("what went away while it waited is never told of")
	w.quiet("nothing")
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestSilencedAlerts(t *testing.T) {
	r := rule("down", "critical")
	r.Incident = "database_down"
	w := newWorld(t, Policy{Rules: []Rule{r}})
	silence := Silence{ID: "s", Matchers: []Matcher{{"alertname", "=", "down"}}, From: start, Until: start.Add(3*time.Minute + time.Second), By: "Ada"}
	w.state.Silences = []Silence{silence}
	w.quiet("silenced", "down")
	w.quiet("silenced", "down")
	w.quiet("silenced", "down")
	if len(w.state.Incidents) != 0 {
		t.Error("a silenced alert opened an incident")
	}
	w.expect("the silence ends", w.minute("down"), "chat firing CRITICAL: down ")
	if len(w.state.Incidents) != 1 {
		t.Errorf("%d incidents", len(w.state.Incidents))
	}
	w.state.Silences = []Silence{{ID: "t", Matchers: silence.Matchers, From: w.now, Until: w.now.Add(time.Hour), By: "Ada"}}
	w.quiet("silenced again", "down")
	w.expect("told, silenced, over: receivers learn it", w.minute(), "chat resolved RESOLVED: down ")
	w.policy.Windows = []Window{{Name: "night", Matchers: silence.Matchers, From: w.now, Until: w.now.Add(90 * time.Second)}}
	w.state.Silences = nil
	w.quiet("maintenance", "down")
	w.expect("it is over", w.minute("down"), "chat firing CRITICAL: down ")
}

func TestInhibited(t *testing.T) {
	w := newWorld(t, Policy{
		Rules:   []Rule{rule("failures", "critical"), rule("database_unavailable", "critical")},
		Inhibit: []Inhibition{{Source: []Matcher{{"alertname", "=", "database_unavailable"}}, Target: []Matcher{{"alertname", "=", "failures"}}, Equal: []string{"check"}}},
		Depends: map[string][]string{"api": {"orders"}, "orders": {"database"}, "a": {"b"}, "b": {"a"}},
		Routes:  []Route{{Channels: []string{"chat"}, GroupBy: []string{"alertname", "check"}}},
	})
	w.expect("one of the two", w.minute("failures:database", "database_unavailable:database"), "chat firing CRITICAL: database_unavailable database")
	w.quiet("what depends on it, through another", "failures:database", "database_unavailable:database", "failures:api")
	w.expect("what does not", w.minute("failures:database", "database_unavailable:database", "failures:api", "failures:other"), "chat firing CRITICAL: failures other")
	w.expect("the cause is gone, the rest is not", sorted(w.minute("failures:api", "failures:other")), "chat firing CRITICAL: failures api", "chat resolved RESOLVED: database_unavailable database")
	w.expect("two that depend on each other", sorted(w.minute("failures:api", "failures:other", "failures:a", "failures:b")), "chat firing CRITICAL: failures a", "chat firing CRITICAL: failures b")
}

func TestFlapping(t *testing.T) {
	r := rule("down", "critical")
	r.Incident = "outage"
	w := newWorld(t, Policy{Rules: []Rule{r}})
	kinds := map[MessageKind]int{}
	for n := range 40 {
		if n%2 == 0 {
			w.minute("down")
		} else {
			w.minute()
		}
	}
	for _, n := range w.sent {
		kinds[n.Message.Kind]++
	}
	if kinds[TellFlapping] != 1 || kinds[TellFiring] > 4 || kinds[TellResolved] > 4 || w.ids > 4 {
		t.Errorf("told %v, %d incidents", kinds, w.ids)
	}
	told := len(w.sent)
	for range 30 {
		w.minute()
	}
	if after := w.sent[told:]; len(after) != 1 || after[0].Message.Kind != TellResolved || !strings.Contains(after[0].Message.Title, "SETTLED") {
		t.Errorf("when it settled: %+v", after)
	}
	if len(w.state.Alerts) != 0 {
		t.Errorf("still remembered: %+v", w.state.Alerts)
	}
	w.policy.IgnoreFlaps = true
	before := len(w.sent)
	for n := range 20 {
		if n%2 == 0 {
			w.minute("down")
		} else {
			w.minute()
		}
	}
	if n := len(w.sent) - before; n != 20 {
		t.Errorf("without flap detection %d messages, want 20", n)
	}
}

func TestNoData(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("down", "critical"), rule("never", "warning")}, NoDataAfter: 3 * time.Minute})
	w.expect("fires", w.minute("down", "never?"), "chat firing CRITICAL: down ")
	w.quiet("without data it stays", "down?", "never?")
	w.quiet("an error is no recovery either", "down!", "never?")
	if w.state.Rules["down"].Err == "" {
		t.Error("the error is not remembered")
	}
	told := w.minute("down?", "never?")
	if len(told) != 1 || !strings.Contains(told[0], "Rule down has had no data") {
		t.Errorf("told %q", told)
	}
	w.expect("data is back", sorted(w.minute("never?")), "chat resolved RESOLVED: Rule down has had no data for a while: nobody can tell whether it is well", "chat resolved RESOLVED: down ")
	w.minute("never?")
	for range 24*60 + 10 {
		w.minute("down?", "never?")
	}
	if slices.ContainsFunc(w.state.Alerts, Alert.Live) {
		t.Errorf("after a day it is still told of: %+v", w.state.Alerts)
	}
}

func TestALateProcessChangesNothing(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("down", "critical")}})
	w.minute("down")
	late := w.policy.Step(w.state, w.observe(nil), w.now.Add(-time.Second))
	if len(late.Transitions) != 0 || len(late.Notices) != 0 {
		t.Errorf("%+v", late)
	}
}

func TestRulesAndRoutesThatGo(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("down", "critical")}})
	w.minute("down")
	rules := w.policy.Rules
	w.policy.Rules = nil
	w.quiet("another process may still look after it")
	w.now = w.now.Add(time.Hour)
	w.expect("nobody does", w.minute(), "chat resolved RESOLVED: down ")
	w.policy.Rules = rules
	w.minute("down")
	w.policy.Routes = []Route{{Channels: []string{"mail"}}}
	w.expect("another route tells anew", w.minute("down"), "mail firing CRITICAL: down ")
	w.expect("and that it is over", w.minute(), "mail resolved RESOLVED: down ")
}

func TestIncidents(t *testing.T) {
	down, slow := rule("down", "warning"), rule("slow", "critical")
	down.Incident, slow.Incident = "outage", "outage"
	w := newWorld(t, Policy{Rules: []Rule{down, slow}})
	w.minute("down:a")
	w.minute("down:a", "down:b")
	if len(w.state.Incidents) != 2 {
		t.Fatalf("%d incidents for two checks, want 2", len(w.state.Incidents))
	}
	w.minute("down:a", "down:b", "slow:a")
	i := w.state.Incidents[len(w.state.Incidents)-1]
	if i.Severity != "critical" || len(i.Alerts) != 2 {
		t.Errorf("it is worse now, and has two alerts: %+v", i)
	}
	w.minute("slow:a")
	w.minute()
	if len(w.state.Incidents) != 0 || len(w.past) != 2 {
		t.Errorf("%d open, %d over", len(w.state.Incidents), len(w.past))
	}
	count := map[EntryKind]int{}
	for _, e := range w.story {
		count[e.Kind]++
	}
	want := map[EntryKind]int{EntryOpened: 2, EntryAlertFiring: 3, EntryAlertResolved: 3, EntrySeverity: 1, EntryResolved: 2}
	if !maps.Equal(count, want) {
		t.Errorf("the timelines have %v, want %v", count, want)
	}
}

func TestAnIncidentResolvedByHand(t *testing.T) {
	r := rule("down", "critical")
	r.Incident = "outage"
	w := newWorld(t, Policy{Rules: []Rule{r}})
	w.minute("down")
	i, _, err := w.state.Incidents[0].Resolve(w.now, "Ada", "fixed")
	if err != nil {
		t.Fatal(err)
	}
	w.put(i)
	w.quiet("the alert goes on: no second incident", "down")
	if w.ids != 1 {
		t.Errorf("%d incidents", w.ids)
	}
	w.minute()
	w.minute("down")
	if w.ids != 2 {
		t.Errorf("it fires anew: %d incidents, want 2", w.ids)
	}
}

func TestEscalation(t *testing.T) {
	r := rule("down", "critical")
	r.Incident = "outage"
	policy := Policy{Rules: []Rule{r}, Escalation: []Step{{After: 5 * time.Minute, Contact: "Ada", Channels: []string{"ada"}}, {After: 10 * time.Minute, Contact: "Grace", Channels: []string{"grace"}}}}
	w := newWorld(t, policy)
	for range 5 {
		w.minute("down")
	}
	w.expect("the first step", w.minute("down"), "ada reminder ESCALATED: down ")
	for range 4 {
		w.quiet("not yet", "down")
	}
	w.expect("the second step", w.minute("down"), "grace reminder ESCALATED: down ")
	w.quiet("there is no third", "down")
	w.expect("those who were called hear that it is over", sorted(w.minute()), "ada resolved RESOLVED: down ", "chat resolved RESOLVED: down ", "grace resolved RESOLVED: down ")

	w = newWorld(t, policy)
	w.minute("down")
	i, _, err := w.state.Incidents[0].Acknowledge(w.now, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	w.put(i)
	for range 20 {
		w.quiet("somebody has taken it", "down")
	}

	w = newWorld(t, policy)
	w.minute("down")
	w.now = w.now.Add(20 * time.Minute)
	w.expect("after a time in which nothing ran, only the last", w.minute("down"), "grace reminder ESCALATED: down ")
}

func TestWorkOnAnIncident(t *testing.T) {
	i, _ := NewIncident(Incident{ID: "x", Type: "outage", Description: "it is down"}, start, "Ada")
	if _, _, err := i.Close(start, "Ada", ""); err == nil {
		t.Error("an open one was closed")
	}
	i, entries, err := i.Acknowledge(start.Add(time.Minute), "Ada", "")
	if again, none, err2 := i.Acknowledge(start.Add(2*time.Minute), "Ada", ""); err != nil || err2 != nil || len(entries) != 1 || none != nil || !again.AckedAt.Equal(i.AckedAt) {
		t.Errorf("%+v, %v, %v", entries, err, err2)
	}
	if took, ok := i.TimeToAck(); !ok || took != time.Minute {
		t.Errorf("time to acknowledge: %s", took)
	}
	if _, err := i.Note(start, "Ada", "  "); err == nil {
		t.Error("an empty note was taken")
	}
	i, _, err = i.Resolve(start.Add(3*time.Minute), "Ada", "")
	if took, ok := i.TimeToResolve(); err != nil || !ok || took != 3*time.Minute {
		t.Errorf("time to resolve: %s, %v", took, err)
	}
	if _, _, err := i.Resolve(start, "Ada", ""); err == nil {
		t.Error("resolved twice")
	}
	closed, _, err := i.Close(start, "Ada", "")
	if _, noteErr := closed.Note(start, "Ada", "late"); err != nil || noteErr == nil {
		t.Errorf("%v, %v", err, noteErr)
	}
	open, _, err := closed.Reopen(start, "Ada", "")
	if err != nil || open.Status != Open || !open.AckedAt.IsZero() || !open.ClosedAt.IsZero() {
		t.Errorf("%+v, %v", open, err)
	}
	stats := Stats([]Incident{i, open})
	if len(stats) != 2 || stats[1].Type != "all" || stats[1].Count != 2 || stats[1].Open != 1 || stats[1].MeanToResolve != 3*time.Minute {
		t.Errorf("%+v", stats)
	}
	if none := Stats([]Incident{open}); none[0].MeanToAck >= 0 || none[0].MeanToResolve >= 0 {
		t.Errorf("%+v", none)
	}
}

// TestManyAlertsInOneMessage: ten are named, all are carried.
func TestManyAlertsInOneMessage(t *testing.T) {
	w := newWorld(t, Policy{Rules: []Rule{rule("down", "critical")}})
	var words []string
	for n := range 25 {
		words = append(words, fmt.Sprintf("down:c%02d", n))
	}
	told := w.minute(words...)
	m := w.sent[0].Message
	if len(told) != 1 || len(m.Alerts) != 25 || strings.Count(m.Text, "down c") != 10 || !strings.Contains(m.Text, "and 15 more") || !strings.Contains(m.Title, "(and 24 more)") {
		t.Errorf("%q\n%s", told, m.Text)
	}
}

// TestWhateverHappens runs random scripts: whatever was told to fire is told to
// be over exactly once, nothing is told to be over that was not told to fire,
// and no incident is open without a cause.
func TestWhateverHappens(t *testing.T) {
	for seed := range uint64(60) {
		source := rand.New(rand.NewPCG(seed, 7))
		a, b := rule("a", "warning"), rule("b", "critical")
		a.For, b.KeepFiringFor, b.Incident = time.Duration(source.IntN(3))*time.Minute, time.Duration(source.IntN(3))*time.Minute, "outage"
		w := newWorld(t, Policy{
			Rules: []Rule{a, b}, IgnoreFlaps: seed%2 == 0, NoDataAfter: 0, Depends: map[string][]string{"x": {"y"}},
			Routes: []Route{{Channels: []string{"chat"}, GroupBy: []string{"alertname"}, GroupWait: time.Duration(source.IntN(2)) * time.Minute, GroupInterval: time.Duration(source.IntN(3)) * time.Minute, Repeat: time.Duration(source.IntN(2)) * 5 * time.Minute}},
		})
		for range 120 {
			var words []string
			for _, word := range []string{"a:x", "a:y", "b:x", "b:y", "b:z"} {
				if source.IntN(3) > 0 {
					words = append(words, word)
				}
			}
			if source.IntN(10) == 0 {
				words = append(words, "b?")
			}
			if source.IntN(8) == 0 {
				w.state.Silences = []Silence{{ID: "s", Matchers: []Matcher{{"check", "=", "y"}}, From: w.now, Until: w.now.Add(5 * time.Minute), By: "x"}}
			}
			w.minute(words...)
		}
		w.state.Silences = nil
		for range 60 {
			w.minute()
		}
		believed := map[string]bool{}
		for _, n := range w.sent {
			switch g := n.Message.Group; {
			case strings.HasPrefix(g, "flap-"):
			case n.Message.Kind == TellResolved:
				if !believed[g] {
					t.Errorf("seed %d: %s is over and never fired", seed, n.Message.Title)
				}
				delete(believed, g)
			default:
				believed[g] = true
			}
		}
		if len(believed) > 0 || len(w.state.Incidents) > 0 || len(w.state.Groups) > 0 || slices.ContainsFunc(w.state.Alerts, Alert.Live) {
			t.Errorf("seed %d: left behind %v, %d incidents, %d groups, %+v", seed, believed, len(w.state.Incidents), len(w.state.Groups), w.state.Alerts)
		}
	}
}
