package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"time"

	"vitals/alerting"
)

// document is the message as JSON, for programs and webhooks. Fields may be
// added; a change of those here is a new version.
type document struct {
	Version     int               `json:"version"`
	Key         string            `json:"key"`
	Group       string            `json:"group,omitempty"`
	Kind        Kind              `json:"kind"`
	Severity    string            `json:"severity"`
	Title       string            `json:"title"`
	Text        string            `json:"text"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Runbook     string            `json:"runbook,omitempty"`
	Link        string            `json:"link,omitempty"`
	At          time.Time         `json:"at"`
	StartedAt   time.Time         `json:"started_at,omitzero"`
	EndedAt     time.Time         `json:"ended_at,omitzero"`
	Alerts      []alertDocument   `json:"alerts"`
}

type alertDocument struct {
	ID          string            `json:"id"`
	Rule        string            `json:"rule"`
	Severity    string            `json:"severity"`
	Phase       alerting.Phase    `json:"phase"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Runbook     string            `json:"runbook,omitempty"`
	Value       *float64          `json:"value"` // null for what is no number
	ActiveAt    time.Time         `json:"active_at,omitzero"`
	FiredAt     time.Time         `json:"fired_at,omitzero"`
	ResolvedAt  time.Time         `json:"resolved_at,omitzero"`
}

func newDocument(m Message) document {
	d := document{
		Version: 1, Key: m.Key, Group: m.Group, Kind: m.Kind, Severity: m.Severity, Title: m.title(), Text: clean(m.Text),
		Labels: orEmpty(m.Labels), Annotations: orEmpty(m.Annotations), Runbook: m.Runbook, Link: m.Link,
		At: m.At.UTC(), StartedAt: utc(m.StartedAt), EndedAt: utc(m.EndedAt), Alerts: []alertDocument{},
	}
	for _, a := range m.Alerts {
		e := alertDocument{
			ID: a.ID, Rule: a.Rule, Severity: a.Severity, Phase: a.Phase, Labels: orEmpty(a.Labels), Annotations: orEmpty(a.Annotations),
			Runbook: a.Runbook, ActiveAt: utc(a.ActiveAt), FiredAt: utc(a.FiredAt), ResolvedAt: utc(a.ResolvedAt),
		}
		if !math.IsNaN(a.Value) && !math.IsInf(a.Value, 0) {
			e.Value = &a.Value
		}
		d.Alerts = append(d.Alerts, e)
	}
	return d
}

// utc leaves the zero time alone, which is left out.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// plainKey is a key that fits into a header, an identifier or an address: as
// it is where it is short and made of harmless characters, else hashed.
func plainKey(key string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/:"
	odd := strings.ContainsFunc(key, func(r rune) bool { return !strings.ContainsRune(harmless, r) })
	if key != "" && len(key) <= 200 && !odd {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
