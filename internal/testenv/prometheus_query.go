package testenv

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// PromAnswer is what Prometheus answered to an expression.
type PromAnswer struct {
	Kind   string       // vector, matrix, scalar or string
	Series []PromSeries // in Prometheus' order; a scalar is one without labels
	Text   string       // of a string
}

// PromSeries is one series of an answer; in a vector it has one point.
type PromSeries struct {
	Labels map[string]string // with __name__ where it has one
	Points []PromPoint       // the oldest first
}

// PromPoint is one value, at a moment in whole milliseconds.
type PromPoint struct {
	Time  time.Time
	Value float64
}

// UnmarshalJSON reads [seconds, "value"].
func (p *PromPoint) UnmarshalJSON(text []byte) error {
	var pair [2]json.RawMessage
	var value string
	if err := errors.Join(json.Unmarshal(text, &pair), json.Unmarshal(pair[1], &value)); err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(string(pair[0]), 64)
	if err != nil {
		return err
	}
	p.Time = time.UnixMilli(int64(seconds*1000 + 0.5))
	p.Value, err = strconv.ParseFloat(value, 64)
	return err
}

// Query answers an expression at one moment. The error is what Prometheus
// answered in place of a result, such as that the expression is wrong.
func (p *Prometheus) Query(t testing.TB, expr string, at time.Time) (PromAnswer, error) {
	t.Helper()
	return p.ask(t, "/api/v1/query", url.Values{"query": {expr}, "time": {seconds(at)}})
}

// QueryRange answers an expression at each step from one moment to another.
func (p *Prometheus) QueryRange(t testing.TB, expr string, from, to time.Time, step time.Duration) (PromAnswer, error) {
	t.Helper()
	return p.ask(t, "/api/v1/query_range", url.Values{
		"query": {expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func seconds(at time.Time) string {
	return fmt.Sprintf("%d.%03d", at.UnixMilli()/1000, at.UnixMilli()%1000)
}

func (p *Prometheus) ask(t testing.TB, path string, form url.Values) (PromAnswer, error) {
	t.Helper()
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.try(t, path, form, &data); err != nil {
		return PromAnswer{}, err
	}
	a, err := readAnswer(data.ResultType, data.Result)
	if err != nil {
		t.Fatalf("Prometheus answers %s with what cannot be read: %v\n%s", form.Get("query"), err, data.Result)
	}
	return a, nil
}

func readAnswer(kind string, result []byte) (PromAnswer, error) {
	a := PromAnswer{Kind: kind}
	switch kind {
	case "scalar":
		var point PromPoint
		err := json.Unmarshal(result, &point)
		a.Series = []PromSeries{{Points: []PromPoint{point}}}
		return a, err
	case "string":
		var pair [2]any
		err := json.Unmarshal(result, &pair)
		a.Text, _ = pair[1].(string)
		return a, err
	}
	var series []struct {
		Metric map[string]string
		Value  *PromPoint
		Values []PromPoint
	}
	err := json.Unmarshal(result, &series)
	for _, s := range series {
		if s.Value != nil {
			s.Values = []PromPoint{*s.Value}
		}
		a.Series = append(a.Series, PromSeries{s.Metric, s.Values})
	}
	return a, err
}

// PromRuleGroup is a group of rules as Prometheus lists it.
type PromRuleGroup struct {
	Name     string
	File     string  // its path
	Interval float64 // seconds
	Rules    []PromRule
}

// PromRule is one rule as Prometheus lists it.
type PromRule struct {
	Name          string
	Type          string // alerting or recording
	Query         string // as Prometheus writes it, which is not always as it was written
	Duration      float64
	KeepFiringFor float64 // seconds, as is Duration
	Labels        map[string]string
	Annotations   map[string]string
	State         string // of an alerting rule: inactive, pending or firing
	Health        string // ok, err, or unknown before the first evaluation
	LastError     string
}

// Rules lists the rules that it has loaded, as /api/v1/rules does.
func (p *Prometheus) Rules(t testing.TB) []PromRuleGroup {
	t.Helper()
	var data struct{ Groups []PromRuleGroup }
	p.get(t, "/api/v1/rules", nil, &data)
	return data.Groups
}

// get is try for what always has a result.
func (p *Prometheus) get(t testing.TB, path string, form url.Values, into any) {
	t.Helper()
	if err := p.try(t, path, form, into); err != nil {
		t.Fatal(err)
	}
}

// try asks its HTTP interface and reads the field data of the answer. The error
// is the one in the answer.
func (p *Prometheus) try(t testing.TB, path string, form url.Values, into any) error {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("Prometheus: %v\n%s", err, p.Log())
	}
	defer response.Body.Close()
	var answer struct {
		Status, ErrorType, Error string
		Data                     json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("Prometheus answers %s at %s: %v", response.Status, path, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", answer.ErrorType, answer.Error)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatalf("Prometheus at %s: %v\n%s", path, err, answer.Data)
	}
	return nil
}
