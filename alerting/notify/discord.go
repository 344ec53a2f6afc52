package notify

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// DiscordOptions are the settings of a Discord channel.
type DiscordOptions struct {
	URL    checks.Secret `mapstructure:"url" help:"address of the webhook"`
	HTTP   `mapstructure:",squash"`
	Common `mapstructure:",squash"`
}

func discordKind() KindOfChannel {
	return KindOfChannel{
		Name: "discord",
		Help: "posts to a Discord channel by a webhook",
		Example: `- kind: discord
  name: team
  url_file: /etc/vitals/discord-url
`,
		New: func() Options { return &DiscordOptions{HTTP: defaultHTTP(), Common: defaultCommon()} },
	}
}

// Problems implements Options.
func (o *DiscordOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	return p.all
}

// Channel implements Options.
func (o *DiscordOptions) Channel(Outlets) Channel {
	return discord{newSender(o.Common, o.HTTP, o.URL)}
}

type discord struct{ *sender }

type discordMessage struct {
	Embeds   []discordEmbed  `json:"embeds"`
	Mentions discordMentions `json:"allowed_mentions"`
}

type discordEmbed struct {
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Color       int64     `json:"color"`
	Timestamp   time.Time `json:"timestamp"`
	URL         string    `json:"url,omitempty"`
}

// discordMentions allows nobody to be mentioned: texts hold words from outside.
type discordMentions struct {
	Parse []string `json:"parse"`
}

// Discord refuses longer ones: 256 and 4096 characters (its reference of
// embeds), here before each may get a backslash.
const (
	maxDiscordTitle = 128
	maxDiscordText  = 1500
)

// Send implements Channel.
func (c discord) Send(ctx context.Context, m Message) error {
	text := strings.TrimSpace(discordEscape(cut(m.text(), maxDiscordText)) + "\n" + cut(m.addresses(), 1000))
	color, _ := strconv.ParseInt(strings.TrimPrefix(colour(m), "#"), 16, 64) // always six digits
	return c.post(ctx, call{
		body: discordMessage{
			Embeds: []discordEmbed{{
				Title: discordEscape(cut(m.title(), maxDiscordTitle)), Description: text,
				Color: color, Timestamp: m.At.UTC(), URL: webAddress(m.Link),
			}},
			Mentions: discordMentions{Parse: []string{}},
		},
		read: func(e *Error, answer []byte) {
			var r struct {
				After float64 `json:"retry_after"` // seconds
			}
			if e.Retry && e.After == 0 && json.Unmarshal(answer, &r) == nil {
				e.After = waitOf(r.After)
			}
		},
	})
}

// discordEscape keeps words from outside from becoming links, lists or bold.
func discordEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `~`, `\~`, "`", "\\`", `|`, `\|`, `>`, `\>`, `#`, `\#`, `[`, `\[`, `]`, `\]`, `<`, `\<`).Replace(text)
}
