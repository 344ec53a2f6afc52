package report

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// writePrometheus prints every sample in the text format, without times: the
// textfile collector refuses them.
func writePrometheus(w io.Writer, doc Document, _ View) error {
	families := map[string][]string{}
	seen := map[string]bool{}
	for i := range doc.Results {
		for _, s := range doc.Results[i].AllSamples() {
			line := s.Name + labelsText(s.Labels)
			if !seen[line] {
				seen[line] = true
				families[s.Name] = append(families[s.Name], line+" "+promNumber(s.Value))
			}
		}
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(families)) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, MetricHelp(name), promType(name))
		for _, line := range families[name] {
			b.WriteString(line + "\n")
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// MetricHelp describes a metric in one line.
func MetricHelp(name string) string {
	switch name {
	case "vitals_check_status":
		return "Last status of the check: 0 healthy, 1 unknown, 2 degraded, 3 unhealthy."
	case "vitals_check_failed":
		return "Whether the check was unhealthy when it last ran."
	case "vitals_check_duration_seconds":
		return "How long the check took when it last ran."
	}
	if help, ok := jobMetrics()[name]; ok {
		return help
	}
	return "Measured by a check; see docs/checks.md."
}

// jobMetrics are what is recorded of jobs, see docs/schedule.md.
func jobMetrics() map[string]string {
	return map[string]string{
		"vitals_job_last_success_timestamp_seconds": "When the job last succeeded.",
		"vitals_job_due_timestamp_seconds":          "When the next success of the job is due at the latest.",
		"vitals_job_failed":                         "Whether the newest run of the job failed.",
		"vitals_job_duration_seconds":               "How long the newest run of the job took, or has taken so far.",
		"vitals_job_max_duration_seconds":           "How long a run of the job may take.",
	}
}

// promType goes by Prometheus' naming, but for the guide's two gauges whose
// names break it.
func promType(name string) string {
	if IsCounter(name) {
		return "counter"
	}
	return "gauge"
}

// IsCounter tells whether a metric of this name only ever grows.
func IsCounter(name string) bool {
	return strings.HasSuffix(name, "_total") && name != "events_total" && name != "payments_total"
}

func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(Clean(labels[name]))
		parts = append(parts, name+`="`+value+`"`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func promNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
