package notify

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"vitals/checks"
)

// Channel is a way to tell somebody. It may be used by many at once.
type Channel interface {
	// Send tells it once. It returns nil when the receiver has taken the
	// message and an *Error otherwise, soon after ctx ends at the latest.
	Send(ctx context.Context, m Message) error
}

// KindOfChannel describes a sort of channel to the people who configure it.
type KindOfChannel struct {
	Name    string // the word after "kind:"
	Help    string // one line
	Example string // YAML that works, indented by nothing
	New     func() Options
}

// Options are the settings of one channel, holding their defaults until the
// configuration is read into them. New returns a pointer to them.
type Options interface {
	// Problems returns everything that is wrong with the settings, nil when
	// they can be used. It touches nothing outside.
	Problems() []checks.Problem
	// Settings are those that every channel has.
	Settings() Common
	// Channel makes the channel. The options must have no problems and not be
	// changed afterwards. It touches nothing outside.
	Channel(with Outlets) Channel
}

// Outlets are what the process itself can write to.
type Outlets struct {
	Console io.Writer    // where console writes; nil for nowhere
	Log     *slog.Logger // where log writes; nil for nowhere
}

// Common are the settings that every channel has. Option structs embed it with
// `mapstructure:",squash"`.
type Common struct {
	Name     string        `mapstructure:"name" help:"what routes call it"`
	Disabled bool          `mapstructure:"disabled" help:"leave this channel out"`
	Timeout  time.Duration `mapstructure:"timeout" help:"a message that is not taken within this time is tried again later"`
}

// Settings returns them, for whoever holds only Options.
func (c Common) Settings() Common { return c }

func defaultCommon() Common { return Common{Timeout: 10 * time.Second} }

// Kinds lists the kinds of channels, sorted by name.
func Kinds() []KindOfChannel {
	return []KindOfChannel{
		alertmanagerKind(), consoleKind(), discordKind(), emailKind(), execKind(), logKind(), ntfyKind(), pagerDutyKind(), slackKind(), teamsKind(),
		telegramKind(), webhookKind(),
	}
}

// problems gathers what is wrong with options.
type problems struct{ all []checks.Problem }

func (p *problems) add(key, format string, args ...any) {
	p.all = append(p.all, checks.Problem{Key: key, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) missing(key, what string) { p.add(key, "is missing; expected %s", what) }

func (p *problems) common(c Common) {
	if c.Name == "" {
		p.missing("name", "a word that routes can name, such as on-call")
	}
	if c.Timeout <= 0 {
		p.add("timeout", "must be more than 0, such as 10s")
	}
}
