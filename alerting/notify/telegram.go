package notify

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf16"

	"vitals/checks"
)

// TelegramOptions are the settings of a Telegram chat.
type TelegramOptions struct {
	Token  checks.Secret `mapstructure:"token" help:"token of the bot, as BotFather gave it"`
	Chat   string        `mapstructure:"chat" plain:"true" help:"the chat's number, or @name of a public channel"`
	Topic  int64         `mapstructure:"topic" plain:"true" help:"number of the topic in a group that has topics; 0 for none"`
	API    string        `mapstructure:"api" help:"address of the Bot API"`
	HTTP   `mapstructure:",squash"`
	Common `mapstructure:",squash"`
}

func telegramKind() KindOfChannel {
	return KindOfChannel{
		Name: "telegram",
		Help: "writes to a Telegram chat as a bot",
		Example: `- kind: telegram
  name: phone
  token_file: /etc/vitals/telegram-token
  chat: "-1001234567890"
`,
		New: func() Options {
			return &TelegramOptions{API: "https://api.telegram.org", HTTP: defaultHTTP(), Common: defaultCommon()}
		},
	}
}

// Problems implements Options.
func (o *TelegramOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("api", checks.Secret(o.API))
	switch {
	case o.Token == "":
		p.missing("token", "the token that BotFather gave for the bot")
	case !regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`).MatchString(o.Token.Reveal()):
		p.add("token", "is no bot's token; it looks like 123456:letters-and-digits")
	}
	switch {
	case o.Chat == "":
		p.missing("chat", "the chat's number, or @name of a public channel")
	case !regexp.MustCompile(`^(-?[0-9]+|@[A-Za-z0-9_]+)$`).MatchString(o.Chat):
		p.add("chat", "%q is no chat; write its number, such as -1001234567890, or @name of a public channel", o.Chat)
	}
	if o.Topic < 0 {
		p.add("topic", "must not be negative, got %d", o.Topic)
	}
	return p.all
}

// Channel implements Options.
func (o *TelegramOptions) Channel(Outlets) Channel {
	address := below(checks.Secret(o.API), "/bot"+o.Token.Reveal()+"/sendMessage")
	return telegram{newSender(o.Common, o.HTTP, address, o.Token), *o}
}

type telegram struct {
	*sender
	o TelegramOptions
}

type telegramMessage struct {
	Chat     string           `json:"chat_id"`
	Topic    int64            `json:"message_thread_id,omitempty"`
	Text     string           `json:"text"`
	Entities []telegramEntity `json:"entities"`
	Preview  struct {
		Disabled bool `json:"is_disabled"`
	} `json:"link_preview_options"`
	Quiet bool `json:"disable_notification,omitempty"`
}

// telegramEntity marks a part of the text, which is not read as any markup.
type telegramEntity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

const (
	maxTelegram      = 4096 // UTF-16 units, as the Bot API counts
	maxTelegramTitle = 256  // characters
)

// Send implements Channel. Good news does not ring.
func (c telegram) Send(ctx context.Context, m Message) error {
	title := cut(m.title(), maxTelegramTitle)
	out := telegramMessage{Chat: c.o.Chat, Topic: c.o.Topic, Quiet: m.Kind == Resolved || m.Kind == Info}
	out.Text = cutUTF16(strings.TrimSpace(title+"\n"+m.body()), maxTelegram)
	out.Entities = []telegramEntity{{"bold", 0, len(utf16.Encode([]rune(title)))}}
	out.Preview.Disabled = true
	return c.post(ctx, call{body: out, read: func(e *Error, answer []byte) {
		var r struct {
			Description string `json:"description"`
			Parameters  struct {
				After float64 `json:"retry_after"` // seconds
			} `json:"parameters"`
		}
		if json.Unmarshal(answer, &r) != nil {
			return
		}
		if r.Description != "" {
			e.Said = said(c.guard, []byte(r.Description))
		}
		if e.Retry && e.After == 0 {
			e.After = waitOf(r.Parameters.After)
		}
	}})
}

// cutUTF16 shortens a text to at most n UTF-16 units, the last one an ellipsis.
func cutUTF16(text string, n int) string {
	units, last := 0, 0
	for i, r := range text {
		units += utf16.RuneLen(r)
		if units <= n-1 {
			last = i + len(string(r))
		}
	}
	if units <= n {
		return text
	}
	return text[:last] + "…"
}
