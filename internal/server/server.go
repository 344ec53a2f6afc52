// Package server answers Vitals' HTTP routes from a board of checks. It knows
// nothing of commands, files or configuration: whoever starts it hands over a
// State, and may swap it for another while requests are served.
package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"vitals/checks"
	"vitals/report"
)

// State is what the routes answer from. It is swapped whole on a reload.
type State struct {
	Board        *checks.Board
	Location     *time.Location
	HealthMaxAge time.Duration // results younger than this answer /health without a new probe
	Token        checks.Secret // "" closes the admin routes
	Query        Querier       // nil when there is no history to ask
	Kept         Kept          // nil when nothing is kept
	Heart        Heart         // nil when nothing is kept
	Environment  string        // for the pages, such as production
	Origins      []string      // hosts whose pages may open /ws/metrics beside the server's own; patterns of path.Match
	// Emergency gathers the document of /emergency/status, bounded by ctx; nil
	// leaves only the last results.
	Emergency func(ctx context.Context) report.Emergency
	// Page gathers what the status page shows. What does not answer is missing
	// in it, with a note. Nil leaves only the last results.
	Page func(ctx context.Context) report.StatusPage
	// Figures are samples of alerts, incidents and messages for /metrics,
	// bounded by ctx; nil for none.
	Figures func(ctx context.Context) ([]checks.Sample, error)

	emergency *shared[report.Emergency]
	traffic   *shared[traffic]
	page      *shared[rendered]
	figures   *shared[[]checks.Sample]
}

// Options are what a server is made of.
type Options struct {
	State   State
	Log     *slog.Logger // must not be nil
	Started time.Time
	Version string
	Push    time.Duration // between two messages of /ws/metrics; 0 means 5 s
}

// Server serves the routes. It is safe for concurrent use.
type Server struct {
	state   atomic.Pointer[State]
	log     *slog.Logger
	started time.Time
	version string
	routes  http.Handler

	pushEvery time.Duration
	streams   streams
}

// New makes a server. It starts nothing: it is an http.Handler.
func New(o Options) *Server {
	s := &Server{log: o.Log, started: o.Started, version: o.Version, pushEvery: o.Push}
	if s.pushEvery <= 0 {
		s.pushEvery = pushEvery
	}
	s.Swap(o.State)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /livez", s.livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /cache-stats", s.cacheStats)
	mux.Handle("GET /admin/db-pool-status", s.admin(s.poolStatus))
	mux.Handle("GET /metrics", s.metrics())
	mux.HandleFunc("GET /emergency/status", s.emergency)
	mux.HandleFunc("GET /ws/metrics", s.stream)
	mux.HandleFunc("GET /{$}", s.statusPage)
	mux.HandleFunc("GET /incidents/{id}", s.incidentPage)
	mux.Handle("POST /heartbeat/{name}", s.admin(s.heartbeat))
	s.prometheusRoutes(mux)
	s.scriptRoutes(mux)
	s.routes = mux
	return s
}

// Swap replaces the state for all requests that begin from now on. WebSocket
// clients are told to connect again.
func (s *Server) Swap(state State) {
	if state.Location == nil {
		state.Location = time.Local
	}
	state.emergency = &shared[report.Emergency]{patience: 2 * time.Second}
	state.traffic = &shared[traffic]{patience: livePatience}
	state.page = &shared[rendered]{patience: pagePatience}
	state.figures = &shared[[]checks.Sample]{patience: figuresPatience}
	s.state.Store(&state)
	s.streams.end(false)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	defer s.recovered(w, r)
	s.routes.ServeHTTP(w, r)
}

// recovered keeps one broken handler from ending the connection without a
// word in the log.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	s.log.Error("request handler broke", "path", r.URL.Path, "panic", v)
	http.Error(w, `{"error": "internal fault"}`, http.StatusInternalServerError)
}

// admin lets only requests with the bearer token through. No token configured
// means closed, not open.
func (s *Server) admin(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := s.state.Load().Token
		if token == "" {
			s.deny(w, http.StatusForbidden, "closed: no serve.token is configured")
			return
		}
		if !bearerMatches(r.Header.Get("Authorization"), token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="vitals"`)
			s.deny(w, http.StatusUnauthorized, "a bearer token is required")
			return
		}
		next(w, r)
	})
}

// bearerMatches compares digests, so that neither the length nor the first
// differing byte of the token shows in the time it takes.
func bearerMatches(header string, token checks.Secret) bool {
	scheme, given, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	want, have := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

func (s *Server) deny(w http.ResponseWriter, code int, why string) {
	writeJSON(w, code, map[string]string{"error": why})
}
