package notify

import (
	"encoding/base64"

	"vitals/checks"
)

// Login is how a channel shows who it is.
type Login struct {
	Username    string        `mapstructure:"username" help:"user name, where one is needed"`
	Password    checks.Secret `mapstructure:"password" help:"password of that user"`
	BearerToken checks.Secret `mapstructure:"bearer_token" help:"sent as: Authorization: Bearer TOKEN"`
}

func (p *problems) login(l Login) {
	if l.BearerToken != "" && (l.Username != "" || l.Password != "") {
		p.add("bearer_token", "cannot be sent together with username and password: both are the header Authorization")
	}
	p.headerValue("bearer_token", l.BearerToken)
}

// header is the value of the header Authorization, "" for none.
func (l Login) header() string {
	switch {
	case l.BearerToken != "":
		return "Bearer " + l.BearerToken.Reveal()
	case l.Username != "" || l.Password != "":
		return "Basic " + l.pair()
	}
	return ""
}

func (l Login) pair() string {
	return base64.StdEncoding.EncodeToString([]byte(l.Username + ":" + l.Password.Reveal()))
}

// headers are the headers that a login needs, nil for none.
func (l Login) headers() map[string]string {
	if h := l.header(); h != "" {
		return map[string]string{"Authorization": h}
	}
	return nil
}

// secrets are what must not be shown of it.
func (l Login) secrets() []checks.Secret {
	all := []checks.Secret{l.BearerToken, l.Password}
	if l.Password != "" {
		all = append(all, checks.Secret(l.pair()))
	}
	return all
}
