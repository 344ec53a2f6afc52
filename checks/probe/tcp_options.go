package probe

import (
	"time"

	"vitals/checks"
)

// TCPOptions are the settings of a probe of a port.
type TCPOptions struct {
	Name           string        `mapstructure:"name" help:"the check is called probe.NAME"`
	Address        string        `mapstructure:"address" help:"host:port"`
	Send           checks.Secret `mapstructure:"send" help:"what to send after connecting; write it in double quotes for \\r\\n"`
	Expect         string        `mapstructure:"expect" help:"regular expression that must be found in the first 64 KiB of what comes back"`
	IPVersion      string        `mapstructure:"ip_version" oneof:"any,ipv4,ipv6" help:"any, ipv4 or ipv6"`
	DegradedAfter  time.Duration `mapstructure:"degraded_after" help:"degraded when it takes longer; 0 for never"`
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after" help:"unhealthy when it takes longer; 0 for never"`
	TLS            TCPTLSOptions `mapstructure:"tls" help:"how TLS is spoken"`
	checks.Common  `mapstructure:",squash"`
}

// TCPTLSOptions say whether and how TLS is spoken after connecting.
type TCPTLSOptions struct {
	Enabled    bool `mapstructure:"enabled" help:"speak TLS from the start"`
	TLSOptions `mapstructure:",squash"`
}

// NewTCPOptions returns the defaults.
func NewTCPOptions() *TCPOptions {
	return &TCPOptions{IPVersion: "any", Common: checks.Common{Critical: true}}
}

func tcpKind() checks.KindOfCheck {
	return checks.KindOfCheck{
		Name: "tcp",
		Help: "connects to a port, and may say something and judge what comes back",
		Example: `- kind: tcp
  name: smtp
  address: mail.example.com:25
  expect: '^220 '
`,
		New: func() checks.Options { return NewTCPOptions() },
	}
}
