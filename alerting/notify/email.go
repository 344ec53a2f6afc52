package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"vitals/checks"
)

type email struct {
	o     EmailOptions
	guard checks.Redactor
}

// Send implements Channel. A receiver whom the server refuses for good does
// not keep the others from being told; they read who was left out.
func (c email) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	started := time.Now()
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		err = c.deliver(session, m)
		if err == nil {
			_ = session.Quit() // the mail has been taken; how the farewell goes is no matter
		}
		_ = session.Close()
	}
	if err != nil {
		return c.failure(ctx, err, started)
	}
	return nil
}

// client is set up afresh for each mail: certificates and names change.
func (c email) client(ctx context.Context) (*mail.Client, error) {
	roots, err := rootsFrom(c.o.CAFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: c.o.Host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	policy := mail.TLSMandatory
	if c.o.TLS != TLSStart {
		policy = mail.NoTLS
	}
	options := []mail.Option{
		mail.WithPort(c.o.port()), mail.WithTimeout(c.o.Timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return c.dial(ctx, config) }),
	}
	if c.o.Username != "" {
		options = append(options, mail.WithUsername(c.o.Username), mail.WithPassword(c.o.Password.Reveal()), c.auth())
	}
	client, err := mail.NewClient(c.o.Host, options...)
	if err != nil {
		return nil, &Error{What: "was not asked: " + c.guard.Redact(oneLine(err.Error()))}
	}
	return client, nil
}

// auth chooses how to log in. In the clear only what does not show the
// password is offered.
func (c email) auth() mail.Option {
	switch c.o.Auth {
	case AuthPlain:
		return mail.WithSMTPAuth(mail.SMTPAuthPlain)
	case AuthLogin:
		return mail.WithSMTPAuth(mail.SMTPAuthLogin)
	case AuthXOAuth2:
		return mail.WithSMTPAuth(mail.SMTPAuthXOAUTH2)
	}
	best := []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1}
	if c.o.TLS != TLSNone {
		best = append([]mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA1PLUS}, best...)
	}
	if c.o.Auth == AuthAuto && !c.o.clear() {
		best = append(best, mail.SMTPAuthPlain, mail.SMTPAuthLogin)
	}
	return mail.WithOpportunisticSMTPAuth(best...)
}

// dial connects. The library takes the context for connecting alone; here its
// end closes the connection whatever is being waited for.
func (c email) dial(ctx context.Context, config *tls.Config) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(c.o.Host, strconv.Itoa(c.o.port())))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	if c.o.TLS != TLSImplicit {
		return conn, nil
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// deliver hands over one mail.
func (c email) deliver(session *smtp.Client, m Message) error {
	from, err := netmail.ParseAddress(c.o.From)
	if err != nil {
		return &Error{What: "was not asked: from is no mail address"}
	}
	if err := session.Mail(from.Address); err != nil {
		return err
	}
	var refused []string
	var last error
	for _, to := range c.o.To {
		address, err := netmail.ParseAddress(to)
		if err == nil {
			err = session.Rcpt(address.Address)
		}
		if err == nil {
			continue
		}
		if code := replyCode(err); code < 500 {
			return err
		}
		refused, last = append(refused, fmt.Sprintf("%s (%s)", to, said(c.guard, []byte(err.Error())))), err
	}
	if len(refused) == len(c.o.To) {
		return last
	}
	w, err := session.Data()
	if err != nil {
		return err
	}
	if _, err := c.mail(m, from, refused).WriteTo(w); err != nil {
		return err
	}
	return w.Close()
}

// mail writes the letter. Message-ID is made of the key, so a second copy is
// known as one; References is made of the group, so mail programs show all
// letters about one thing together.
func (c email) mail(m Message, from *netmail.Address, refused []string) *mail.Msg {
	_, domain, _ := strings.Cut(from.Address, "@")
	out := mail.NewMsg(mail.WithNoDefaultUserAgent())
	out.FromMailAddress(from)
	out.ToIgnoreInvalid(c.o.To...) // Problems has told of them
	out.Subject(cut(m.title(), maxSubject))
	out.SetDateWithValue(m.At)
	out.SetMessageIDWithValue(mailID(m.Key) + "@" + domain)
	if m.Group != "" {
		out.SetGenHeader(mail.HeaderReferences, "<"+mailID("group "+m.Group)+"@"+domain+">")
	}
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from holiday notes
	out.SetGenHeader("X-Vitals-Kind", oneLine(string(m.Kind)))
	out.SetGenHeader("X-Vitals-Severity", oneLine(m.Severity))
	if m.Severity == "critical" && (m.Kind == Firing || m.Kind == Reminder) {
		out.SetImportance(mail.ImportanceHigh)
	}
	body := m.body()
	if len(refused) > 0 {
		body += "\n\nThe mail server refused to deliver this to: " + strings.Join(refused, "; ")
	}
	out.SetBodyString(mail.TypeTextPlain, body+"\n")
	return out
}

// maxSubject bounds a subject, in characters.
const maxSubject = 200

func mailID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// replyCode is the code with which a server refused, 0 where it did not.
func replyCode(err error) int {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return reply.Code
	}
	return 0
}

// failure words why a mail was not taken. Codes from 500 on are for good (RFC
// 5321, 4.2.1), as is a server that cannot do what the settings ask for.
func (c email) failure(ctx context.Context, err error, started time.Time) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	code := replyCode(err)
	switch {
	case code >= 300:
		e := &Error{Status: code, Retry: code < 500, What: "refused the mail", Said: said(c.guard, []byte(err.Error()))}
		if code == 535 || code == 534 {
			e.What, e.Hint = "refused the login", "User name or password are wrong, or the provider wants a password made for programs, or xoauth2."
		}
		return e
	case ctx.Err() == nil && (strings.Contains(err.Error(), "does not support") || errors.Is(err, mail.ErrNoSupportedAuthDiscovered) || errors.Is(err, smtp.ErrUnencrypted)):
		return &Error{What: "cannot do what the settings ask for", Said: said(c.guard, []byte(err.Error())), Hint: "Look at tls and auth of the channel, and at what the server offers."}
	}
	return networkError(ctx, c.guard, err, started)
}
