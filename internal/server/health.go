package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
	"vitals/report"
)

// health is the document of contract section 1: 200 while healthy or degraded,
// 503 when unhealthy.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	started := time.Now()
	results := state.Board.All(r.Context(), state.HealthMaxAge)
	doc := report.NewDocument(results, started, time.Since(started))
	info := report.HealthInfo{Uptime: time.Since(s.started), Version: s.version}
	view := report.View{Location: state.Location}

	var body bytes.Buffer
	write, contentType := report.WriteHealth, "application/json"
	if wantsIETF(r) {
		write, contentType = report.WriteHealthIETF, "application/health+json"
	}
	if err := write(&body, doc, info, view); err != nil {
		s.fault(w, r, err)
		return
	}
	code := http.StatusOK
	if doc.Status == checks.Unhealthy {
		code = http.StatusServiceUnavailable
	}
	w.Header().Set("Vary", "Accept")
	send(w, code, contentType, body.Bytes())
}

// wantsIETF tells whether the client asked for the health-check draft's form.
func wantsIETF(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/health+json")
}

// livez says that the process is alive and touches nothing outside: a
// supervisor that restarts Vitals because the database is down helps nobody.
func (s *Server) livez(w http.ResponseWriter, _ *http.Request) {
	send(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

// readyz is 200 once every check has answered and while no critical one fails.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	results, missing := s.state.Load().Board.Last()
	var failing []string
	for _, r := range results {
		if r.Critical && r.Status == checks.Unhealthy {
			failing = append(failing, r.Check)
		}
	}
	switch {
	case len(missing) > 0:
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "waiting_for": missing})
	case len(failing) > 0:
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "failing": failing})
	default:
		writeJSON(w, http.StatusOK, map[string]any{"ready": true})
	}
}

// cacheStats and poolStatus answer from one check each.
func (s *Server) cacheStats(w http.ResponseWriter, r *http.Request) {
	s.fromCheck(w, r, "redis", report.CacheStats)
}

func (s *Server) poolStatus(w http.ResponseWriter, r *http.Request) {
	s.fromCheck(w, r, "database.pool", report.PoolStatus)
}

func (s *Server) fromCheck(w http.ResponseWriter, r *http.Request, check string, render func(checks.Result) any) {
	state := s.state.Load()
	res, ok := state.Board.Get(r.Context(), check, state.HealthMaxAge)
	if !ok {
		s.deny(w, http.StatusNotFound, "the check "+check+" is not configured")
		return
	}
	if res.Status == checks.Unhealthy || res.Status == checks.Unknown {
		s.deny(w, http.StatusServiceUnavailable, report.Clean(res.Summary))
		return
	}
	writeJSON(w, http.StatusOK, render(res))
}

func (s *Server) fault(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == context.Canceled {
		return
	}
	s.log.Error("answer could not be made", "path", r.URL.Path, "error", err)
	s.deny(w, http.StatusInternalServerError, "internal fault: see the log of Vitals")
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		// Only values this package makes come here; one that cannot be
		// encoded is a fault of ours, shown as such.
		code, body = http.StatusInternalServerError, []byte(`{"error": "internal fault"}`)
	}
	send(w, code, "application/json", append(body, '\n'))
}

func send(w http.ResponseWriter, code int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that went away is its own affair
}
