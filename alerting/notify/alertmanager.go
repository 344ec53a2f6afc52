package notify

import (
	"context"
	"maps"
	"strings"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// AlertmanagerOptions are the settings of a Prometheus Alertmanager.
type AlertmanagerOptions struct {
	URL      checks.Secret `mapstructure:"url" help:"address of Alertmanager, without /api/v2; each member of a cluster is a channel of its own"`
	ValidFor time.Duration `mapstructure:"valid_for" help:"Alertmanager takes an alert for resolved when it hears nothing for so long; longer than the repeat interval"`
	Login    `mapstructure:",squash"`
	HTTP     `mapstructure:",squash"`
	Common   `mapstructure:",squash"`
}

func alertmanagerKind() KindOfChannel {
	return KindOfChannel{
		Name: "alertmanager",
		Help: "hands alerts to a Prometheus Alertmanager, which routes them itself",
		Example: `- kind: alertmanager
  name: central
  url: http://alertmanager.example.com:9093
`,
		New: func() Options {
			return &AlertmanagerOptions{ValidFor: 24 * time.Hour, HTTP: defaultHTTP(), Common: defaultCommon()}
		},
	}
}

// Problems implements Options.
func (o *AlertmanagerOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	p.login(o.Login)
	if o.ValidFor < time.Minute {
		p.add("valid_for", "must be at least 1m, got %s", o.ValidFor)
	}
	return p.all
}

// Channel implements Options.
func (o *AlertmanagerOptions) Channel(Outlets) Channel {
	return alertmanager{newSender(o.Common, o.HTTP, below(o.URL, "/api/v2/alerts"), o.secrets()...), *o}
}

type alertmanager struct {
	*sender
	o AlertmanagerOptions
}

// postableAlert is the one of Alertmanager's API v2.
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send implements Channel. Alertmanager tells alerts apart by their labels, so
// a second copy does nothing.
func (c alertmanager) Send(ctx context.Context, m Message) error {
	all := []postableAlert{}
	for _, a := range m.Alerts {
		all = append(all, c.alert(m, a))
	}
	if len(all) == 0 {
		all = append(all, c.alone(m))
	}
	return c.post(ctx, call{body: all, headers: c.o.headers()})
}

func (c alertmanager) alert(m Message, a alerting.Alert) postableAlert {
	p := postableAlert{
		Labels: filled(a.Labels, nil), Annotations: filled(a.Annotations, map[string]string{"runbook_url": a.Runbook}),
		StartsAt: firstTime(a.FiredAt, a.ActiveAt, m.At), EndsAt: m.At.Add(c.o.ValidFor), GeneratorURL: webAddress(m.Link),
	}
	if p.Labels["alertname"] == "" {
		p.Labels["alertname"] = a.Rule
	}
	if a.Phase == alerting.Resolved {
		p.EndsAt = firstTime(a.ResolvedAt, m.At)
	}
	return p
}

// alone is a message about something else than alerts. Tests and news are over
// soon: nobody will resolve them.
func (c alertmanager) alone(m Message) postableAlert {
	p := postableAlert{
		Labels:      filled(m.Labels, map[string]string{"severity": m.Severity, "group": m.Group}),
		Annotations: filled(m.Annotations, map[string]string{"summary": m.title(), "description": clean(m.Text), "runbook_url": m.Runbook}),
		StartsAt:    firstTime(m.StartedAt, m.At), EndsAt: m.At.Add(c.o.ValidFor), GeneratorURL: webAddress(m.Link),
	}
	if p.Labels["alertname"] == "" {
		p.Labels["alertname"] = "vitals_" + aloneName(m.Kind)
	}
	switch m.Kind {
	case Resolved:
		p.EndsAt = firstTime(m.EndedAt, m.At)
	case Test, Info:
		p.EndsAt = m.At.Add(5 * time.Minute)
	}
	return p
}

// aloneName is the same for what begins a trouble and what ends it, so that
// Alertmanager sees that both are about one.
func aloneName(k Kind) string {
	if k == Test || k == Info {
		return string(k)
	}
	return "incident"
}

// filled joins two maps, of which the first is stronger, without what is
// empty: Alertmanager refuses empty labels.
func filled(strong, weak map[string]string) map[string]string {
	all := maps.Clone(orEmpty(weak))
	maps.Copy(all, strong)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// firstTime is the first that is not zero, in UTC.
func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t.UTC()
		}
	}
	return time.Time{}
}

// webAddress is the address if it leads to a page, else "".
func webAddress(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}
