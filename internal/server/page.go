package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"vitals/report"
)

const (
	// pageMaxAge is how old the status page may be that everybody shares.
	pageMaxAge = time.Second
	// pageWait is how long a reader waits for the first one, and pageRenew for a
	// newer one than there is: a page a few seconds old now is better.
	pageWait  = 3 * time.Second
	pageRenew = 400 * time.Millisecond
	// pagePatience is how long making one may take.
	pagePatience = 5 * time.Second
)

// rendered is a page as it goes out.
type rendered struct {
	html, zipped []byte
}

// statusPage is GET /: made once a second at most, however many ask. A history
// that hangs leaves the page of a moment ago, or one of the last results alone.
func (s *Server) statusPage(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	wait := pageWait
	if state.page.known() {
		wait = pageRenew
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	page, made := state.page.get(ctx, pageMaxAge, func(ctx context.Context) (rendered, bool) {
		page, err := s.renderStatus(state, s.pageData(ctx, state))
		if err != nil {
			s.log.Error("the status page could not be made", "error", err)
		}
		return page, err == nil
	})
	if age := time.Since(made); made.IsZero() || age > 2*pagePatience {
		data := s.boardPage(state)
		data.Notes = append(data.Notes, "The history does not answer: only the last results of the checks are shown.")
		var err error
		if page, err = s.renderStatus(state, data); err != nil {
			s.fault(w, r, err)
			return
		}
	}
	s.sendPage(w, r, http.StatusOK, page)
}

func (s *Server) pageData(ctx context.Context, state *State) report.StatusPage {
	if state.Page == nil {
		return s.boardPage(state)
	}
	return state.Page(ctx)
}

// boardPage is the page of the last results alone.
func (s *Server) boardPage(state *State) report.StatusPage {
	results, missing := state.Board.Last()
	p := report.StatusPage{Version: s.version, Now: time.Now(), Missing: missing}
	for _, r := range results {
		p.Checks = append(p.Checks, report.PageCheck{Result: r})
	}
	return p
}

func (s *Server) renderStatus(state *State, data report.StatusPage) (rendered, error) {
	var body bytes.Buffer
	if err := report.WriteStatusPage(&body, data, report.View{Location: state.Location}); err != nil {
		return rendered{}, err
	}
	return zip(body.Bytes())
}

func zip(html []byte) (rendered, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(html)
	err = errors.Join(err, z.Close())
	return rendered{html, packed.Bytes()}, err
}

// incidentPage is GET /incidents/{id}.
func (s *Server) incidentPage(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	if state.Kept == nil {
		s.missingPage(w, r, http.StatusServiceUnavailable, "Nothing is kept in history, so there are no incidents")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageWait)
	defer cancel()
	i, timeline, err := state.Kept.Incident(ctx, r.PathValue("id"))
	if _, refused := errors.AsType[*Refusal](err); refused {
		s.missingPage(w, r, http.StatusNotFound, "There is no such incident")
		return
	}
	if err != nil {
		s.log.Error("history could not answer", "path", r.URL.Path, "error", err)
		s.missingPage(w, r, http.StatusServiceUnavailable, "The history does not answer at the moment")
		return
	}
	var body bytes.Buffer
	page := report.IncidentPage{Version: s.version, Environment: state.Environment, Now: time.Now(), Incident: i, Timeline: timeline}
	if err := report.WriteIncidentPage(&body, page, report.View{Location: state.Location}); err != nil {
		s.fault(w, r, err)
		return
	}
	s.sendPage(w, r, http.StatusOK, rendered{html: body.Bytes()})
}

func (s *Server) missingPage(w http.ResponseWriter, r *http.Request, code int, what string) {
	var body bytes.Buffer
	if err := report.WriteMissingPage(&body, what); err != nil {
		s.fault(w, r, err)
		return
	}
	s.sendPage(w, r, code, rendered{html: body.Bytes()})
}

func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, code int, page rendered) {
	policy, err := report.PagePolicy()
	if err != nil {
		s.fault(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Encoding")
	body := page.html
	if page.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = page.zipped
	}
	send(w, code, "text/html; charset=utf-8", body)
}
