package alerting

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// IncidentStatus is where the work on an incident stands.
type IncidentStatus string

// The statuses of an incident.
const (
	Open         IncidentStatus = "open"         // nobody has taken it yet
	Acknowledged IncidentStatus = "acknowledged" // somebody works on it; nobody else is woken
	Settled      IncidentStatus = "resolved"     // the trouble is over
	Closed       IncidentStatus = "closed"       // the work on it is over too: no more to be written
)

// Incident is what a person works on: opened by rules or by hand.
type Incident struct {
	ID          string // a UUID
	Key         string // what firing alerts join it by, while it is open
	Type        string // such as database_down
	Severity    string // critical, warning or info: the worst that it was
	Description string // one line
	Status      IncidentStatus
	Labels      map[string]string
	Runbook     string    // address of what to do, "" for none
	OpenedAt    time.Time // when the trouble was noticed
	ReopenedAt  time.Time // when it last was; zero when never
	AckedAt     time.Time // zero while nobody has taken it
	ResolvedAt  time.Time // zero while it is not over
	ClosedAt    time.Time // zero before
	OpenedBy    string    // who or what opened it
	AckedBy     string    // "" while nobody has taken it
	ResolvedBy  string    // "" while it is not over
	Alerts      []string  // IDs of its alerts that fire, sorted
	Escalated   int       // how many steps of escalation were taken
	Told        []string  // channels that were told of it other than through its alerts, sorted
}

// IsOpen tells whether it is neither resolved nor closed.
func (i Incident) IsOpen() bool { return i.Status == Open || i.Status == Acknowledged }

// TimeToAck is how long nobody had taken it, false while nobody has.
func (i Incident) TimeToAck() (time.Duration, bool) {
	return i.AckedAt.Sub(i.OpenedAt), !i.AckedAt.IsZero()
}

// TimeToResolve is how long it lasted, false while it does.
func (i Incident) TimeToResolve() (time.Duration, bool) {
	return i.ResolvedAt.Sub(i.OpenedAt), !i.ResolvedAt.IsZero()
}

// EntryKind says what an entry of a timeline tells.
type EntryKind string

// The kinds of entries.
const (
	EntryOpened          EntryKind = "opened"
	EntryAlertFiring     EntryKind = "alert_firing"
	EntryAlertResolved   EntryKind = "alert_resolved"
	EntryNotified        EntryKind = "notified"         // a channel has taken a message
	EntryNotNotified     EntryKind = "not_notified"     // a message could not be delivered
	EntryEscalated       EntryKind = "escalated"        // the next contact was called
	EntryAcknowledged    EntryKind = "acknowledged"     //
	EntryNote            EntryKind = "note"             // what somebody has to say
	EntrySeverity        EntryKind = "severity"         // it is worse than thought
	EntryResponseStarted EntryKind = "response_started" // an automated response began
	EntryResponseEnded   EntryKind = "response_ended"
	EntryResolved        EntryKind = "resolved"
	EntryReopened        EntryKind = "reopened"
	EntryClosed          EntryKind = "closed"
)

// Entry is one line of an incident's timeline.
type Entry struct {
	Seq      int64 // order within the history; 0 before it is kept
	Incident string
	At       time.Time
	Kind     EntryKind
	Actor    string // a person's name, or vitals
	Text     string
	Data     map[string]string // such as the channel, the command or the alert; may be nil
}

// Self is the actor of what Vitals does by itself.
const Self = "vitals"

// NewIncident opens an incident by hand or by rule, with the entry that says so.
func NewIncident(i Incident, at time.Time, actor string) (Incident, Entry) {
	i.Status, i.OpenedAt, i.OpenedBy = Open, at, actor
	if i.Key == "" {
		i.Key = i.Type + "/" + i.ID
	}
	return i, Entry{Incident: i.ID, At: at, Kind: EntryOpened, Actor: actor, Text: i.Description}
}

