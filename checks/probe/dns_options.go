package probe

import (
	"time"

	"vitals/checks"
)

// DNSOptions are the settings of a probe of a name.
type DNSOptions struct {
	Name           string        `mapstructure:"name" help:"the check is called probe.NAME"`
	Query          string        `mapstructure:"query" help:"the name to look up, always taken as complete; for PTR an IP address"`
	Type           string        `mapstructure:"type" oneof:"A,AAAA,CNAME,MX,NS,PTR,SRV,TXT" help:"what to ask for: A, AAAA, CNAME, MX, NS, PTR, SRV or TXT"`
	Server         string        `mapstructure:"server" help:"name server to ask, as address or address:port; empty means the machine's own"`
	Expect         []string      `mapstructure:"expect" help:"values that must all be in the answer; an MX is its host, an SRV is host:port"`
	ExpectAny      []string      `mapstructure:"expect_any" help:"values of which at least one must be in the answer"`
	DegradedAfter  time.Duration `mapstructure:"degraded_after" help:"degraded when the answer takes longer; 0 for never"`
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after" help:"unhealthy when the answer takes longer; 0 for never"`
	checks.Common  `mapstructure:",squash"`
}

// NewDNSOptions returns the defaults.
func NewDNSOptions() *DNSOptions {
	return &DNSOptions{Type: "A", Common: checks.Common{Critical: true}}
}

func dnsKind() checks.KindOfCheck {
	return checks.KindOfCheck{
		Name: "dns",
		Help: "looks up a name and judges what the name server answers",
		Example: `- kind: dns
  name: mail-exchanger
  query: example.com
  type: MX
  expect: [mail.example.com]
`,
		New: func() checks.Options { return NewDNSOptions() },
	}
}
