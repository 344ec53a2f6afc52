package notify_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"vitals/alerting/notify"
)

// TestEmailArrives by every way there is to a server.
func TestEmailArrives(t *testing.T) {
	for _, c := range []struct {
		security, auth string
		mechs          []string
		want           string
	}{
		{notify.TLSNone, notify.AuthAuto, nil, ""},
		{notify.TLSNone, notify.AuthAuto, []string{"PLAIN", "SCRAM-SHA-256"}, "SCRAM-SHA-256"},
		{notify.TLSNone, notify.AuthPlain, []string{"PLAIN", "LOGIN"}, "PLAIN"}, // on this machine alone
		{notify.TLSStart, notify.AuthAuto, nil, ""},
		{notify.TLSStart, notify.AuthAuto, []string{"LOGIN", "PLAIN"}, "PLAIN"},
		{notify.TLSStart, notify.AuthAuto, []string{"LOGIN"}, "LOGIN"},
		{notify.TLSStart, notify.AuthLogin, []string{"PLAIN", "LOGIN"}, "LOGIN"},
		{notify.TLSStart, notify.AuthSCRAM, []string{"PLAIN", "SCRAM-SHA-256"}, "SCRAM-SHA-256"},
		{notify.TLSStart, notify.AuthXOAuth2, []string{"PLAIN", "XOAUTH2"}, "XOAUTH2"},
		{notify.TLSImplicit, notify.AuthAuto, []string{"PLAIN"}, "PLAIN"},
		{notify.TLSImplicit, notify.AuthXOAuth2, []string{"XOAUTH2"}, "XOAUTH2"},
		{notify.TLSImplicit, notify.AuthAuto, nil, ""},
	} {
		t.Run(c.security+" "+c.auth+" "+strings.Join(c.mechs, " "), func(t *testing.T) {
			t.Parallel()
			s := newMailServer(t, c.security, c.mechs...)
			if err := channel(t, mailing(t, s, c.security, c.auth)).Send(t.Context(), aMessage()); err != nil {
				t.Fatal(err)
			}
			got := s.got()
			if len(got) != 1 {
				t.Fatalf("%d letters", len(got))
			}
			l := got[0]
			if l.Mech != c.want || l.TLS != (c.security != notify.TLSNone) || l.From != "vitals@example.com" || !slices.Equal(l.To, []string{"on-call@example.com", "boss@example.com"}) {
				t.Errorf("%+v", l)
			}
		})
	}
}

