package report

import (
	"encoding/json"
	"io"
)

// The structs below are the part of Grafana's dashboard model that Vitals
// writes (schema version 39, Grafana 11 and later; older ones from 8 on read
// it too). https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

type grafanaDashboard struct {
	UID           string             `json:"uid"`
	Title         string             `json:"title"`
	Description   string             `json:"description"`
	Tags          []string           `json:"tags"`
	Timezone      string             `json:"timezone"`
	SchemaVersion int                `json:"schemaVersion"`
	Version       int                `json:"version"`
	Editable      bool               `json:"editable"`
	GraphTooltip  int                `json:"graphTooltip"` // 1: a crosshair shared by all panels
	Refresh       string             `json:"refresh"`
	Time          grafanaTime        `json:"time"`
	Templating    grafanaTemplating  `json:"templating"`
	Annotations   grafanaAnnotations `json:"annotations"`
	Panels        []grafanaPanel     `json:"panels"`
}

type grafanaTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type grafanaTemplating struct {
	List []grafanaVariable `json:"list"`
}

type grafanaVariable struct {
	Name       string            `json:"name"`
	Label      string            `json:"label"`
	Type       string            `json:"type"`
	Query      string            `json:"query"`
	Current    map[string]string `json:"current"`
	Hide       int               `json:"hide"`
	Refresh    int               `json:"refresh,omitempty"` // 2: when the time range changes
	Multi      bool              `json:"multi"`
	IncludeAll bool              `json:"includeAll"`
	AllValue   string            `json:"allValue,omitempty"`
	Datasource *grafanaSource    `json:"datasource,omitempty"`
}

type grafanaAnnotations struct {
	List []grafanaAnnotation `json:"list"`
}

type grafanaAnnotation struct {
	Name        string        `json:"name"`
	Enable      bool          `json:"enable"`
	Datasource  grafanaSource `json:"datasource"`
	Expr        string        `json:"expr"`
	Step        string        `json:"step"`
	IconColor   string        `json:"iconColor"`
	TitleFormat string        `json:"titleFormat"`
}

type grafanaSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type grafanaPanel struct {
	ID          int              `json:"id"`
	Type        string           `json:"type"`
	Title       string           `json:"title"`
	Description string           `json:"description,omitempty"`
	GridPos     grafanaPos       `json:"gridPos"`
	Datasource  *grafanaSource   `json:"datasource,omitempty"` // nil for a row
	Collapsed   *bool            `json:"collapsed,omitempty"`  // of a row
	Targets     []grafanaTarget  `json:"targets,omitempty"`
	FieldConfig *grafanaFields   `json:"fieldConfig,omitempty"`
	Options     *grafanaSettings `json:"options,omitempty"`
	Panels      []grafanaPanel   `json:"panels,omitempty"` // of a collapsed row
}

type grafanaPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type grafanaTarget struct {
	RefID        string        `json:"refId"`
	Datasource   grafanaSource `json:"datasource"`
	Expr         string        `json:"expr"`
	LegendFormat string        `json:"legendFormat,omitempty"`
	Instant      bool          `json:"instant,omitempty"`
	Range        bool          `json:"range,omitempty"`
	Format       string        `json:"format,omitempty"`
}

type grafanaFields struct {
	Defaults  grafanaField `json:"defaults"`
	Overrides []struct{}   `json:"overrides"` // always empty; Grafana wants the list
}

type grafanaField struct {
	Unit       string             `json:"unit,omitempty"`
	Min        *float64           `json:"min,omitempty"`
	Max        *float64           `json:"max,omitempty"`
	Decimals   *int               `json:"decimals,omitempty"`
	Mappings   []grafanaMapping   `json:"mappings"`
	Thresholds *grafanaThresholds `json:"thresholds,omitempty"`
	Color      *grafanaColor      `json:"color,omitempty"`
	Custom     *grafanaCustom     `json:"custom,omitempty"`
}

type grafanaMapping struct {
	Type    string                   `json:"type"`
	Options map[string]grafanaMapped `json:"options"`
}

type grafanaMapped struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
}

type grafanaThresholds struct {
	Mode  string        `json:"mode"`
	Steps []grafanaStep `json:"steps"`
}

type grafanaStep struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"` // null for the first, which has no lower end
}

type grafanaColor struct {
	Mode string `json:"mode"`
}

type grafanaCustom struct {
	DrawStyle         string            `json:"drawStyle,omitempty"`
	LineWidth         int               `json:"lineWidth,omitempty"`
	FillOpacity       int               `json:"fillOpacity"`
	ShowPoints        string            `json:"showPoints,omitempty"`
	SpanNulls         bool              `json:"spanNulls,omitempty"`
	ThresholdsStyle   *grafanaLineStyle `json:"thresholdsStyle,omitempty"`
	AxisSoftMin       *float64          `json:"axisSoftMin,omitempty"`
	LineInterpolation string            `json:"lineInterpolation,omitempty"`
}

type grafanaLineStyle struct {
	Mode string `json:"mode"`
}

type grafanaSettings struct {
	ReduceOptions *grafanaReduce  `json:"reduceOptions,omitempty"`
	ColorMode     string          `json:"colorMode,omitempty"`
	GraphMode     string          `json:"graphMode,omitempty"`
	TextMode      string          `json:"textMode,omitempty"`
	Legend        *grafanaLegend  `json:"legend,omitempty"`
	Tooltip       *grafanaTooltip `json:"tooltip,omitempty"`
	ShowHeader    bool            `json:"showHeader,omitempty"`
	MergeValues   bool            `json:"mergeValues,omitempty"`
	ShowValue     string          `json:"showValue,omitempty"`
	RowHeight     float64         `json:"rowHeight,omitempty"`
}

type grafanaReduce struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}

type grafanaLegend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	Calcs       []string `json:"calcs"`
}

type grafanaTooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

// GrafanaOptions are what a dashboard can be called and asked of.
type GrafanaOptions struct {
	Title string // "" for Vitals
	UID   string // by which Grafana knows it again; "" for vitals
	// Datasource is the UID of a Prometheus data source; "" lets whoever looks
	// choose one.
	Datasource string
}

// WriteGrafana writes a dashboard for Grafana over the metrics of Vitals and
// those of the application that keep the guide's names.
func WriteGrafana(w io.Writer, o GrafanaOptions) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(newGrafana(o))
}

func newGrafana(o GrafanaOptions) grafanaDashboard {
	g := &grafanaBuilder{source: grafanaSource{Type: "prometheus", UID: "${datasource}"}}
	if o.Datasource != "" {
		g.source.UID = o.Datasource
	}
	for _, row := range grafanaRows() {
		g.row(row)
	}
	d := grafanaDashboard{
		UID: orText(o.UID, "vitals"), Title: orText(o.Title, "Vitals"), Tags: []string{"vitals"}, Timezone: "browser", SchemaVersion: 39, Version: 1,
		Description: "Checks, alerts, jobs and the application's own metrics, as Vitals records them.",
		Editable:    true, GraphTooltip: 1, Refresh: "30s", Time: grafanaTime{From: "now-6h", To: "now"},
		Templating: grafanaTemplating{List: []grafanaVariable{}}, Panels: g.panels,
		Annotations: grafanaAnnotations{List: []grafanaAnnotation{{
			Name: "Failing checks", Enable: true, Datasource: g.source, Expr: "vitals_check_failed == 1", Step: "60s", IconColor: "red", TitleFormat: "{{check}}",
		}}},
	}
	if o.Datasource == "" {
		d.Templating.List = append(d.Templating.List, grafanaVariable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Current: map[string]string{}})
	}
	return d
}

func orText(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
