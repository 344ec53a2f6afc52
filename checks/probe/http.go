package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vitals/checks"
)

// userAgent is what probes call themselves, so that they can be told from
// visitors in the page's log.
const userAgent = "vitals/1"

// maxHeaders bounds the headers of an answer, in bytes.
const maxHeaders = 256 << 10

// page is an HTTP probe with its expectations compiled.
type page struct {
	HTTPOptions
	url   *url.URL
	rules rules
	guard checks.Redactor
}

// Checks implements checks.Options.
func (o *HTTPOptions) Checks() []checks.Check {
	p := &page{HTTPOptions: *o, guard: o.guard()}
	p.url, _ = parseAddress(o.URL) // Problems has told what is wrong with it
	p.rules = o.compile()
	if p.url == nil {
		return nil
	}
	return newCheck(o.Name, o.Common, checks.Check{Help: "asks for " + shownURL(p.url), Do: func(ctx context.Context) checks.Result {
		res := p.do(ctx)
		p.guard.Result(&res)
		return res
	}})
}

// reply is what came back, as far as it is judged.
type reply struct {
	*http.Response
	body      []byte
	truncated bool // there was more than body_limit
	redirects int
	final     string // the address that answered, as it may be shown
}

func (p *page) do(ctx context.Context) checks.Result {
	t := newTrace()
	subject := shownURL(p.url)
	v, err := p.newVisit()
	if err != nil {
		return failed(subject, badFiles, err)
	}
	defer v.CloseIdleConnections()
	r, err := p.fetch(ctx, t, v.Transport)
	if err != nil {
		err = v.because(err)
		t.finish()
		if r != nil && r.final != subject {
			subject += " leads to " + r.final + ", which"
		}
		return t.onto(failed(subject, p.trouble(ctx, t, err), err), p.Name, p.DegradedAfter, p.UnhealthyAfter)
	}
	return p.judge(t, r)
}

// fetch asks, follows redirects and reads the body. With an error the reply
// says only how far it came.
func (p *page) fetch(ctx context.Context, t *trace, transport *http.Transport) (*reply, error) {
	r := &reply{final: shownURL(p.url)}
	req, err := p.request(t.with(ctx))
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: transport, CheckRedirect: func(next *http.Request, before []*http.Request) error {
		return p.redirect(r, next, before)
	}}
	r.Response, err = client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // it repeats the address with everything secret in it
		}
		return r, err
	}
	defer r.Body.Close()
	r.body, err = io.ReadAll(io.LimitReader(r.Body, p.BodyLimit+1))
	if err != nil {
		return r, &bodyError{len(r.body), err}
	}
	if int64(len(r.body)) > p.BodyLimit {
		r.body, r.truncated = r.body[:p.BodyLimit], true
	}
	return r, nil
}

// bodyError is an answer that broke off.
type bodyError struct {
	after int // bytes
	err   error
}

func (e *bodyError) Error() string { return e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

func (p *page) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if p.Body != "" {
		body = strings.NewReader(p.Body.Reveal())
	}
	u := *p.url
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(p.Method), u.String(), body)
	if err != nil {
		return nil, errors.New("the request cannot be made from method and address")
	}
	req.Header.Set("User-Agent", userAgent)
	if p.BasicAuth.Username != "" || p.BasicAuth.Password != "" {
		req.SetBasicAuth(p.BasicAuth.Username, p.BasicAuth.Password.Reveal())
	}
	if p.BearerToken != "" {
		req.Header.Set("Authorization", "Bearer "+p.BearerToken.Reveal())
	}
	first := map[string]bool{}
	for _, h := range p.Headers {
		name := http.CanonicalHeaderKey(h.Name)
		switch {
		case name == "Host":
			req.Host = h.Value.Reveal()
		case first[name]:
			req.Header.Add(name, h.Value.Reveal())
		default:
			req.Header.Set(name, h.Value.Reveal())
		}
		first[name] = true
	}
	return req, nil
}

// The ends of a row of redirects.
var (
	errTooManyRedirects = errors.New("too many redirects")
	errBodyElsewhere    = errors.New("redirected to another host, where the body is not sent")
	errDowngrade        = errors.New("redirected from https to http, where nothing secret is sent")
)

// redirect follows a redirect or ends the row. What may be secret goes to no
// other host than the one it was meant for, and never in the clear.
func (p *page) redirect(r *reply, next *http.Request, before []*http.Request) error {
	if !p.FollowRedirects {
		return http.ErrUseLastResponse
	}
	r.redirects, r.final = len(before), shownURL(next.URL)
	if len(before) > p.MaxRedirects {
		return errTooManyRedirects
	}
	first := before[0].URL
	downgrade := first.Scheme == "https" && next.URL.Scheme == "http"
	if first.Host == next.URL.Host && !downgrade {
		return nil
	}
	if next.Body != nil && next.Body != http.NoBody && p.Body != "" {
		if downgrade {
			return errDowngrade
		}
		return errBodyElsewhere
	}
	next.Header.Del("Authorization")
	next.Header.Del("Cookie")
	for _, h := range p.Headers {
		if !strings.EqualFold(h.Name, "User-Agent") && !strings.EqualFold(h.Name, "Accept") {
			next.Header.Del(h.Name)
		}
	}
	next.Header.Del("Referer") // it holds the address before
	return nil
}