func read(t *testing.T, l letter) (mail.Header, string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(l.Text))
	if err != nil {
		t.Fatal(err)
	}
	var body io.Reader = m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestEmailIsReadable(t *testing.T) {
	s := newMailServer(t, notify.TLSNone)
	c := channel(t, mailing(t, s, notify.TLSNone, notify.AuthAuto))
	m := aMessage()
	m.Title = "Größe: 12,5 %\r\nBcc: evil@example.com"
	for _, one := range []notify.Message{m, m, resolved()} {
		if err := c.Send(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	got := s.got()
	h, body := read(t, got[0])
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != "Größe: 12,5 % Bcc: evil@example.com" || h.Get("Bcc") != "" {
		t.Errorf("subject %q, %v; Bcc %q", subject, err, h.Get("Bcc"))
	}
	if want := "12.5 % of payments failed in 15 min.\nThe limit is 10 %. @everyone\nRunbook: https://runbooks.example.com/payments\nMore: https://vitals.example.com/incidents/17\n"; strings.TrimSpace(body)+"\n" != want {
		t.Errorf("body %q", body)
	}
	if at, err := h.Date(); err != nil || !at.Equal(written) {
		t.Errorf("date %v %v", at, err)
	}
	if h.Get("From") != `"Vitals" <vitals@example.com>` || h.Get("Auto-Submitted") != "auto-generated" || h.Get("X-Vitals-Severity") != "critical" {
		t.Errorf("headers %v", h)
	}
	copied, _ := read(t, got[1])
	ended, _ := read(t, got[2])
	id := h.Get("Message-ID")
	if !strings.HasSuffix(id, "@example.com>") || copied.Get("Message-ID") != id || ended.Get("Message-ID") == id {
		t.Errorf("Message-ID %q, copy %q, resolved %q", id, copied.Get("Message-ID"), ended.Get("Message-ID"))
	}
	if r := h.Get("References"); r == "" || ended.Get("References") != r {
		t.Errorf("References %q and %q", r, ended.Get("References"))
	}
}

func TestEmailRefused(t *testing.T) {
	for name, c := range map[string]struct {
		security, auth string
		mechs          []string
		set            func(*mailServer, *notify.EmailOptions)
		retry          bool
		status         int
		says           string
	}{
		"wrong password":        {notify.TLSStart, notify.AuthAuto, []string{"PLAIN"}, func(_ *mailServer, o *notify.EmailOptions) { o.Password = "MARK3D-wrong" }, false, 535, "refused the login"},
		"wrong password, scram": {notify.TLSStart, notify.AuthSCRAM, []string{"SCRAM-SHA-256"}, func(_ *mailServer, o *notify.EmailOptions) { o.Password = "MARK3D-wrong" }, false, 535, "refused the login"},
		"wrong token":           {notify.TLSStart, notify.AuthXOAuth2, []string{"XOAUTH2"}, func(_ *mailServer, o *notify.EmailOptions) { o.Password = "MARK3D-wrong" }, false, 535, "refused the login"},
		"no login there":        {notify.TLSStart, notify.AuthAuto, nil, func(_ *mailServer, o *notify.EmailOptions) { o.Username, o.Password = "u", "MARK3D" }, false, 0, "does not support SMTP AUTH"},
		"no starttls":           {notify.TLSNone, notify.AuthAuto, nil, func(_ *mailServer, o *notify.EmailOptions) { o.TLS = notify.TLSStart }, false, 0, "does not support STARTTLS"},
		"unknown issuer":        {notify.TLSStart, notify.AuthAuto, nil, func(_ *mailServer, o *notify.EmailOptions) { o.CAFile = "" }, true, 0, "certificate"},
		"unknown issuer, tls":   {notify.TLSImplicit, notify.AuthAuto, nil, func(_ *mailServer, o *notify.EmailOptions) { o.CAFile = "" }, true, 0, "certificate"},
		"no ca_file":            {notify.TLSStart, notify.AuthAuto, nil, func(_ *mailServer, o *notify.EmailOptions) { o.CAFile = "/no/such/file" }, true, 0, "ca_file cannot be read"},
		"greylisted": {notify.TLSNone, notify.AuthAuto, nil, func(s *mailServer, _ *notify.EmailOptions) {
			s.rcpt = func(string) error { return &smtp.SMTPError{Code: 451, Message: "try again later"} }
		}, true, 451, "try again later"},
		"nobody known": {notify.TLSNone, notify.AuthAuto, nil, func(s *mailServer, _ *notify.EmailOptions) {
			s.rcpt = func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such user"} }
		}, false, 550, "no such user"},
		"full": {notify.TLSNone, notify.AuthAuto, nil, func(s *mailServer, _ *notify.EmailOptions) {
			s.data = func() error { return &smtp.SMTPError{Code: 452, Message: "no space"} }
		}, true, 452, "no space"},
		"spam": {notify.TLSNone, notify.AuthAuto, nil, func(s *mailServer, _ *notify.EmailOptions) {
			s.data = func() error { return &smtp.SMTPError{Code: 554, Message: "looks like spam"} }
		}, false, 554, "looks like spam"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMailServer(t, c.security, c.mechs...)
			o := mailing(t, s, c.security, c.auth)
			c.set(s, o)
			e := failure(t, channel(t, o).Send(t.Context(), aMessage()))
			if e.Retry != c.retry || e.Status != c.status || !strings.Contains(e.Error(), c.says) || strings.Contains(e.Error()+e.Hint, "MARK3D") {
				t.Errorf("%+v %q", e, e)
			}
			if n := len(s.got()); n != 0 {
				t.Errorf("%d letters were taken", n)
			}
		})
	}
}

func TestEmailToTheOthersWhenOneIsRefused(t *testing.T) {
	s := newMailServer(t, notify.TLSNone)
	s.rcpt = func(to string) error {
		if strings.HasPrefix(to, "boss") {
			return &smtp.SMTPError{Code: 550, Message: "left the company"}
		}
		return nil
	}
	if err := channel(t, mailing(t, s, notify.TLSNone, notify.AuthAuto)).Send(t.Context(), aMessage()); err != nil {
		t.Fatal(err)
	}
	got := s.got()
	_, body := read(t, got[0])
	if !slices.Equal(got[0].To, []string{"on-call@example.com"}) || !strings.Contains(body, "refused to deliver this to: Boss <boss@example.com> (") || !strings.Contains(body, "left the company") {
		t.Errorf("%v: %s", got[0].To, body)
	}
}

// TestEmailIsNotWaitedForLongerThanAllowed: not for a greeting, and not when
// Vitals stops in the middle.
func TestEmailIsNotWaitedForLongerThanAllowed(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s := &mailServer{port: silent.Addr().(*net.TCPAddr).Port}
	for _, security := range []string{notify.TLSNone, notify.TLSImplicit} {
		o := mailing(t, s, security, notify.AuthAuto)
		o.Timeout = 100 * time.Millisecond
		if e := failure(t, channel(t, o).Send(t.Context(), aMessage())); !e.Retry || !strings.Contains(e.Error(), "did not answer within 100ms") {
			t.Errorf("%+v", e)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	err = channel(t, mailing(t, s, notify.TLSNone, notify.AuthAuto)).Send(ctx, aMessage())
	if !failure(t, err).Retry || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEmailProblems(t *testing.T) {
	for _, c := range []struct {
		set func(*notify.EmailOptions)
		key string
	}{
		{func(o *notify.EmailOptions) { o.Host = "" }, "host"},
		{func(o *notify.EmailOptions) { o.Host = "smtp.example.com:587" }, "host"},
		{func(o *notify.EmailOptions) { o.Port = 70000 }, "port"},
		{func(o *notify.EmailOptions) { o.TLS = "ssl" }, "tls"},
		{func(o *notify.EmailOptions) { o.Auth = "ntlm" }, "auth"},
		{func(o *notify.EmailOptions) { o.Username = "" }, "password"},
		{func(o *notify.EmailOptions) { o.Password = "MARK3D\n" }, "password"},
		{func(o *notify.EmailOptions) { o.TLS, o.Auth = notify.TLSNone, notify.AuthPlain }, "auth"},
		{func(o *notify.EmailOptions) { o.From = "vitals" }, "from"},
		{func(o *notify.EmailOptions) { o.To = nil }, "to"},
		{func(o *notify.EmailOptions) { o.To = []string{"a@b", "x"} }, "to[1]"},
	} {
		o := options[*notify.EmailOptions](t, "email")
		o.Name, o.Host, o.Username, o.Password, o.From, o.To = "mail", "smtp.example.com", "u", "MARK3D", "a@b", []string{"a@b"}
		c.set(o)
		if found := o.Problems(); len(found) != 1 || found[0].Key != c.key || strings.Contains(found[0].Message, "MARK3D") {
			t.Errorf("%s: %v", c.key, found)
		}
	}
}
