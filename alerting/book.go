package alerting

import (
	"fmt"
	"maps"
	"slices"
)

// book holds the open incidents during a step and remembers which changed.
type book struct {
	byID  map[string]Incident
	byKey map[string]string // of those that are open
	dirty map[string]bool
}

func newBook(open []Incident) *book {
	b := &book{byID: map[string]Incident{}, byKey: map[string]string{}, dirty: map[string]bool{}}
	for _, i := range open {
		b.byID[i.ID], b.byKey[i.Key] = i, i.ID
	}
	return b
}

func (b *book) put(i Incident) {
	b.byID[i.ID], b.dirty[i.ID] = i, true
	if i.IsOpen() {
		b.byKey[i.Key] = i.ID
	} else if b.byKey[i.Key] == i.ID {
		delete(b.byKey, i.Key)
	}
}

func (b *book) changed() []Incident {
	var out []Incident
	for _, id := range slices.Sorted(maps.Keys(b.dirty)) {
		out = append(out, b.byID[id])
	}
	return out
}

// joinIncidents brings alerts that fire, and that people are told of, into the
// open incident of their kind, or opens one. An alert whose incident a person
// has resolved stays with it for as long as it goes on firing.
func (w *work) joinIncidents() {
	for _, a := range w.audible() {
		if a.Incident == "" || a.IncidentID != "" {
			continue
		}
		rule := w.rule(a.Rule)
		id, open := w.incidents.byKey[incidentKey(rule, a)]
		if !open {
			i, entry := NewIncident(incidentFor(rule, a, w.policy.NewID()), w.now, Self)
			w.incidents.put(i)
			w.out.Entries = append(w.out.Entries, entry)
			id = i.ID
		}
		i := w.incidents.byID[id]
		i.Alerts = with(i.Alerts, a.ID)
		w.write(i.ID, EntryAlertFiring, a)
		if Worse(a.Severity, i.Severity) {
			w.out.Entries = append(w.out.Entries, Entry{
				Incident: i.ID, At: w.now, Kind: EntrySeverity, Actor: Self, Text: fmt.Sprintf("%s, was %s", a.Severity, i.Severity),
			})
			i.Severity = a.Severity
		}
		w.incidents.put(i)
		a.IncidentID = i.ID
		w.alerts[a.ID] = a
	}
}

// write adds a line about an alert to an incident's timeline.
func (w *work) write(incident string, kind EntryKind, a Alert) {
	w.out.Entries = append(w.out.Entries, Entry{
		Incident: incident, At: w.now, Kind: kind, Actor: Self, Text: a.summary(),
		Data: map[string]string{"alert": a.ID, "rule": a.Rule, "value": formatValue(a.Value)},
	})
}

// leaveIncidents takes alerts that are over out of their incidents, and
// resolves the incidents that have none left.
func (w *work) leaveIncidents() {
	for _, t := range w.out.Transitions {
		if t.To != Resolved || t.From != Firing || t.Alert.IncidentID == "" {
			continue
		}
		i, open := w.incidents.byID[t.Alert.IncidentID]
		if !open || !i.IsOpen() {
			continue
		}
		i.Alerts = without(i.Alerts, t.Alert.ID)
		w.write(i.ID, EntryAlertResolved, t.Alert)
		if len(i.Alerts) == 0 {
			var entries []Entry
			i, entries, _ = i.Resolve(w.now, Self, "all its alerts are over")
			w.out.Entries = append(w.out.Entries, entries...)
		}
		w.incidents.put(i)
	}
}