// Acknowledge takes an incident: escalation and reminders stop. It fails for
// one that is over, and does nothing for one that the same person has.
func (i Incident) Acknowledge(at time.Time, actor, note string) (Incident, []Entry, error) {
	if !i.IsOpen() {
		return i, nil, fmt.Errorf("the incident is %s already", i.Status)
	}
	if i.Status == Acknowledged && i.AckedBy == actor && note == "" {
		return i, nil, nil
	}
	if i.AckedAt.IsZero() {
		i.AckedAt = at
	}
	i.Status, i.AckedBy = Acknowledged, actor
	return i, []Entry{{Incident: i.ID, At: at, Kind: EntryAcknowledged, Actor: actor, Text: note}}, nil
}

// Note writes something into the timeline. It fails for a closed incident.
func (i Incident) Note(at time.Time, actor, text string) (Entry, error) {
	if i.Status == Closed {
		return Entry{}, fmt.Errorf("the incident is closed: reopen it to write into it")
	}
	if strings.TrimSpace(text) == "" {
		return Entry{}, fmt.Errorf("a note needs a text")
	}
	return Entry{Incident: i.ID, At: at, Kind: EntryNote, Actor: actor, Text: text}, nil
}

// Resolve ends the trouble. It fails for an incident that is over already.
func (i Incident) Resolve(at time.Time, actor, note string) (Incident, []Entry, error) {
	if !i.IsOpen() {
		return i, nil, fmt.Errorf("the incident is %s already", i.Status)
	}
	i.Status, i.ResolvedAt, i.ResolvedBy = Settled, at, actor
	return i, []Entry{{Incident: i.ID, At: at, Kind: EntryResolved, Actor: actor, Text: note}}, nil
}

// Reopen begins again with an incident that was taken for over.
func (i Incident) Reopen(at time.Time, actor, note string) (Incident, []Entry, error) {
	if i.IsOpen() {
		return i, nil, fmt.Errorf("the incident is %s: there is nothing to reopen", i.Status)
	}
	i.Status, i.ResolvedAt, i.ResolvedBy, i.ClosedAt = Open, time.Time{}, "", time.Time{}
	i.AckedAt, i.AckedBy, i.Escalated, i.ReopenedAt = time.Time{}, "", 0, at
	return i, []Entry{{Incident: i.ID, At: at, Kind: EntryReopened, Actor: actor, Text: note}}, nil
}

// Close ends the work on an incident that is over. It fails for one that is not.
func (i Incident) Close(at time.Time, actor, note string) (Incident, []Entry, error) {
	if i.Status != Settled {
		return i, nil, fmt.Errorf("the incident is %s: only a resolved one can be closed", i.Status)
	}
	i.Status, i.ClosedAt = Closed, at
	return i, []Entry{{Incident: i.ID, At: at, Kind: EntryClosed, Actor: actor, Text: note}}, nil
}

// severities in the order of their weight.
var severities = []string{"info", "warning", "critical"}

// Severities are the words for how bad something is, the least first.
func Severities() []string { return slices.Clone(severities) }

// Worse tells whether a severity weighs more than another. An unknown one
// weighs least.
func Worse(a, b string) bool { return slices.Index(severities, a) > slices.Index(severities, b) }

// incidentKey is what an alert joins an incident by.
func incidentKey(r Rule, a Alert) string {
	key := a.Incident
	by := r.IncidentBy
	if by == nil {
		by = []string{"check"}
	}
	for _, name := range by {
		if value := a.Labels[name]; value != "" {
			key += "/" + name + "=" + value
		}
	}
	return key
}

func with(list []string, item string) []string {
	at, found := slices.BinarySearch(list, item)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), at, item)
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}

// incidentFor is the incident that an alert opens.
func incidentFor(r Rule, a Alert, id string) Incident {
	description := a.Annotations["summary"]
	if description == "" {
		description = a.Rule
	}
	return Incident{
		ID: id, Key: incidentKey(r, a), Type: a.Incident, Severity: a.Severity, Description: description,
		Labels: maps.Clone(a.Labels), Runbook: a.Runbook,
	}
}
