package notify

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"vitals/checks"
)

// ConsoleOptions are the settings of the console.
type ConsoleOptions struct {
	Common `mapstructure:",squash"`
}

func consoleKind() KindOfChannel {
	return KindOfChannel{
		Name: "console",
		Help: "writes to the terminal, for development",
		Example: `- kind: console
  name: terminal
`,
		New: func() Options { return &ConsoleOptions{defaultCommon()} },
	}
}

// Problems implements Options.
func (o *ConsoleOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	return p.all
}

// Channel implements Options.
func (o *ConsoleOptions) Channel(with Outlets) Channel { return &console{out: with.Console} }

type console struct {
	mu  sync.Mutex // messages do not mix
	out io.Writer
}

// Send implements Channel.
func (c *console) Send(_ context.Context, m Message) error {
	if c.out == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", m.At.Format(time.DateTime+" MST"), m.Kind)
	if m.Severity != "" {
		fmt.Fprintf(&b, " (%s)", oneLine(m.Severity))
	}
	fmt.Fprintf(&b, "  %s\n", m.title())
	if body := m.body(); body != "" {
		b.WriteString("    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.WriteString(c.out, b.String()); err != nil {
		return &Error{What: "cannot be written to: " + oneLine(err.Error())}
	}
	return nil
}
