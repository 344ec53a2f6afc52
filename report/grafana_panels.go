package report

// grafanaRow is a heading and the panels below it, side by side.
type grafanaRow struct {
	title  string
	panels []panelSpec
}

// panelSpec says what a panel shows; how it looks follows from its kind.
type panelSpec struct {
	title, about string
	kind         string  // timeseries, stat, table or state-timeline
	width        int     // of 24
	unit         string  // Grafana's name of it
	warn, bad    float64 // values from which it is yellow and red; 0 for never
	most         float64 // the end of the axis; 0 for none
	queries      []panelQuery
}

type panelQuery struct{ expr, legend string }

// grafanaRows are the dashboard: the guide's four panels put right, and what
// Vitals knows beside.
func grafanaRows() []grafanaRow {
	return []grafanaRow{
		{"What is wrong", []panelSpec{
			{title: "Failing checks", kind: "stat", width: 4, bad: 1, about: "Checks whose newest result is a failure.",
				queries: []panelQuery{{"count(vitals_check_failed == 1) or vector(0)", ""}}},
			{title: "Firing alerts", kind: "stat", width: 4, warn: 1, about: "Alerts that fire, muted ones included.",
				queries: []panelQuery{{`sum(vitals_alerts{state="firing"}) or vector(0)`, ""}}},
			{title: "Open incidents", kind: "stat", width: 4, bad: 1, about: "Incidents that nobody has resolved.",
				queries: []panelQuery{{`sum(vitals_incidents{status=~"open|acknowledged"}) or vector(0)`, ""}}},
			{title: "Uptime of all checks", kind: "stat", width: 4, unit: "percent", about: "Share of results over the time shown that were no failures.",
				queries: []panelQuery{{"100 * (1 - avg(avg_over_time(vitals_check_failed[$__range])))", ""}}},
			{title: "Jobs that failed or are late", kind: "stat", width: 8, warn: 1,
				queries: []panelQuery{{"(count(vitals_job_failed == 1) or vector(0)) + (count(time() - vitals_job_due_timestamp_seconds > 0) or vector(0))", ""}}},
			{title: "Checks", kind: "state-timeline", width: 24, about: "The status of each check over time.",
				queries: []panelQuery{{"max by (check) (vitals_check_status)", "{{check}}"}}},
		}},
		{"The application", []panelSpec{
			{title: "Response times", kind: "timeseries", width: 12, unit: "s", warn: 1, bad: 2,
				about: "What 50, 95 and 99 of 100 requests stay below.",
				queries: []panelQuery{
					{"histogram_quantile(0.50, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "50 %"},
					{"histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "95 %"},
					{"histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "99 %"},
				}},
			{title: "Error rate", kind: "timeseries", width: 6, unit: "percent", warn: 5, bad: 10, about: "Requests answered with 500 and above, of all requests.",
				queries: []panelQuery{{`100 * (sum(rate(http_requests_total{status_code=~"5.."}[5m])) or vector(0)) / (sum(rate(http_requests_total[5m])) > 0)`, "errors"}}},
			{title: "Active users", kind: "stat", width: 6, queries: []panelQuery{{"max(active_users)", ""}}},
			{title: "Requests", kind: "timeseries", width: 12, unit: "reqps", queries: []panelQuery{{"sum by (status_code) (rate(http_requests_total[5m]))", "{{status_code}}"}}},
			{title: "Slowest endpoints", kind: "timeseries", width: 12, unit: "s", about: "Mean time of the five slowest.",
				queries: []panelQuery{{"topk(5, sum by (endpoint) (rate(http_request_duration_seconds_sum[5m])) / sum by (endpoint) (rate(http_request_duration_seconds_count[5m])))", "{{endpoint}}"}}},
		}},
		{"The database", []panelSpec{
			{title: "Database connections", kind: "timeseries", width: 12, about: "Connections in use, and how many there may be.",
				queries: []panelQuery{{"db_connections_checked_out", "in use {{server}}"}, {"db_connections_active", "active {{server}}"}, {"vitals_database_pool_size", "size {{server}}"}}},
			{title: "Time to answer", kind: "timeseries", width: 12, unit: "s",
				queries: []panelQuery{{`vitals_check_duration_seconds{check=~"database.*|redis.*"}`, "{{check}}"}}},
		}},
		{"The machine", []panelSpec{
			{title: "Memory in use", kind: "timeseries", width: 8, unit: "percent", warn: 80, bad: 90, most: 100, queries: []panelQuery{{"vitals_memory_used_percent", "memory"}}},
			{title: "Processor", kind: "timeseries", width: 8, unit: "percent", warn: 80, bad: 95, most: 100, queries: []panelQuery{{"cpu_usage_percent", "processor"}}},
			{title: "Disks", kind: "timeseries", width: 8, unit: "percent", warn: 80, bad: 90, most: 100, queries: []panelQuery{{"vitals_disk_used_percent", "{{mount}}"}}},
		}},
		{"Checks and jobs", []panelSpec{
			{title: "How long checks take", kind: "timeseries", width: 12, unit: "s", queries: []panelQuery{{"vitals_check_duration_seconds", "{{check}}"}}},
			{title: "Time since jobs succeeded", kind: "table", width: 12, unit: "s", queries: []panelQuery{{"time() - vitals_job_last_success_timestamp_seconds", "{{name}}"}}},
		}},
	}
}

// grafanaBuilder lays out panels from the top down.
type grafanaBuilder struct {
	source grafanaSource
	panels []grafanaPanel
	y      int
}

const panelHeight = 8

func (g *grafanaBuilder) row(r grafanaRow) {
	open := false
	g.add(grafanaPanel{Type: "row", Title: r.title, Collapsed: &open, GridPos: grafanaPos{H: 1, W: 24, Y: g.y}})
	g.y++
	x, tallest := 0, 0
	for _, s := range r.panels {
		height := panelHeight
		if s.kind == "stat" && s.width <= panelHeight && r.title == "What is wrong" {
			height = 4
		}
		if x+s.width > 24 {
			x, g.y, tallest = 0, g.y+tallest, 0
		}
		g.add(g.panel(s, grafanaPos{H: height, W: s.width, X: x, Y: g.y}))
		x, tallest = x+s.width, max(tallest, height)
	}
	g.y += tallest
}

func (g *grafanaBuilder) add(p grafanaPanel) {
	p.ID = len(g.panels) + 1
	g.panels = append(g.panels, p)
}

func (g *grafanaBuilder) panel(s panelSpec, at grafanaPos) grafanaPanel {
	p := grafanaPanel{
		Type: s.kind, Title: s.title, Description: s.about, GridPos: at, Datasource: &g.source,
		FieldConfig: &grafanaFields{Defaults: s.field(), Overrides: []struct{}{}}, Options: s.settings(),
	}
	for i, q := range s.queries {
		t := grafanaTarget{RefID: string(rune('A' + i)), Datasource: g.source, Expr: q.expr, LegendFormat: q.legend}
		switch s.kind {
		case "table":
			t.Instant, t.Format = true, "table"
		case "stat":
			t.Instant = true
		default:
			t.Range = true
		}
		p.Targets = append(p.Targets, t)
	}
	return p
}

func (s panelSpec) field() grafanaField {
	f := grafanaField{Unit: s.unit, Mappings: []grafanaMapping{}, Thresholds: s.thresholds()}
	zero := 0.0
	if s.kind == "timeseries" {
		f.Min, f.Color = &zero, &grafanaColor{Mode: "palette-classic"}
		f.Custom = &grafanaCustom{DrawStyle: "line", LineWidth: 1, FillOpacity: 10, ShowPoints: "never", SpanNulls: true}
		if s.warn != 0 || s.bad != 0 {
			f.Custom.ThresholdsStyle = &grafanaLineStyle{Mode: "dashed"}
		}
	}
	if s.most != 0 {
		f.Max = &s.most
	}
	if s.kind == "state-timeline" {
		f.Mappings = []grafanaMapping{statusMapping()}
		f.Custom = &grafanaCustom{FillOpacity: 80}
	}
	return f
}

// statusMapping shows vitals_check_status in words.
func statusMapping() grafanaMapping {
	return grafanaMapping{Type: "value", Options: map[string]grafanaMapped{
		"0": {"healthy", "green", 0}, "1": {"unknown", "purple", 1}, "2": {"degraded", "yellow", 2}, "3": {"unhealthy", "red", 3},
	}}
}

func (s panelSpec) thresholds() *grafanaThresholds {
	t := &grafanaThresholds{Mode: "absolute", Steps: []grafanaStep{{Color: "green"}}}
	if s.warn != 0 {
		t.Steps = append(t.Steps, grafanaStep{"yellow", &s.warn})
	}
	if s.bad != 0 {
		t.Steps = append(t.Steps, grafanaStep{"red", &s.bad})
	}
	return t
}

func (s panelSpec) settings() *grafanaSettings {
	switch s.kind {
	case "stat":
		return &grafanaSettings{ReduceOptions: &grafanaReduce{Calcs: []string{"lastNotNull"}}, ColorMode: "value", GraphMode: "none", TextMode: "auto"}
	case "table":
		return &grafanaSettings{ShowHeader: true}
	case "state-timeline":
		return &grafanaSettings{MergeValues: true, ShowValue: "never", RowHeight: 0.9, Legend: &grafanaLegend{DisplayMode: "list", Placement: "bottom", ShowLegend: true, Calcs: []string{}}, Tooltip: &grafanaTooltip{Mode: "single", Sort: "none"}}
	}
	return &grafanaSettings{
		Legend:  &grafanaLegend{DisplayMode: "list", Placement: "bottom", ShowLegend: true, Calcs: []string{}},
		Tooltip: &grafanaTooltip{Mode: "multi", Sort: "desc"},
	}
}
