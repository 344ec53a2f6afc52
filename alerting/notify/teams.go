package notify

import (
	"context"
	"strings"

	"vitals/checks"
)

// TeamsOptions are the settings of a Microsoft Teams channel.
type TeamsOptions struct {
	URL    checks.Secret `mapstructure:"url" help:"address of the workflow that posts webhook alerts to a channel"`
	HTTP   `mapstructure:",squash"`
	Common `mapstructure:",squash"`
}

func teamsKind() KindOfChannel {
	return KindOfChannel{
		Name: "teams",
		Help: "posts a card to Microsoft Teams by a workflow",
		Example: `- kind: teams
  name: operations
  url_file: /etc/vitals/teams-url
`,
		New: func() Options { return &TeamsOptions{HTTP: defaultHTTP(), Common: defaultCommon()} },
	}
}

// Problems implements Options.
func (o *TeamsOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	return p.all
}

// Channel implements Options.
func (o *TeamsOptions) Channel(Outlets) Channel { return teams{newSender(o.Common, o.HTTP, o.URL)} }

type teams struct{ *sender }

type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string       `json:"contentType"`
	Content     adaptiveCard `json:"content"`
}

// adaptiveCard is the part of Adaptive Cards 1.4 in use.
type adaptiveCard struct {
	Schema  string         `json:"$schema"`
	Type    string         `json:"type"`
	Version string         `json:"version"`
	Body    []cardBlock    `json:"body"`
	Actions []cardAction   `json:"actions,omitempty"`
	MSTeams map[string]any `json:"msteams"`
}

// cardBlock is a RichTextBlock: unlike a TextBlock it reads no Markdown, so
// words from outside stay words.
type cardBlock struct {
	Type    string    `json:"type"`
	Inlines []textRun `json:"inlines"`
}

type textRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
}

type cardAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Teams takes 28 KB for a message, of which most is left to what surrounds the
// text.
const (
	maxTeamsTitle = 256   // characters
	maxTeamsText  = 4_000 // characters, each of up to 4 bytes
	maxTeamsLines = 60
)

// Send implements Channel.
func (c teams) Send(ctx context.Context, m Message) error {
	card := adaptiveCard{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		MSTeams: map[string]any{"width": "Full"},
	}
	run := textRun{Type: "TextRun", Text: cut(m.title(), maxTeamsTitle), Weight: "Bolder", Size: "Large", Color: teamsColour(m)}
	card.Body = append(card.Body, cardBlock{"RichTextBlock", []textRun{run}})
	lines := strings.SplitN(cut(clean(m.Text), maxTeamsText), "\n", maxTeamsLines+1)
	for i, line := range lines {
		if i == maxTeamsLines {
			line = "…"
		}
		if strings.TrimSpace(line) != "" {
			card.Body = append(card.Body, cardBlock{"RichTextBlock", []textRun{{Type: "TextRun", Text: line}}})
		}
	}
	for _, a := range []cardAction{{"Action.OpenUrl", "Runbook", webAddress(m.Runbook)}, {"Action.OpenUrl", "More", webAddress(m.Link)}} {
		if a.URL != "" {
			card.Actions = append(card.Actions, a)
		}
	}
	return c.post(ctx, call{body: teamsMessage{Type: "message", Attachments: []teamsAttachment{{"application/vnd.microsoft.card.adaptive", card}}}})
}

// teamsColour is one of the words that cards have in place of colours.
func teamsColour(m Message) string {
	switch {
	case m.Kind == Resolved:
		return "Good"
	case m.Severity == "critical":
		return "Attention"
	case m.Severity == "warning":
		return "Warning"
	case m.Severity == "info":
		return "Accent"
	}
	return "Default"
}
