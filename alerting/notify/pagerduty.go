package notify

import (
	"cmp"
	"context"
	"time"

	"vitals/checks"
)

// PagerDutyOptions are the settings of a PagerDuty service.
type PagerDutyOptions struct {
	RoutingKey checks.Secret `mapstructure:"routing_key" help:"integration key of an Events API v2 integration"`
	Source     string        `mapstructure:"source" help:"what PagerDuty shows as the source where the alert has no instance or host"`
	URL        checks.Secret `mapstructure:"url" help:"address of the Events API; in Europe https://events.eu.pagerduty.com"`
	HTTP       `mapstructure:",squash"`
	Common     `mapstructure:",squash"`
}

func pagerDutyKind() KindOfChannel {
	return KindOfChannel{
		Name: "pagerduty",
		Help: "opens and resolves alerts in PagerDuty (Events API v2)",
		Example: `- kind: pagerduty
  name: on-call
  routing_key_file: /etc/vitals/pagerduty-key
`,
		New: func() Options {
			return &PagerDutyOptions{Source: "vitals", URL: "https://events.pagerduty.com", HTTP: defaultHTTP(), Common: defaultCommon()}
		},
	}
}

// Problems implements Options.
func (o *PagerDutyOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	if o.RoutingKey == "" {
		p.missing("routing_key", "the integration key that PagerDuty shows for the service")
	}
	if o.Source == "" {
		p.missing("source", "a word such as vitals: PagerDuty refuses events without a source")
	}
	return p.all
}

// Channel implements Options.
func (o *PagerDutyOptions) Channel(Outlets) Channel {
	return pagerDuty{newSender(o.Common, o.HTTP, below(o.URL, "/v2/enqueue"), o.RoutingKey), *o}
}

type pagerDuty struct {
	*sender
	o PagerDutyOptions
}

type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Class     string            `json:"class,omitempty"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// What PagerDuty takes: a summary of 1,024 characters (its reference of
// Events API v2), and 512 KB for the whole, of which this is far below.
const (
	maxPagerDutySummary = 1024
	maxPagerDutyText    = 16_000
)

// Send implements Channel. The dedup_key is the group's, so that the message
// that resolves finds what the first one opened.
func (c pagerDuty) Send(ctx context.Context, m Message) error {
	e := pagerDutyEvent{RoutingKey: c.o.RoutingKey.Reveal(), Action: "trigger", DedupKey: plainKey(cmp.Or(m.Group, m.Key))}
	if m.Kind == Resolved {
		e.Action = "resolve"
		return c.post(ctx, call{body: e})
	}
	e.Client = "Vitals"
	details := filled(m.Labels, map[string]string{"text": cut(clean(m.Text), maxPagerDutyText)})
	e.Payload = &pagerDutyPayload{
		Summary: cut(m.title(), maxPagerDutySummary), Source: cmp.Or(m.Labels["instance"], m.Labels["host"], c.o.Source),
		Severity: pagerDutySeverity(m), Timestamp: m.At.UTC(), Class: m.Labels["alertname"], Details: details,
	}
	for _, l := range []pagerDutyLink{{webAddress(m.Runbook), "Runbook"}, {webAddress(m.Link), "More"}} {
		if l.Href != "" {
			e.Links = append(e.Links, l)
		}
	}
	return c.post(ctx, call{body: e})
}

// pagerDutySeverity is one of the four words that PagerDuty knows.
func pagerDutySeverity(m Message) string {
	switch m.Severity {
	case "critical", "warning", "info":
		return m.Severity
	}
	return "info"
}
