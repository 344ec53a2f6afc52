package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// WebhookOptions are the settings of a webhook.
type WebhookOptions struct {
	URL           checks.Secret `mapstructure:"url" help:"address to post to"`
	SigningSecret checks.Secret `mapstructure:"signing_secret" help:"signs each message with HMAC-SHA256; whsec_ and base64, or any text; empty: not signed"`
	Headers       []Header      `mapstructure:"headers" help:"more headers to send"`
	Login         `mapstructure:",squash"`
	HTTP          `mapstructure:",squash"`
	Common        `mapstructure:",squash"`
}

// Header is one header to send.
type Header struct {
	Name  string        `mapstructure:"name" help:"the header's name"`
	Value checks.Secret `mapstructure:"value" help:"the header's value"`
}

func webhookKind() KindOfChannel {
	return KindOfChannel{
		Name: "webhook",
		Help: "posts the message as JSON to any address, signed if wanted",
		Example: `- kind: webhook
  name: automation
  url: https://hooks.example.com/vitals
  signing_secret_file: /etc/vitals/webhook-secret
`,
		New: func() Options { return &WebhookOptions{HTTP: defaultHTTP(), Common: defaultCommon()} },
	}
}

// Problems implements Options.
func (o *WebhookOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	p.address("url", o.URL)
	if _, err := signingKey(o.SigningSecret); err != nil {
		p.add("signing_secret", "%s", err)
	}
	p.login(o.Login)
	for i, h := range o.Headers {
		at := fmt.Sprintf("headers[%d]", i)
		switch {
		case !token(h.Name):
			p.add(at+".name", "%q is not the name of a header", h.Name)
		case o.header() != "" && http.CanonicalHeaderKey(h.Name) == "Authorization":
			p.add(at+".name", "is the header of username and bearer_token as well: give one of them")
		}
		p.headerValue(at+".value", h.Value)
	}
	return p.all
}

func (p *problems) headerValue(key string, value checks.Secret) {
	if strings.ContainsFunc(value.Reveal(), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		p.add(key, "has a line break or another control character, which no header can have")
	}
}

// token tells whether a text is what HTTP calls a token (RFC 9110, 5.6.2).
func token(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

// Channel implements Options.
func (o *WebhookOptions) Channel(Outlets) Channel {
	secrets := append(o.Login.secrets(), o.SigningSecret)
	for _, h := range o.Headers {
		secrets = append(secrets, h.Value)
	}
	return webhook{newSender(o.Common, o.HTTP, o.URL, secrets...), *o}
}

type webhook struct {
	*sender
	o WebhookOptions
}

// Send implements Channel.
func (c webhook) Send(ctx context.Context, m Message) error {
	body, err := encode(newDocument(m))
	if err != nil {
		return &Error{What: "was not asked: the message cannot be written as JSON"}
	}
	headers := map[string]string{"Idempotency-Key": plainKey(m.Key)}
	maps.Copy(headers, c.o.Login.headers())
	for _, h := range c.o.Headers {
		headers[h.Name] = h.Value.Reveal()
	}
	if err := c.o.sign(headers, m.Key, body, time.Now()); err != nil {
		return err
	}
	return c.post(ctx, call{body: body, headers: headers})
}

// sign adds the three headers of Standard Webhooks 1.0, which receivers in
// many languages have a library for: the identifier, the time in seconds and
// the base64 HMAC-SHA256 of "identifier.time.body". Receivers refuse old times,
// so the time is that of sending, not of the message.
func (o *WebhookOptions) sign(headers map[string]string, key string, body []byte, now time.Time) error {
	id, at := plainKey(key), strconv.FormatInt(now.Unix(), 10)
	headers["Webhook-Id"], headers["Webhook-Timestamp"] = id, at
	if o.SigningSecret == "" {
		return nil
	}
	secret, err := signingKey(o.SigningSecret)
	if err != nil {
		return &Error{What: "was not asked: signing_secret " + err.Error()}
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	headers["Webhook-Signature"] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return nil
}

func signingKey(s checks.Secret) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s.Reveal(), "whsec_")
	if !ok {
		return []byte(s), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("begins with whsec_ but the rest is not base64")
	}
	return key, nil
}
