package checks

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Redactor removes known secrets from text that comes back from the outside:
// drivers, libraries and servers put connection strings and passwords into
// their errors. The zero value removes only what looks like user:password@.
type Redactor struct {
	replacer *strings.Replacer
}

// NewRedactor takes every secret in use. From one that is an address it also
// takes the password and the values of its query. Shorter than four bytes is
// not searched for: it would tear other words apart and hide nothing.
func NewRedactor(secrets ...Secret) Redactor {
	var known []string
	for _, s := range secrets {
		known = append(known, forms(string(s))...)
	}
	known = slices.DeleteFunc(known, func(s string) bool { return len(s) < 4 })
	// The longest first, so that a secret inside another leaves no rest.
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range slices.Compact(known) {
		pairs = append(pairs, s, hidden)
	}
	if pairs == nil {
		return Redactor{}
	}
	return Redactor{replacer: strings.NewReplacer(pairs...)}
}

// userinfo finds the password in an address of any scheme.
var userinfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*):[^\s/@]+@`)

// keyword finds a password in a key=value connection string.
var keyword = regexp.MustCompile(`(?i)\b(password|passwd|pwd|secret|token|api_?key)=('[^']*'|[^\s&;'"]+)`)

// Redact returns the text with every secret replaced by a mark.
func (r Redactor) Redact(text string) string {
	if text == "" {
		return text
	}
	if r.replacer != nil {
		text = r.replacer.Replace(text)
	}
	if strings.Contains(text, "://") {
		text = userinfo.ReplaceAllString(text, "$1:"+hidden+"@")
	}
	if strings.Contains(text, "=") {
		text = keyword.ReplaceAllString(text, "$1="+hidden)
	}
	return text
}

// Result redacts every text of a result in place.
func (r Redactor) Result(res *Result) {
	res.Summary, res.Hint, res.Error = r.Redact(res.Summary), r.Redact(res.Hint), r.Redact(res.Error)
	for i, f := range res.Facts {
		if s, ok := f.Value.(string); ok {
			res.Facts[i].Value = r.Redact(s)
		}
	}
	for _, t := range res.Tables {
		for _, row := range t.Rows {
			for i, v := range row {
				if s, ok := v.(string); ok {
					row[i] = r.Redact(s)
				}
			}
		}
	}
}

// forms lists the shapes in which a secret may turn up: itself, encoded for an
// address, and the secret parts of it when it is an address.
func forms(secret string) []string {
	all := encodings(secret)
	user, password, ok := userPassword(secret)
	if ok && password != user {
		// A password that is the user's name as well is no secret, and taking
		// it out would take the name out of every sentence.
		all = append(all, encodings(password)...)
		if plain, err := url.PathUnescape(password); err == nil {
			all = append(all, encodings(plain)...)
		}
	}
	if _, query, ok := strings.Cut(secret, "?"); ok {
		values, _ := url.ParseQuery(query) // what can be read of a broken query is enough
		for name, list := range values {
			if secretParameter.MatchString(name) {
				for _, v := range list {
					all = append(all, encodings(v)...)
				}
			}
		}
	}
	return all
}

// userPassword finds both in an address by hand: url.Parse refuses addresses
// with several hosts, and passwords that somebody forgot to encode.
func userPassword(address string) (user, password string, ok bool) {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return "", "", false
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return "", "", false
	}
	return strings.Cut(rest[:at], ":")
}

func encodings(s string) []string {
	return []string{s, url.QueryEscape(s), url.PathEscape(s), strings.TrimPrefix(url.UserPassword("", s).String(), ":")}
}

var secretParameter = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|sig`)
