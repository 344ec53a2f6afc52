package probe

import (
	"net/url"
	"strings"
)

// Address is the URL of a page. Its user name, password and the values in its
// query may be secret, so printing, logging or marshalling it shows it without
// them.
type Address string

// Reveal returns the address itself, for the one place that needs it.
func (a Address) Reveal() string { return string(a) }

// String returns scheme, host and path.
func (a Address) String() string {
	if a == "" {
		return ""
	}
	u, err := url.Parse(string(a))
	if err != nil || u.Host == "" {
		return "[hidden: not a complete address]"
	}
	return shownURL(u)
}

// GoString hides the same parts from %#v.
func (a Address) GoString() string { return a.String() }

// MarshalText hides the same parts from JSON and YAML.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// shownURL is what may be shown of a URL: scheme, host and path, and the names
// in its query.
func shownURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	var text strings.Builder
	text.WriteString(shown.String())
	if u.RawQuery != "" {
		text.WriteString("?…")
	}
	return text.String()
}
