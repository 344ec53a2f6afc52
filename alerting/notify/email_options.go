package notify

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/mail"
	"strings"

	"vitals/checks"
)

// The values of EmailOptions.TLS and EmailOptions.Auth.
const (
	TLSStart    = "starttls"
	TLSImplicit = "tls"
	TLSNone     = "none"

	AuthAuto    = "auto"
	AuthPlain   = "plain"
	AuthLogin   = "login"
	AuthSCRAM   = "scram"
	AuthXOAuth2 = "xoauth2"
)

// EmailOptions are the settings of an e-mail channel.
type EmailOptions struct {
	Host     string        `mapstructure:"host" help:"the server that takes outgoing mail"`
	Port     int           `mapstructure:"port" help:"its port; 0 means 587 for starttls, 465 for tls and 25 for none"`
	TLS      string        `mapstructure:"tls" oneof:"starttls,tls,none" help:"starttls: encrypted after the greeting; tls: encrypted from the start; none: in the clear"`
	Auth     string        `mapstructure:"auth" oneof:"auto,plain,login,scram,xoauth2" help:"how to log in; auto takes the best that the server offers"`
	Username string        `mapstructure:"username" help:"user name; empty: no login"`
	Password checks.Secret `mapstructure:"password" help:"password; for xoauth2 the access token"`
	From     string        `mapstructure:"from" help:"sender, such as Vitals <vitals@example.com>"`
	To       []string      `mapstructure:"to" help:"receivers"`
	CAFile   string        `mapstructure:"ca_file" help:"PEM file of the authorities to trust in place of the system's"`
	Common   `mapstructure:",squash"`
}

func emailKind() KindOfChannel {
	return KindOfChannel{
		Name: "email",
		Help: "sends mail by an SMTP server",
		Example: `- kind: email
  name: on-call
  host: smtp.example.com
  username: vitals@example.com
  password_file: /etc/vitals/smtp-password
  from: Vitals <vitals@example.com>
  to: [on-call@example.com]
`,
		New: func() Options {
			o := &EmailOptions{TLS: TLSStart, Auth: AuthAuto, Common: defaultCommon()}
			o.Timeout *= 3 // servers that look up the sender greet late
			return o
		},
	}
}

// Problems implements Options.
func (o *EmailOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	switch {
	case o.Host == "":
		p.missing("host", "the server that takes outgoing mail, such as smtp.example.com")
	case strings.ContainsAny(o.Host, "/ @") || strings.Contains(o.Host, ":") && net.ParseIP(o.Host) == nil:
		p.add("host", "must be a name or an address alone, such as smtp.example.com; the port is a setting of its own")
	}
	if o.Port < 0 || o.Port > 65535 {
		p.add("port", "must be 1 to 65535, or 0 for the usual one, got %d", o.Port)
	}
	p.oneOf("tls", o.TLS, TLSStart, TLSImplicit, TLSNone)
	p.oneOf("auth", o.Auth, AuthAuto, AuthPlain, AuthLogin, AuthSCRAM, AuthXOAuth2)
	if (o.Username == "") != (o.Password == "") {
		p.add("password", "and username are needed both, or neither")
	}
	if strings.ContainsAny(o.Username+o.Password.Reveal(), "\x00\x01\r\n") {
		p.add("password", "or username holds a control character, which no login can")
	}
	if o.Username != "" && o.clear() && o.Auth != AuthAuto && o.Auth != AuthSCRAM {
		p.add("auth", "%q would send the password in the clear; set tls to starttls or tls", o.Auth)
	}
	p.mailbox("from", o.From, "the sender, such as Vitals <vitals@example.com>")
	if len(o.To) == 0 {
		p.missing("to", "at least one receiver, such as [on-call@example.com]")
	}
	for i, to := range o.To {
		p.mailbox(fmt.Sprintf("to[%d]", i), to, "a receiver, such as on-call@example.com")
	}
	return p.all
}

func (p *problems) oneOf(key, value string, known ...string) {
	for _, k := range known {
		if value == k {
			return
		}
	}
	p.add(key, "%q is not known; use one of %s", value, strings.Join(known, ", "))
}

func (p *problems) mailbox(key, text, what string) {
	if text == "" {
		p.missing(key, what)
	} else if _, err := mail.ParseAddress(text); err != nil {
		p.add(key, "%q is no mail address; expected %s", text, what)
	}
}

// clear tells whether what is sent can be read on the way.
func (o *EmailOptions) clear() bool {
	return o.TLS == TLSNone && o.Host != "localhost" && !net.ParseIP(o.Host).IsLoopback()
}

func (o *EmailOptions) port() int {
	switch {
	case o.Port != 0:
		return o.Port
	case o.TLS == TLSImplicit:
		return 465
	case o.TLS == TLSNone:
		return 25
	}
	return 587
}

// Channel implements Options.
func (o *EmailOptions) Channel(Outlets) Channel {
	in64 := func(text string) checks.Secret {
		return checks.Secret(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	password := o.Password.Reveal()
	secrets := []checks.Secret{o.Password}
	if password != "" { // servers repeat the line that they did not like
		secrets = append(secrets, in64(password), in64("\x00"+o.Username+"\x00"+password),
			in64("user="+o.Username+"\x01auth=Bearer "+password+"\x01\x01"))
	}
	return email{*o, guard("", secrets...)}
}
