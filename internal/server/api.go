package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitals/checks"
	"vitals/report"
)

// apiPatience bounds what a route may ask of the history.
const apiPatience = 10 * time.Second

// scriptRoutes are what the commands do, for scripts. What changes something
// needs the token.
func (s *Server) scriptRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/checks", s.listChecks)
	mux.Handle("GET /api/checks/{name}/history", s.kept(s.checkHistory))
	mux.Handle("GET /api/incidents", s.kept(s.listIncidents))
	mux.Handle("GET /api/incidents/{id}", s.kept(s.showIncident))
	mux.Handle("GET /api/alerts", s.kept(s.listAlerts))
	mux.Handle("GET /api/alerts/history", s.kept(s.alertHistory))
	mux.Handle("GET /api/silences", s.kept(s.listSilences))
	mux.Handle("GET /api/checklists", s.kept(s.listChecklists))
	mux.Handle("GET /api/checklists/{name}", s.kept(s.showChecklist))
	mux.Handle("POST /api/checklists/items/{item}", s.admin(s.kept(s.tickItem).ServeHTTP))
	mux.Handle("GET /api/jobs", s.kept(s.listJobs))
	mux.Handle("POST /api/incidents", s.admin(s.kept(s.openIncident).ServeHTTP))
	mux.Handle("POST /api/incidents/{id}/{verb}", s.admin(s.kept(s.changeIncident).ServeHTTP))
	mux.Handle("POST /api/silences", s.admin(s.kept(s.addSilence).ServeHTTP))
	mux.Handle("DELETE /api/silences/{id}", s.admin(s.kept(s.endSilence).ServeHTTP))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.deny(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s: see docs/serve.md", r.Method, report.Clean(r.URL.Path)))
	})
}

// keptHandler answers from the history, or fails.
type keptHandler func(http.ResponseWriter, *http.Request, Kept) error

// kept hands a handler the history, and turns its error into an answer.
func (s *Server) kept(h keptHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := s.state.Load().Kept
		if kept == nil {
			s.deny(w, http.StatusServiceUnavailable, "history is turned off, so nothing is kept to be shown or changed")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
		defer cancel()
		err := h(w, r.WithContext(ctx), kept)
		if err == nil || r.Context().Err() != nil {
			return
		}
		if refused, ok := errors.AsType[*Refusal](err); ok {
			s.deny(w, refused.Code, report.Clean(refused.Why))
			return
		}
		s.log.Error("history could not answer", "method", r.Method, "path", r.URL.Path, "error", err)
		s.deny(w, http.StatusServiceUnavailable, "the history did not answer: see the log of Vitals")
	})
}

// listChecks shows the last results; it runs nothing.
func (s *Server) listChecks(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	results, _ := state.Board.Last()
	s.formatted(w, r, func(f report.Format, b *bytes.Buffer, v report.View) error {
		return f.Document(b, report.NewDocument(results, time.Now(), 0), v)
	})
}

func (s *Server) checkHistory(w http.ResponseWriter, r *http.Request, k Kept) error {
	most, err := limitParam(r)
	if err != nil {
		return err
	}
	t, err := k.CheckHistory(r.Context(), r.PathValue("name"), most)
	return s.list(w, r, t, err)
}

func (s *Server) listIncidents(w http.ResponseWriter, r *http.Request, k Kept) error {
	since, err := sinceParam(r, 30*24*time.Hour)
	if err != nil {
		return err
	}
	open, err := boolParam(r, "open")
	if err != nil {
		return err
	}
	t, err := k.ListIncidents(r.Context(), since, open)
	return s.list(w, r, t, err)
}

func (s *Server) listAlerts(w http.ResponseWriter, r *http.Request, k Kept) error {
	t, err := k.ActiveAlerts(r.Context())
	return s.list(w, r, t, err)
}

func (s *Server) alertHistory(w http.ResponseWriter, r *http.Request, k Kept) error {
	since, err := sinceParam(r, 24*time.Hour)
	if err != nil {
		return err
	}
	most, err := limitParam(r)
	if err != nil {
		return err
	}
	t, err := k.AlertHistory(r.Context(), since, most)
	return s.list(w, r, t, err)
}

func (s *Server) listSilences(w http.ResponseWriter, r *http.Request, k Kept) error {
	t, err := k.ListSilences(r.Context())
	return s.list(w, r, t, err)
}

// list answers with a list as the commands' -o json prints it.
func (s *Server) list(w http.ResponseWriter, r *http.Request, t checks.Table, err error) error {
	if err != nil {
		return err
	}
	s.formatted(w, r, func(f report.Format, b *bytes.Buffer, v report.View) error { return f.List(b, t, v) })
	return nil
}

func (s *Server) formatted(w http.ResponseWriter, r *http.Request, write func(report.Format, *bytes.Buffer, report.View) error) {
	var body bytes.Buffer
	f, err := report.Lookup("json")
	if err == nil {
		err = write(f, &body, report.View{Location: s.state.Load().Location})
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	send(w, http.StatusOK, "application/json", body.Bytes())
}

// mostRows is how many rows a list gives at most.
const mostRows = 10000

// limitParam reads how many rows are wanted, 100 by default.
func limitParam(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostRows {
		return 0, &Refusal{http.StatusBadRequest, fmt.Sprintf("limit=%q: use a number from 1 to %d", text, mostRows)}
	}
	return n, nil
}

func boolParam(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, &Refusal{http.StatusBadRequest, fmt.Sprintf("%s=%q: use 1 or 0", name, text)}
	}
	return b, nil
}

// sinceParam reads how far back to go: 12h, 30d.
func sinceParam(r *http.Request, otherwise time.Duration) (time.Duration, error) {
	text := r.URL.Query().Get("since")
	if text == "" {
		return otherwise, nil
	}
	d, ok := parseAge(text)
	if !ok {
		return 0, &Refusal{http.StatusBadRequest, fmt.Sprintf("since=%q: use a length of time such as 12h or 30d", text)}
	}
	return d, nil
}

// parseAge reads a positive length of time, whole days included.
func parseAge(text string) (time.Duration, bool) {
	if days, ok := cutDays(text); ok {
		return time.Duration(days) * 24 * time.Hour, days > 0 && days < 36500
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

func cutDays(text string) (int, bool) {
	if len(text) < 2 || text[len(text)-1] != 'd' {
		return 0, false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	return n, err == nil
}
