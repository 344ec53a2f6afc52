package demo

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the platform's own, under the guide's names.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests answered."}, []string{"method", "endpoint", "status_code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Time to answer."}, []string{"method", "endpoint"}),
	}
	m.registry.MustRegister(m.requests, m.duration)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) observe(method, endpoint string, code int, took time.Duration) {
	m.requests.WithLabelValues(method, endpoint, strconv.Itoa(code)).Inc()
	m.duration.WithLabelValues(method, endpoint).Observe(took.Seconds())
}

// endpointOf turns a route's pattern into a template: GET /api/events/{id} →
// /api/events/:id.
func endpointOf(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	return strings.NewReplacer("{$}", "", "{", ":", "}", "").Replace(path)
}

// recent remembers how the last requests ended.
type recent struct {
	mu   sync.Mutex
	bad  [40]bool
	next int
	seen int
}

func (r *recent) add(failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad[r.next] = failed
	r.next = (r.next + 1) % len(r.bad)
	r.seen = min(r.seen+1, len(r.bad))
}

func (r *recent) errorPercent() (requests int, percent float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed := 0
	for _, bad := range r.bad[:r.seen] {
		if bad {
			failed++
		}
	}
	if r.seen == 0 {
		return 0, 0
	}
	return r.seen, float64(failed) * 100 / float64(r.seen)
}
