package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/configs"
	"vitals/internal/history"
)

// desk is where incidents are opened and changed, whoever asks for it: a
// command or a request to serve. Whom to tell is in the outbox afterwards.
type desk struct {
	policy alerting.Policy
	db     *history.DB
	now    func() time.Time
}

func (a *App) desk(cfg *configs.Config, db *history.DB) desk {
	return desk{policy: a.alertPolicy(cfg), db: db, now: a.Now}
}

// conflict is a change that the incident, as it is now, does not allow.
type conflict struct{ error }

func (c *conflict) Unwrap() error { return c.error }

// incidentByHand checks what somebody wants to open.
func incidentByHand(kind, severity, description, runbook string, labels map[string]string) (alerting.Incident, error) {
	i := alerting.Incident{ID: uuid.NewString(), Type: kind, Severity: severity, Description: strings.TrimSpace(description), Runbook: runbook, Labels: map[string]string{}}
	if !alerting.IsLabelName(kind) {
		return i, usageError("Use letters, digits and _, such as payment_provider_down.", "the type %q is no word", kind)
	}
	if alerting.Worse(severity, "info") == (severity == "info") {
		return i, usageError("Use critical, warning or info.", "the severity %q is not known", severity)
	}
	if i.Description == "" {
		return i, usageError("", "the description is missing: say in one line what is wrong")
	}
	for name, value := range labels {
		if !alerting.IsLabelName(name) {
			return i, usageError("Write name=value, such as team=payments.", "%q is no name of a label", name)
		}
		i.Labels[name] = value
	}
	return i, nil
}

// open keeps a new incident. Those whom the routes name are told, and extra
// channels. One with the same key that is open already is returned instead.
func (d desk) open(ctx context.Context, i alerting.Incident, by, why string, extra ...string) (alerting.Incident, []alerting.Notice, error) {
	now := d.now()
	i, entry := alerting.NewIncident(i, now, by)
	notices := d.policy.Announce(i, alerting.TellFiring, why, now, extra...)
	for _, n := range notices {
		i.Told = append(i.Told, n.Channel)
	}
	i, _, err := d.db.OpenIncident(ctx, history.IncidentChange{Incident: i, Entries: []alerting.Entry{entry}, Notices: notices})
	return i, notices, err
}

// change does to an incident what a verb says. The id may be cut short.
func (d desk) change(ctx context.Context, id string, verb incidentVerb, by, note string) (alerting.Incident, error) {
	found, _, err := d.db.Incident(ctx, id)
	if err != nil {
		return found, noIncident(id, err)
	}
	now := d.now()
	return d.db.ChangeIncident(ctx, found.ID, func(old alerting.Incident) (history.IncidentChange, error) {
		i, entries, err := verb.change(old, now, by, note)
		if err != nil {
			return history.IncidentChange{}, usageError("", "%w", &conflict{err})
		}
		return announced(d.policy, old, i, entries, verb, by, note, now), nil
	})
}

// note writes something into an incident's timeline.
func (d desk) note(ctx context.Context, id, text, by string) (alerting.Incident, error) {
	if strings.TrimSpace(text) == "" {
		return alerting.Incident{}, usageError("", "a note needs a text")
	}
	found, _, err := d.db.Incident(ctx, id)
	if err != nil {
		return found, noIncident(id, err)
	}
	return d.db.ChangeIncident(ctx, found.ID, func(i alerting.Incident) (history.IncidentChange, error) {
		entry, err := i.Note(d.now(), by, text)
		if err != nil {
			return history.IncidentChange{}, usageError("", "%w", &conflict{err})
		}
		return history.IncidentChange{Incident: i, Entries: []alerting.Entry{entry}}, nil
	})
}

// announced adds to a change whom it is told: those who were told of the
// incident itself before, and of what is open again everybody anew.
func announced(policy alerting.Policy, old, i alerting.Incident, entries []alerting.Entry, verb incidentVerb, by, note string, now time.Time) history.IncidentChange {
	c := history.IncidentChange{Incident: i, Entries: entries}
	if verb.tell == "" {
		return c
	}
	kind := verb.tell
	if kind == alerting.TellResolved && len(old.Told) == 0 {
		kind = alerting.TellInfo // its alerts tell themselves when they are over
	}
	why := strings.TrimSpace(fmt.Sprintf("%s by %s. %s", strings.ToUpper(verb.done[:1])+verb.done[1:], by, note))
	c.Notices = policy.Announce(i, kind, why, now, old.Told...)
	c.Incident.Told = nil
	if i.IsOpen() {
		for _, n := range c.Notices {
			c.Incident.Told = append(c.Incident.Told, n.Channel)
		}
	}
	return c
}
