package probe

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"vitals/checks"
)

// parseAddress reads the URL of a page. Errors never hold any of its text.
func parseAddress(a Address) (*url.URL, error) {
	if a == "" {
		return nil, errors.New("is missing; expected an address such as https://www.example.com/health")
	}
	u, err := url.Parse(strings.TrimSpace(a.Reveal()))
	if err != nil {
		return nil, errors.New("is not an address; write https://host/path, with special characters as %XX")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host; write https://host/path")
	}
	return u, nil
}

// Problems implements checks.Options.
func (o *HTTPOptions) Problems() []checks.Problem {
	p := &problems{}
	p.name(o.Name)
	if _, err := parseAddress(o.URL); err != nil {
		p.add("url", "%s", err)
	}
	if !token(o.Method) {
		p.add("method", "%q is not a method; use GET, HEAD or POST", o.Method)
	}
	for i, h := range o.Headers {
		p.header(fmt.Sprintf("headers[%d]", i), h.Name)
		if strings.ContainsAny(h.Value.Reveal(), "\r\n\x00") {
			p.add(fmt.Sprintf("headers[%d].value", i), "has a line break, which no header can have")
		}
	}
	if o.BearerToken != "" && (o.BasicAuth.Username != "" || o.BasicAuth.Password != "") {
		p.add("bearer_token", "cannot be sent together with basic_auth: both are the header Authorization")
	}
	o.expectationProblems(p)
	if o.BodyLimit <= 0 {
		p.add("body_limit", "must be more than 0, such as 1MiB")
	}
	if o.MaxRedirects < 0 {
		p.add("max_redirects", "must not be negative, got %d", o.MaxRedirects)
	}
	p.ipVersion(o.IPVersion)
	p.times(o.DegradedAfter, o.UnhealthyAfter)
	o.Certificate.problems(p)
	o.TLS.problems(p)
	return p.all
}

func (o *HTTPOptions) expectationProblems(p *problems) {
	for i, text := range o.Status {
		if _, ok := parseStatus(text); !ok {
			p.add(fmt.Sprintf("status[%d]", i), "%q is not a status; write a code (200), a class (2xx) or a range (200-204)", text)
		}
	}
	for i, text := range o.BodyMatches {
		p.regexp(fmt.Sprintf("body_matches[%d]", i), text)
	}
	for i, text := range o.BodyNotMatches {
		p.regexp(fmt.Sprintf("body_not_matches[%d]", i), text)
	}
	for i, h := range o.ExpectHeaders {
		at := fmt.Sprintf("expect_headers[%d]", i)
		p.header(at, h.Name)
		p.regexp(at+".matches", h.Matches)
	}
	for i, rule := range o.JSON {
		at := fmt.Sprintf("json[%d]", i)
		if _, err := parsePath(rule.Path); err != nil {
			p.add(at+".path", "%s", err)
		}
		p.regexp(at+".matches", rule.Matches)
		if rule.Min != nil && rule.Max != nil && *rule.Min > *rule.Max {
			p.add(at+".max", "%g is below min (%g)", *rule.Max, *rule.Min)
		}
	}
}

func (p *problems) header(at, name string) {
	switch {
	case name == "":
		p.missing(at+".name", "the header's name")
	case !token(name):
		p.add(at+".name", "%q is not the name of a header", name)
	}
}

// token tells whether a text is what HTTP calls a token (RFC 9110, 5.6.2).
func token(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

var secretName = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|sig|auth|session|code`)

// guard removes from every text what the probe sends and must not show: pages
// like to repeat what they were asked.
func (o *HTTPOptions) guard() checks.Redactor {
	secrets := []checks.Secret{o.Body, o.BearerToken, o.BasicAuth.Password}
	if o.BasicAuth.Password != "" {
		pair := o.BasicAuth.Username + ":" + o.BasicAuth.Password.Reveal()
		secrets = append(secrets, checks.Secret(base64.StdEncoding.EncodeToString([]byte(pair))))
	}
	for _, h := range o.Headers {
		if n := http.CanonicalHeaderKey(h.Name); n != "Host" && n != "Accept" && n != "User-Agent" {
			secrets = append(secrets, h.Value)
		}
	}
	u, err := parseAddress(o.URL)
	if err != nil {
		return checks.NewRedactor(secrets...)
	}
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, checks.Secret(password))
	} else if u.User != nil {
		secrets = append(secrets, checks.Secret(u.User.Username()))
	}
	for name, values := range u.Query() {
		for _, value := range values {
			// Short values of harmless names are words such as "json", and
			// pages are led to, so their address is shown anyway.
			if secretName.MatchString(name) || len(value) >= 12 && !leads(value) {
				secrets = append(secrets, checks.Secret(value))
			}
		}
	}
	return checks.NewRedactor(secrets...)
}

// leads tells whether a value is a page to go on to.
func leads(value string) bool {
	return strings.HasPrefix(value, "/") || strings.Contains(value, "://")
}
