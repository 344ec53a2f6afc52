package notify

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"vitals/checks"
)

// guard takes from every text what a channel must not show. In the addresses
// of chat services the path is the password, and receivers like to repeat what
// they were asked, often as JSON.
func guard(address checks.Secret, secrets ...checks.Secret) checks.Redactor {
	all := append([]checks.Secret{address}, secrets...)
	if u, err := url.Parse(strings.TrimSpace(address.Reveal())); err == nil {
		all = append(all, partsOf(u)...)
	}
	for _, s := range all {
		all = append(all, spelled(s)...)
	}
	return checks.NewRedactor(all...)
}

// partsOf lists what may be secret in an address: all but scheme and host.
func partsOf(u *url.URL) []checks.Secret {
	all := []checks.Secret{checks.Secret(u.RequestURI())}
	for _, path := range []string{u.Path, u.EscapedPath()} {
		if len(path) > 1 {
			all = append(all, checks.Secret(path), checks.Secret(strings.TrimPrefix(path, "/")))
		}
		for part := range strings.SplitSeq(path, "/") {
			// Shorter ones are words such as "services" or "hooks".
			if len(part) > 8 {
				all = append(all, checks.Secret(part))
			}
		}
	}
	for _, values := range u.Query() {
		for _, v := range values {
			all = append(all, checks.Secret(v))
		}
	}
	if password, ok := u.User.Password(); ok {
		// It is sent as a header, which receivers repeat as well.
		login := Login{Username: u.User.Username(), Password: checks.Secret(password)}
		all = append(all, login.secrets()...)
	} else if u.User != nil {
		all = append(all, checks.Secret(u.User.Username()))
	}
	return all
}

// spelled lists how JSON may write a text: Go escapes &, < and >, PHP escapes
// slashes.
func spelled(s checks.Secret) []checks.Secret {
	quoted, err := json.Marshal(s.Reveal())
	if err != nil || len(quoted) < 2 {
		return nil
	}
	inner := string(quoted[1 : len(quoted)-1])
	return []checks.Secret{checks.Secret(inner), checks.Secret(strings.ReplaceAll(inner, "/", `\/`)), checks.Secret(strings.ReplaceAll(s.Reveal(), "/", `\/`))}
}

// parseAddress reads the URL of a receiver. Errors hold none of its text.
func parseAddress(a checks.Secret) (*url.URL, error) {
	if a == "" {
		return nil, errors.New("is missing; expected an address that begins with https://")
	}
	u, err := url.Parse(strings.TrimSpace(a.Reveal()))
	if err != nil {
		return nil, errors.New("is not an address; write https://host/path, with special characters as %XX")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("has no host; write https://host/path")
	}
	return u, nil
}

func (p *problems) address(key string, a checks.Secret) {
	if _, err := parseAddress(a); err != nil {
		p.add(key, "%s", err)
	}
}

// below is an address with more of a path. One that cannot be read stays as it
// is; Problems tells of it.
func below(address checks.Secret, path string) checks.Secret {
	u, err := parseAddress(address)
	if err != nil {
		return address
	}
	return checks.Secret(u.JoinPath(path).String())
}
