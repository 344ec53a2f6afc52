package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"vitals/checks"
)

// rules are the expectations of an HTTP probe, ready to use.
type rules struct {
	status     []statusRange
	statusText string
	matches    []*regexp.Regexp
	notMatches []*regexp.Regexp
	headers    []headerRule
	json       []jsonRule
}

type statusRange struct{ from, to int }

type headerRule struct {
	name    string
	matches *regexp.Regexp
}

// compile leaves out what cannot be compiled; Problems has told of it.
func (o *HTTPOptions) compile() rules {
	r := rules{matches: compileAll(o.BodyMatches), notMatches: compileAll(o.BodyNotMatches)}
	wanted := o.Status
	if len(wanted) == 0 {
		wanted = []string{"2xx", "3xx"}
	}
	for _, text := range wanted {
		if s, ok := parseStatus(text); ok {
			r.status = append(r.status, s)
		}
	}
	r.statusText = strings.Join(wanted, " or ")
	for _, h := range o.ExpectHeaders {
		if re, err := regexp.Compile(h.Matches); err == nil {
			r.headers = append(r.headers, headerRule{http.CanonicalHeaderKey(h.Name), re})
		}
	}
	for _, j := range o.JSON {
		if rule, ok := j.compile(); ok {
			r.json = append(r.json, rule)
		}
	}
	return r
}

func compileAll(texts []string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, text := range texts {
		if re, err := regexp.Compile(text); err == nil {
			all = append(all, re)
		}
	}
	return all
}

// parseStatus reads 200, 2xx or 200-204.
func parseStatus(text string) (statusRange, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if class, ok := strings.CutSuffix(text, "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '5' {
		from := int(class[0]-'0') * 100
		return statusRange{from, from + 99}, true
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.Atoi(strings.TrimSpace(first))
	to, err2 := strconv.Atoi(strings.TrimSpace(last))
	ok := err == nil && err2 == nil && from >= 100 && to <= 599 && from <= to
	return statusRange{from, to}, ok
}

// judge compares an answer with what is expected. A wrong status says it all:
// of an error page, body and headers are not judged.
func (r *rules) judge(v *checks.Verdict, got *reply) {
	if !r.expects(got.StatusCode) {
		v.Add(checks.Unhealthy, statusHint(got.StatusCode), "answers %s, expected %s", statusWords(got.StatusCode), r.statusText)
		return
	}
	for _, h := range r.headers {
		h.judge(v, got.Header)
	}
	for _, re := range r.matches {
		if !re.Match(got.body) {
			v.Add(checks.Unhealthy, "Look at the page: it answers, but not as it should.", "has a body%s in which %q is not found", got.within(), re)
		}
	}
	for _, re := range r.notMatches {
		if re.Match(got.body) {
			v.Add(checks.Unhealthy, "Look at the page: it answers, but not as it should.", "has a body in which %q is found", re)
		}
	}
	r.judgeJSON(v, got)
}

func (r *rules) expects(code int) bool {
	for _, s := range r.status {
		if code >= s.from && code <= s.to {
			return true
		}
	}
	return false
}

// within says that only a part of the body was looked at.
func (r *reply) within() string {
	if r.truncated {
		return " of more than " + checks.BytesText(int64(len(r.body))) + " (body_limit)"
	}
	return ""
}

func (h headerRule) judge(v *checks.Verdict, got http.Header) {
	values := got.Values(h.name)
	if len(values) == 0 {
		v.Add(checks.Unhealthy, "Look at what sets it: the application, or a proxy in front of it.", "answers without the header %s", h.name)
		return
	}
	for _, value := range values {
		if h.matches.MatchString(value) {
			return
		}
	}
	v.Add(checks.Unhealthy, "Look at what sets it: the application, or a proxy in front of it.", "answers with a header %s that does not match %q", h.name, h.matches)
}

func (r *rules) judgeJSON(v *checks.Verdict, got *reply) {
	if len(r.json) == 0 {
		return
	}
	if got.truncated {
		v.Add(checks.Unknown, "Raise body_limit.", "has a body%s, too long to be read as JSON", got.within())
		return
	}
	document, err := readJSON(got.body)
	if err != nil {
		v.Add(checks.Unhealthy, "Look at the page: it answers, but not with JSON.", "has a body that is not JSON: %s", err)
		return
	}
	for _, rule := range r.json {
		if wrong := rule.judge(document); wrong != "" {
			v.Add(checks.Unhealthy, "Look at the page: it answers, but its JSON says that something is wrong.", "says in its JSON that %s", wrong)
		}
	}
}

// readJSON reads one JSON value that is the whole body.
func readJSON(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // numbers stay exact
	var document any
	if err := d.Decode(&document); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("there is more after the first value")
	}
	return document, nil
}

// statusHint says what to do about a status that is not expected.
func statusHint(code int) string {
	switch {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return "Give the probe what it needs to be let in (headers, basic_auth, bearer_token), or a page that needs nothing."
	case code == http.StatusNotFound, code == http.StatusGone:
		return "Correct the path, or look whether the last deployment took the page away."
	case code == http.StatusTooManyRequests:
		return "Ask less often (interval), or let the probe's address through."
	case code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		return "The proxy in front gets no answer from the application: look whether it runs, and at both logs."
	case code >= 500:
		return "Look at the application's log at this time."
	case code >= 400:
		return "The page refuses the request: compare method, headers and body with what it expects."
	case code >= 300:
		return "Give the probe the address that it leads to, or set follow_redirects."
	}
	return "Correct status if this is how the page should answer."
}
