package notify

import (
	"context"
	"log/slog"

	"vitals/checks"
)

// LogOptions are the settings of the log.
type LogOptions struct {
	Common `mapstructure:",squash"`
}

func logKind() KindOfChannel {
	return KindOfChannel{
		Name: "log",
		Help: "writes to Vitals' own log",
		Example: `- kind: log
  name: log
`,
		New: func() Options { return &LogOptions{defaultCommon()} },
	}
}

// Problems implements Options.
func (o *LogOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	return p.all
}

// Channel implements Options.
func (o *LogOptions) Channel(with Outlets) Channel { return logChannel{with.Log} }

type logChannel struct{ log *slog.Logger }

// Send implements Channel. A log never fails.
func (c logChannel) Send(ctx context.Context, m Message) error {
	if c.log == nil {
		return nil
	}
	level := slog.LevelInfo
	switch {
	case m.Kind == Resolved || m.Kind == Test || m.Kind == Info:
	case m.Severity == "critical":
		level = slog.LevelError
	case m.Severity == "warning":
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("kind", string(m.Kind)), slog.String("severity", m.Severity)}
	for _, a := range []struct{ name, value string }{{"key", m.Key}, {"group", m.Group}, {"text", clean(m.Text)}, {"runbook", m.Runbook}} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, a.value))
		}
	}
	c.log.LogAttrs(ctx, level, m.title(), attrs...)
	return nil
}
