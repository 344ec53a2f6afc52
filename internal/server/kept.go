package server

import (
	"context"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// Kept is what the routes ask of the history, and do to it. Each method may be
// called by many goroutines and gives up when ctx ends. An error that is a
// *Refusal tells the client what was wrong with its request; any other is
// trouble of the history.
type Kept interface {
	Incidents
	IncidentDesk
	Alerts
	Silences
	Lists
	CheckHistory(ctx context.Context, check string, most int) (checks.Table, error) // a 404 Refusal for a check that was never recorded
}

// Incidents reads incidents.
type Incidents interface {
	// ListIncidents are the open ones, and all that were opened since then
	// unless openOnly.
	ListIncidents(ctx context.Context, since time.Duration, openOnly bool) (checks.Table, error)
	// Incident finds one by its id or any start of it that only one has.
	Incident(ctx context.Context, id string) (alerting.Incident, []alerting.Entry, error)
}

// IncidentDesk opens and changes incidents, and tells those who are to know.
type IncidentDesk interface {
	OpenIncident(ctx context.Context, r IncidentRequest) (alerting.Incident, error)
	ChangeIncident(ctx context.Context, id, verb string, r ChangeRequest) (alerting.Incident, error)
}

// Alerts reads what alerts do and did.
type Alerts interface {
	ActiveAlerts(ctx context.Context) (checks.Table, error)
	AlertHistory(ctx context.Context, since time.Duration, most int) (checks.Table, error)
}

// Silences reads, makes and ends silences.
type Silences interface {
	ListSilences(ctx context.Context) (checks.Table, error)
	AddSilence(ctx context.Context, r SilenceRequest) (alerting.Silence, error)
	EndSilence(ctx context.Context, id, by string) (alerting.Silence, error)
}

// IncidentRequest is the body that opens an incident.
type IncidentRequest struct {
	Type        string            `json:"type"`     // manual when empty
	Severity    string            `json:"severity"` // warning when empty
	Description string            `json:"description"`
	Runbook     string            `json:"runbook"`
	Labels      map[string]string `json:"labels"`
	By          string            `json:"by"` // api when empty
}

// ChangeRequest is the body that changes an incident.
type ChangeRequest struct {
	Note string `json:"note"`
	By   string `json:"by"` // api when empty
}

// SilenceRequest is the body that makes a silence.
type SilenceRequest struct {
	Matchers []string `json:"matchers"` // as `vitals alert silence` takes them
	From     string   `json:"from"`     // RFC 3339; now when empty
	Until    string   `json:"until"`    // RFC 3339; empty with for
	For      string   `json:"for"`      // such as 2h; empty with until
	Why      string   `json:"why"`
	By       string   `json:"by"` // api when empty
}

// Refusal is a request that is not carried out for what it asks.
type Refusal struct {
	Code int // of HTTP: 400, 404 or 409
	Why  string
}

// Error says why.
func (r *Refusal) Error() string { return r.Why }