// trouble words why no whole answer came.
func (p *page) trouble(ctx context.Context, t *trace, err error) checks.Trouble {
	text := err.Error()
	body, inBody := errors.AsType[*bodyError](err)
	switch {
	case errors.Is(err, errTooManyRedirects):
		return checks.Trouble{Status: checks.Unhealthy, What: fmt.Sprintf("is the end of more than %d redirects", p.MaxRedirects), Hint: "They go in a circle, most often between http and https or between www and the bare name: look at the redirects with curl -sIL."}
	case errors.Is(err, errBodyElsewhere), errors.Is(err, errDowngrade):
		return checks.Trouble{Status: checks.Unhealthy, What: "was not asked: " + text, Hint: "Give the probe the address that it ends at."}
	case ctx.Err() != nil || checks.TimedOut(err):
		return t.trouble(ctx, err)
	case strings.Contains(text, "unsupported protocol scheme"):
		return checks.Trouble{Status: checks.Unhealthy, What: "is no page: only http:// and https:// can be asked", Hint: "Look at what makes the redirect, or set follow_redirects: false."}
	case answersPlainly(err):
		return checks.Trouble{Status: checks.Unhealthy, What: "does not speak TLS on this port: it answers in plain HTTP", Hint: "Write http:// in place of https://, or correct the port."}
	case strings.Contains(text, `malformed HTTP`) && strings.Contains(text, `\x15\x03`):
		return checks.Trouble{Status: checks.Unhealthy, What: "expects TLS", Hint: "Write https:// in place of http://."}
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "malformed MIME"):
		return checks.Trouble{Status: checks.Unhealthy, What: "is something else: what answers there does not speak HTTP", Hint: "Correct host and port."}
	case strings.Contains(text, "response headers exceeded"):
		return checks.Trouble{Status: checks.Unhealthy, What: "answers with more than " + checks.BytesText(maxHeaders) + " of headers", Hint: "Browsers and proxies refuse such an answer as well: look for cookies or headers that grow."}
	case strings.Contains(text, "gzip: "), strings.Contains(text, "flate: "):
		return checks.Trouble{Status: checks.Unhealthy, What: "sends a body that is not compressed as it says", Hint: "Look at what compresses it: the application, or a proxy in front of it."}
	case inBody:
		return checks.Trouble{Status: checks.Unhealthy, What: "broke off its answer after " + checks.BytesText(int64(body.after)), Hint: "Look at the application's log: it crashed in the middle, or a proxy gave up."}
	}
	return t.trouble(ctx, err)
}

// answersPlainly tells whether the answer to a TLS handshake was HTTP.
func answersPlainly(err error) bool {
	record, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok && string(record.RecordHeader[:]) == "HTTP/" || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// judge judges an answer that came whole.
func (p *page) judge(t *trace, r *reply) checks.Result {
	total := t.finish()
	now := time.Now()
	v := &checks.Verdict{}
	p.rules.judge(v, r)
	slow(v, total, p.DegradedAfter, p.UnhealthyAfter)
	var res checks.Result
	if r.TLS != nil {
		cert := firstToExpire(r.TLS)
		if cert != nil {
			p.Certificate.judge(v, cert, now)
		}
		res = certified(res, p.Name, r.TLS, cert, now)
	} else {
		res = certified(res, p.Name, nil, nil, now)
	}
	res.Facts = append(p.facts(r), res.Facts...)
	res = t.onto(res, p.Name, p.DegradedAfter, p.UnhealthyAfter)
	res = res.Measure("vitals_probe_http_status_code", float64(r.StatusCode), "probe", p.Name)
	res.Status, res.Hint = v.Status, v.Hint
	if len(v.Reasons) > 0 {
		res.Summary = r.final + " " + v.Text()
		return res
	}
	res.Summary = fmt.Sprintf("%s answers %s in %s", r.final, statusWords(r.StatusCode), checks.DurationText(total))
	return res
}

func (p *page) facts(r *reply) []checks.Fact {
	length := checks.Unmeasured("content_length", checks.KindBytes)
	switch {
	case r.ContentLength >= 0:
		length = checks.Bytes("content_length", r.ContentLength)
	case !r.truncated:
		length = checks.Bytes("content_length", int64(len(r.body)))
	}
	return []checks.Fact{
		checks.Int("status_code", int64(r.StatusCode)),
		length,
		checks.Text("protocol", r.Proto),
		checks.Int("redirects", int64(r.redirects)),
		checks.Text("final_url", r.final),
	}
}

// statusWords is a status code with its meaning. The words are ours, not those
// of the answer.
func statusWords(code int) string {
	if text := http.StatusText(code); text != "" {
		return fmt.Sprintf("%d %s", code, text)
	}
	return fmt.Sprint(code)
}
