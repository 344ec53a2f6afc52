package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"vitals/checks"
)

const (
	userAgent  = "vitals/1"
	maxAnswer  = 64 << 10 // bytes read of an answer
	maxHeaders = 64 << 10 // bytes of an answer's headers
)

// HTTP are the settings of every channel that speaks HTTP.
type HTTP struct {
	CAFile   string `mapstructure:"ca_file" help:"PEM file of the authorities to trust in place of the system's"`
	UseProxy bool   `mapstructure:"proxy_from_environment" help:"go through the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY"`
}

func defaultHTTP() HTTP { return HTTP{UseProxy: true} }

// sender posts for one channel. Every message has a connection of its own:
// they are rare, and one kept open is most often dead when it is needed.
type sender struct {
	http    HTTP
	timeout time.Duration
	url     checks.Secret
	guard   checks.Redactor
}

// newSender makes the sender of a channel. The secrets are those that it sends
// or that its address is made of, beside the address itself.
func newSender(common Common, h HTTP, address checks.Secret, secrets ...checks.Secret) *sender {
	return &sender{http: h, timeout: common.Timeout, url: address, guard: guard(address, secrets...)}
}

// call is one thing to post.
type call struct {
	body    any               // written as JSON; []byte as it is
	headers map[string]string // beside Content-Type and User-Agent
	// read may take more from an answer that is no success.
	read func(e *Error, answer []byte)
}

// post sends and returns nil once the receiver has taken it, whatever else it
// says. Redirects are not followed: addresses and bodies hold secrets that
// belong to the receiver in the configuration alone.
func (s *sender) post(ctx context.Context, c call) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	started := time.Now()
	req, err := s.request(ctx, c)
	if err != nil {
		return err
	}
	transport, err := s.transport()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // it repeats the address with everything secret in it
		}
		return networkError(ctx, s.guard, err, started)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 200 && answer.StatusCode <= 299 {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // what came before it broke off is enough
	e := s.refusal(answer, body)
	if c.read != nil {
		c.read(e, body)
	}
	return e
}

func (s *sender) request(ctx context.Context, c call) (*http.Request, error) {
	body, ok := c.body.([]byte)
	if !ok {
		var err error
		if body, err = encode(c.body); err != nil {
			return nil, &Error{What: "was not asked: the message cannot be written as JSON"}
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(s.url.Reveal()), bytes.NewReader(body))
	if err != nil {
		return nil, &Error{What: "was not asked: its address cannot be used", Hint: "Correct the channel's url."}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	return req, nil
}

func (s *sender) transport() (*http.Transport, error) {
	t := &http.Transport{
		DialContext:            (&net.Dialer{}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaders,
	}
	if s.http.UseProxy {
		t.Proxy = http.ProxyFromEnvironment
	}
	roots, err := rootsFrom(s.http.CAFile)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig.RootCAs = roots
	return t, nil
}

// rootsFrom reads the authorities to trust; "" are the system's.
func rootsFrom(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &Error{Retry: true, What: "was not asked: ca_file cannot be read: " + err.Error(), Hint: "Correct ca_file, or let Vitals read it."}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, &Error{Retry: true, What: "was not asked: ca_file holds no certificate (" + file + ")", Hint: "Give it the issuer's certificate in PEM form."}
	}
	return pool, nil
}

// refusal words an answer that is no success.
func (s *sender) refusal(answer *http.Response, body []byte) *Error {
	status := answer.StatusCode
	e := &Error{Status: status, Said: said(s.guard, body), What: "answered " + statusWords(status)}
	e.Retry = status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
	if e.Retry {
		e.After = retryAfter(answer.Header.Get("Retry-After"), time.Now())
	}
	switch {
	case status >= 300 && status <= 399:
		e.What += " and leads elsewhere, where nothing secret is sent"
		e.Said, e.Hint = "", "Give the channel the address where it ends."
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Hint = "The token, the password or the address is wrong, or was revoked."
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Hint = "The address is wrong, or what it led to was removed there."
	}
	return e
}

func statusWords(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// encode writes JSON as people read it: without &, < and > spelled out.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
