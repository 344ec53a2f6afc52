package probe

import (
	"time"

	"vitals/checks"
)

// HTTPOptions are the settings of a probe of a page.
type HTTPOptions struct {
	Name           string        `mapstructure:"name" help:"the check is called probe.NAME"`
	URL            Address       `mapstructure:"url" help:"http:// or https:// address"`
	Method         string        `mapstructure:"method" help:"request method"`
	Headers        []Header      `mapstructure:"headers" help:"headers to send; those given here are not sent on to another host"`
	Body           checks.Secret `mapstructure:"body" help:"what to send as the body"`
	BasicAuth      BasicAuth     `mapstructure:"basic_auth" help:"user name and password to send"`
	BearerToken    checks.Secret `mapstructure:"bearer_token" help:"sent as: Authorization: Bearer TOKEN"`
	Status         []string      `mapstructure:"status" plain:"true" help:"expected status codes, such as 200, 2xx or 200-204; none means 2xx and 3xx"`
	BodyMatches    []string      `mapstructure:"body_matches" help:"regular expressions that must each be found in the body"`
	BodyNotMatches []string      `mapstructure:"body_not_matches" help:"regular expressions that must not be found in the body"`
	BodyLimit      int64         `mapstructure:"body_limit" unit:"bytes" help:"no more than this is read of the body"`
	JSON           []JSONRule    `mapstructure:"json" help:"what the body must hold as JSON"`
	ExpectHeaders  []HeaderRule  `mapstructure:"expect_headers" help:"headers that the answer must have"`

	FollowRedirects bool   `mapstructure:"follow_redirects" help:"ask again where the answer says to"`
	MaxRedirects    int    `mapstructure:"max_redirects" help:"unhealthy after more redirects than this"`
	IPVersion       string `mapstructure:"ip_version" oneof:"any,ipv4,ipv6" help:"any, ipv4 or ipv6"`
	UseProxy        bool   `mapstructure:"proxy_from_environment" help:"go through the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY"`

	DegradedAfter  time.Duration `mapstructure:"degraded_after" help:"degraded when the answer takes longer; 0 for never"`
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after" help:"unhealthy when the answer takes longer; 0 for never"`

	Certificate CertificateOptions `mapstructure:",squash"`
	TLS         TLSOptions         `mapstructure:"tls" help:"how TLS is spoken"`

	checks.Common `mapstructure:",squash"`
}

// Header is one header to send.
type Header struct {
	Name  string        `mapstructure:"name" help:"the header's name"`
	Value checks.Secret `mapstructure:"value" help:"the header's value"`
}

// BasicAuth is a user name and password for HTTP.
type BasicAuth struct {
	Username string        `mapstructure:"username" help:"user name"`
	Password checks.Secret `mapstructure:"password" help:"password"`
}

// HeaderRule says what a header of the answer must be.
type HeaderRule struct {
	Name    string `mapstructure:"name" help:"the header's name"`
	Matches string `mapstructure:"matches" help:"regular expression that must be found in one of its values; empty: it need only be there"`
}

// JSONRule says what a value in a JSON body must be.
type JSONRule struct {
	Path    string   `mapstructure:"path" help:"where the value is, such as $.data.items[0].name"`
	Equals  *string  `mapstructure:"equals" plain:"true" help:"the value must be this: a text, a number, true, false or null"`
	Matches string   `mapstructure:"matches" help:"regular expression that must be found in the value"`
	Min     *float64 `mapstructure:"min" help:"the value must be at least this"`
	Max     *float64 `mapstructure:"max" help:"the value must be at most this"`
}

// NewHTTPOptions returns the defaults.
func NewHTTPOptions() *HTTPOptions {
	return &HTTPOptions{
		Method:          "GET",
		BodyLimit:       1 << 20,
		FollowRedirects: true,
		MaxRedirects:    10,
		IPVersion:       "any",
		Certificate:     defaultCertificate(),
		Common:          checks.Common{Critical: true},
	}
}

func httpKind() checks.KindOfCheck {
	return checks.KindOfCheck{
		Name: "http",
		Help: "asks for a page and judges status, headers, body, time and certificate",
		Example: `- kind: http
  name: website
  url: https://www.example.com/health
  body_matches: ['"status": *"healthy"']
  degraded_after: 2s
`,
		New: func() checks.Options { return NewHTTPOptions() },
	}
}
