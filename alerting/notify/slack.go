package notify

import (
	"context"
	"strings"

	"vitals/checks"
)

// SlackOptions are the settings of a Slack channel.
type SlackOptions struct {
	URL    checks.Secret `mapstructure:"url" help:"address of the incoming webhook"`
	HTTP   `mapstructure:",squash"`
	Common `mapstructure:",squash"`
}

func slackKind() KindOfChannel {
	return KindOfChannel{
		Name: "slack",
		Help: "posts to a Slack channel by an incoming webhook",
		Example: `- kind: slack
  name: team
  url_file: /etc/vitals/slack-url
`,
		New: func() Options { return &SlackOptions{HTTP: defaultHTTP(), Common: defaultCommon()} },
	}
}

// Problems implements Options.
func (o *SlackOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	return p.all
}

// Channel implements Options.
func (o *SlackOptions) Channel(Outlets) Channel {
	return slack{newSender(o.Common, o.HTTP, o.URL)}
}

type slack struct{ *sender }

type slackMessage struct {
	Attachments []slackAttachment `json:"attachments"`
}

type slackAttachment struct {
	Color string `json:"color"`
	Title string `json:"title"`
	Text  string `json:"text"`
	TS    int64  `json:"ts"` // seconds since 1970
}

// Slack cuts what is longer, in the middle of a word: its documentation of
// attachments and of chat.postMessage.
const (
	maxSlackTitle = 256
	maxSlackText  = 8000
)

// slackEscape keeps words from outside from becoming links or mentions: the
// three characters that Slack's documentation of formatting names.
func slackEscape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// Send implements Channel.
func (c slack) Send(ctx context.Context, m Message) error {
	return c.post(ctx, call{body: slackMessage{[]slackAttachment{{
		Color: colour(m),
		Title: slackEscape(cut(m.title(), maxSlackTitle)),
		Text:  slackEscape(cut(m.body(), maxSlackText)),
		TS:    m.At.Unix(),
	}}}})
}

// colour is the one of the severity. What is over is not red any more: it is
// among "anything else".
func colour(m Message) string {
	switch {
	case m.Kind == Resolved:
	case m.Severity == "critical":
		return "#FF0000"
	case m.Severity == "warning":
		return "#FFA500"
	case m.Severity == "info":
		return "#0000FF"
	}
	return "#000000"
}
