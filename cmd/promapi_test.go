package cmd_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestServeIsAPrometheusDataSource asks what Grafana asks of a data source.
func TestServeIsAPrometheusDataSource(t *testing.T) {
	dir := t.TempDir()
	writeConfig(t, dir, quiet+"serve: {interval: 200ms}\nprobes: [{name: yes, kind: command, command: ['true']}, {name: no, kind: command, command: ['false']}]\n")
	base := startServe(t, dir)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, body := get(t, base+"/api/v1/query?query=count(vitals_check_status)")
		if strings.Contains(body, `"2"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing was recorded: %s", body)
		}
	}
	now := time.Now().Unix()
	query := func(text string) string { return url.QueryEscape(text) }
	for path, want := range map[string]struct {
		code int
		says string
	}{
		"/api/v1/query?query=" + query(`vitals_check_failed{check="probe.no"}`): {200, `"resultType":"vector"`},
		"/api/v1/query?query=1%2B1": {200, `"resultType":"scalar"`},
		"/api/v1/query_range?query=vitals_check_failed&step=1&start=0&end=10":                                  {200, `"result":[]`},
		"/api/v1/query_range?query=vitals_check_failed&step=15s&start=" + str(now-600) + "&end=" + str(now+60): {200, `"probe.yes"`},
		"/api/v1/query_range?query=up&step=1&start=0&end=" + str(now):                                          {400, "more than 11000 points"},
		"/api/v1/query_range?query=up&step=1&start=10&end=0":                                                   {400, "end lies before start"},
		"/api/v1/query_range?query=up&start=0&end=10":                                                          {400, "step"},
		"/api/v1/query?query=rate(":                                                                            {400, "bad_data"},
		"/api/v1/query?query=up&time=yesterday":                                                                {400, "yesterday"},
		"/api/v1/labels":                                                                                       {200, `"check"`},
		"/api/v1/label/check/values":                                                                           {200, `"probe.no","probe.yes"`},
		"/api/v1/label/__name__/values?match[]=" + query(`{check="probe.no"}`):                                 {200, `"vitals_check_failed"`},
		"/api/v1/series?match[]=vitals_check_failed":                                                           {200, `"__name__":"vitals_check_failed"`},
		"/api/v1/series":            {400, "match[]"},
		"/api/v1/series?match[]=x{": {400, "bad_data"},
		"/api/v1/metadata":          {200, `"success"`},
		"/api/v1/status/buildinfo":  {200, `"version"`},
	} {
		code, body := get(t, base+path)
		var envelope struct{ Status string }
		if err := json.Unmarshal([]byte(body), &envelope); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		compact := strings.NewReplacer("\n", "", " ", "").Replace(body)
		if code != want.code || (envelope.Status == "success") != (code == 200) || !strings.Contains(body, want.says) && !strings.Contains(compact, strings.ReplaceAll(want.says, " ", "")) {
			t.Errorf("%s: %d, want %d and %s\n%s", path, code, want.code, want.says, body)
		}
	}
}

func str(n int64) string { return strconv.FormatInt(n, 10) }
