package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vitals/checks"
	"vitals/report"
)

// metrics serves Prometheus text and OpenMetrics, negotiated. A scrape runs no
// check: it shows the last results, with a time of its own for their age.
func (s *Server) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&boardCollector{server: s},
	)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorLog:          scrapeLog{s.log},
		ErrorHandling:     promhttp.ContinueOnError,
	})
}

type scrapeLog struct{ log *slog.Logger }

func (l scrapeLog) Println(v ...any) { l.log.Warn("a metric was left out", "error", fmt.Sprint(v...)) }

// boardCollector turns the board's last samples into metrics. It is unchecked
// in Prometheus' sense: which metrics there are follows the configuration.
type boardCollector struct{ server *Server }

func (c *boardCollector) Describe(chan<- *prometheus.Desc) {}

func (c *boardCollector) Collect(out chan<- prometheus.Metric) {
	results, _ := c.server.state.Load().Board.Last()
	seen := map[string]bool{}
	for i := range results {
		r := &results[i]
		samples := append(r.AllSamples(), checks.Sample{
			Name: "vitals_check_last_run_timestamp_seconds", Labels: map[string]string{"check": r.Check},
			Value: float64(r.Started.UnixMilli()) / 1000,
		})
		for _, sample := range samples {
			if m, id := metricOf(sample); !seen[id] {
				seen[id] = true // two checks may measure the same thing; the first stands
				out <- m
			}
		}
	}
	for _, sample := range c.server.figures() {
		if m, id := metricOf(sample); !seen[id] {
			seen[id] = true
			out <- m
		}
	}
	open, _ := c.server.streams.state()
	streaming, _ := metricOf(checks.Sample{Name: "vitals_websocket_connections", Value: float64(open)})
	out <- streaming
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc("vitals_uptime_seconds", "Time since Vitals started.", nil, nil),
		prometheus.GaugeValue, time.Since(c.server.started).Seconds())
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc("vitals_build_info", "Which Vitals this is.", []string{"version"}, nil),
		prometheus.GaugeValue, 1, c.server.version)
}

const (
	figuresMaxAge   = 2 * time.Second
	figuresWait     = time.Second // a scrape must not hang with the history
	figuresPatience = 5 * time.Second
)

// figures are the samples about alerts, incidents and messages, the last known
// ones where the history does not answer.
func (s *Server) figures() []checks.Sample {
	state := s.state.Load()
	if state.Figures == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), figuresWait)
	defer cancel()
	samples, _ := state.figures.get(ctx, figuresMaxAge, func(ctx context.Context) ([]checks.Sample, bool) {
		samples, err := state.Figures(ctx)
		if err != nil {
			s.log.Warn("figures of alerts and incidents are not up to date in /metrics", "error", err)
		}
		return samples, err == nil
	})
	return samples
}

// metricOf makes a metric of a sample, and a text that is the same for the
// same series.
func metricOf(s checks.Sample) (prometheus.Metric, string) {
	names := make([]string, 0, len(s.Labels))
	for name := range s.Labels {
		names = append(names, name)
	}
	sort.Strings(names)
	values := make([]string, len(names))
	id := strings.Builder{}
	id.WriteString(s.Name)
	for i, name := range names {
		values[i] = strings.ToValidUTF8(s.Labels[name], "\uFFFD")
		fmt.Fprintf(&id, "\x00%s\x00%s", name, values[i])
	}
	kind := prometheus.GaugeValue
	if report.IsCounter(s.Name) {
		kind = prometheus.CounterValue
	}
	m, err := prometheus.NewConstMetric(prometheus.NewDesc(s.Name, helpOf(s.Name), names, nil), kind, s.Value, values...)
	if err != nil {
		return prometheus.NewInvalidMetric(prometheus.NewDesc(s.Name, helpOf(s.Name), names, nil), err), id.String()
	}
	return m, id.String()
}

// helpOf describes a metric, those first that are this package's own.
func helpOf(name string) string {
	switch name {
	case "vitals_check_last_run_timestamp_seconds":
		return "When the check last ran."
	case "vitals_alerts":
		return "Alerts that are pending or firing, by rule."
	case "vitals_incidents":
		return "Incidents that are not over."
	case "vitals_notifications_total":
		return "What became of the attempts of this process to deliver messages."
	case "vitals_notifications_waiting":
		return "Messages that have not been delivered yet."
	case "vitals_job_last_success_timestamp_seconds":
		return "When the job last ended well."
	case "vitals_websocket_connections":
		return "Open connections to /ws/metrics."
	}
	return report.MetricHelp(name)
}
