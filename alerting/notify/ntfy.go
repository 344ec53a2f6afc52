package notify

import (
	"context"
	"regexp"
	"unicode/utf8"

	"vitals/checks"
)

// NtfyOptions are the settings of an ntfy topic.
type NtfyOptions struct {
	URL    checks.Secret `mapstructure:"url" help:"address of the server, without the topic"`
	Topic  checks.Secret `mapstructure:"topic" help:"the topic; on a public server whoever knows it can read along"`
	Login  `mapstructure:",squash"`
	HTTP   `mapstructure:",squash"`
	Common `mapstructure:",squash"`
}

func ntfyKind() KindOfChannel {
	return KindOfChannel{
		Name: "ntfy",
		Help: "pushes to phones by ntfy.sh or a server of one's own",
		Example: `- kind: ntfy
  name: phone
  url: https://ntfy.example.com
  topic: vitals-alerts
`,
		New: func() Options {
			return &NtfyOptions{URL: "https://ntfy.sh", HTTP: defaultHTTP(), Common: defaultCommon()}
		},
	}
}

// Problems implements Options.
func (o *NtfyOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	p.login(o.Login)
	switch {
	case o.Topic == "":
		p.missing("topic", "a name such as vitals-alerts")
	case !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(o.Topic.Reveal()):
		p.add("topic", "must be 1 to 64 letters, digits, - and _")
	}
	return p.all
}

// Channel implements Options.
func (o *NtfyOptions) Channel(Outlets) Channel {
	return ntfy{newSender(o.Common, o.HTTP, o.URL, append(o.secrets(), o.Topic)...), *o}
}

type ntfy struct {
	*sender
	o NtfyOptions
}

type ntfyMessage struct {
	Topic    string       `json:"topic"`
	Title    string       `json:"title"`
	Message  string       `json:"message"`
	Priority int          `json:"priority"` // 1 to 5; 5 rings through
	Tags     []string     `json:"tags"`     // shown as emoji where they name one
	Click    string       `json:"click,omitempty"`
	Actions  []ntfyAction `json:"actions,omitempty"`
}

type ntfyAction struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
}

// ntfy makes an attachment of longer texts: 4,096 bytes (its documentation).
const (
	maxNtfyText  = 4096
	maxNtfyTitle = 200
)

// Send implements Channel.
func (c ntfy) Send(ctx context.Context, m Message) error {
	out := ntfyMessage{Topic: c.o.Topic.Reveal(), Title: cut(m.title(), maxNtfyTitle), Message: cutBytes(clean(m.Text), maxNtfyText), Click: webAddress(m.Link)}
	out.Priority, out.Tags = ntfyUrgency(m)
	if out.Message == "" {
		out.Message = out.Title // ntfy would write "triggered"
	}
	if page := webAddress(m.Runbook); page != "" {
		out.Actions = []ntfyAction{{"view", "Runbook", page}}
	}
	return c.post(ctx, call{body: out, headers: c.o.headers()})
}

func ntfyUrgency(m Message) (priority int, tags []string) {
	switch {
	case m.Kind == Resolved:
		return 3, []string{"white_check_mark"}
	case m.Kind == Test, m.Kind == Info:
		return 3, []string{"information_source"}
	case m.Severity == "critical":
		return 5, []string{"rotating_light"}
	case m.Severity == "warning":
		return 4, []string{"warning"}
	}
	return 3, []string{"information_source"}
}

// cutBytes shortens a text to at most n bytes between two characters, with an
// ellipsis at its end.
func cutBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	end := n - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
