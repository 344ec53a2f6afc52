package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestGrafana holds the dashboard against what Grafana needs of one.
func TestGrafana(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGrafana(&b, GrafanaOptions{}); err != nil {
		t.Fatal(err)
	}
	compare(t, "grafana.json", b.Bytes())
	var d grafanaDashboard
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s: the id %d is not its own", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies over %q at %d, %d", p.Title, other, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "graph" || p.Type == "singlestat" {
			t.Errorf("%s is a %s, which Grafana has no more", p.Title, p.Type)
		}
		if p.Type != "row" && (len(p.Targets) == 0 || p.Datasource == nil) {
			t.Errorf("%s asks nobody for anything", p.Title)
		}
	}
	for _, title := range []string{"Response times", "Error rate", "Active users", "Database connections"} {
		if !strings.Contains(b.String(), `"title": "`+title+`"`) {
			t.Errorf("the guide's panel %s is missing", title)
		}
	}
}

// TestGrafanaAsksPromQL: every expression can be read, and asks for metrics
// that there are.
func TestGrafanaAsksPromQL(t *testing.T) {
	// What checks and jobs record, and what the contract, section 3, names.
	known := map[string]bool{}
	for _, name := range strings.Fields(`vitals_check_failed vitals_check_status vitals_check_duration_seconds vitals_alerts vitals_incidents
		vitals_job_failed vitals_job_due_timestamp_seconds vitals_job_last_success_timestamp_seconds
		http_requests_total http_request_duration_seconds_bucket http_request_duration_seconds_sum http_request_duration_seconds_count active_users
		db_connections_checked_out db_connections_active vitals_database_pool_size vitals_memory_used_percent cpu_usage_percent vitals_disk_used_percent`) {
		known[name] = true
	}
	p := parser.NewParser(parser.Options{})
	for _, row := range grafanaRows() {
		for _, panel := range row.panels {
			for _, q := range panel.queries {
				parsed, err := p.ParseExpr(strings.ReplaceAll(q.expr, "$__range", "6h"))
				if err != nil {
					t.Errorf("%s: %v", panel.title, err)
					continue
				}
				for _, matchers := range parser.ExtractSelectors(parsed) {
					for _, m := range matchers {
						if m.Name == "__name__" && !known[m.Value] {
							t.Errorf("%s asks for %s, which nothing describes", panel.title, m.Value)
						}
					}
				}
			}
		}
	}
}

func TestGrafanaWithADatasource(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGrafana(&b, GrafanaOptions{Title: "Shop", UID: "shop", Datasource: "abc"}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "${datasource}") || !strings.Contains(text, `"uid": "abc"`) || !strings.Contains(text, `"title": "Shop"`) {
		t.Error("the options are not in it")
	}
}
