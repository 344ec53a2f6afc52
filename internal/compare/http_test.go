package compare

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitals/internal/history"
	"vitals/internal/server"
	"vitals/internal/testenv"
)

// compareHTTP asks Vitals' HTTP interface and Prometheus' own the same things:
// Grafana and others see no difference between them.
func compareHTTP(t *testing.T, engine *history.Engine, prometheus *testenv.Prometheus) {
	vitals := httptest.NewServer(server.New(server.Options{Log: slog.New(slog.DiscardHandler), State: server.State{Query: engine}}))
	defer vitals.Close()
	as := &testenv.Prometheus{URL: vitals.URL}
	at, part := moments()[1], stretches()[1]
	for i, expr := range some(expressions()) {
		if i%3 != 0 {
			continue // the answers themselves are compared elsewhere
		}
		got, err := as.Query(t, expr, at)
		want, wantErr := prometheus.Query(t, expr, at)
		if difference, _ := compared(got, want, strings.HasPrefix(expr, "sort")); difference != "" || err != nil || wantErr != nil {
			t.Errorf("%s: %v, %v\n%s", expr, err, wantErr, difference)
		}
		got, err = as.QueryRange(t, expr, part.from, part.to, part.step)
		want, wantErr = prometheus.QueryRange(t, expr, part.from, part.to, part.step)
		if difference, _ := compared(got, want, true); difference != "" || err != nil || wantErr != nil {
			t.Errorf("%s: %v, %v\n%s", expr, err, wantErr, difference)
		}
	}
	all := span{strconv.FormatInt(start.Unix(), 10), strconv.FormatInt(start.Add(ticks*every).Unix(), 10)}
	for _, c := range catalogue(all) {
		got, code := fetch(t, vitals.URL+c)
		want, wantCode := fetch(t, prometheus.URL+c)
		if code != wantCode || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nVitals:     %d %v\nPrometheus: %d %v", c, code, got, wantCode, want)
		}
	}
}

type span struct{ from, to string }

// catalogue are questions about what there is, and wrong ones.
func catalogue(all span) []string {
	with := func(path string, pairs ...string) string {
		form := url.Values{"start": {all.from}, "end": {all.to}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return path + "?" + form.Encode()
	}
	return []string{
		with("/api/v1/labels"),
		with("/api/v1/labels", "match[]", "temperature"),
		with("/api/v1/labels", "match[]", "temperature", "match[]", `up{job="api"}`),
		with("/api/v1/label/__name__/values"),
		with("/api/v1/label/job/values"),
		with("/api/v1/label/job/values", "match[]", `requests_total{instance="a"}`),
		with("/api/v1/label/text/values"),
		with("/api/v1/label/nothing/values"),
		with("/api/v1/series", "match[]", "temperature"),
		with("/api/v1/series", "match[]", `{job="api",__name__=~"limit|up"}`, "match[]", "names"),
		with("/api/v1/series", "match[]", "nothing_of_the_kind"),
		with("/api/v1/series"),
		with("/api/v1/series", "match[]", "up{"),
		with("/api/v1/query"),
		with("/api/v1/query", "query", "up +"),
		with("/api/v1/query", "query", "requests_total * on (job) requests_total", "time", all.to),
		with("/api/v1/query", "query", "up", "time", "yesterday"),
		with("/api/v1/query", "query", "count(up)", "time", "2023-11-14T23:00:07.3Z"),
		with("/api/v1/query_range", "query", "up", "step", "0"),
		with("/api/v1/query_range", "query", "count(up)", "step", "7m"),
		with("/api/v1/query_range", "query", "count(up)", "step", "0.1"),
	}
}

// fetch returns an answer without the words of an error, which are each
// program's own, and its code. Lists are sorted.
func fetch(t *testing.T, address string) (any, int) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	delete(answer, "error")
	delete(answer, "warnings")
	if list, ok := answer["data"].([]any); ok {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	}
	return answer, response.StatusCode
}

func text(v any) string {
	b, _ := json.Marshal(v) // it was read from JSON
	return string(b)
}
