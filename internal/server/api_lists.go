package server

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"vitals/checks"
	"vitals/report"
)

// Lists are the checklists and the jobs.
type Lists interface {
	// Checklists names them and their items.
	Checklists(ctx context.Context) (checks.Table, error)
	// Checklist answers the items of one from the newest results and from history;
	// a 404 Refusal for one that there is not.
	Checklist(ctx context.Context, name string) ([]checks.Result, error)
	// Tick keeps a person's answer and returns the item's title.
	Tick(ctx context.Context, item string, r TickRequest) (title string, err error)
	// Jobs are what runs by the clock, or elsewhere, and how it went.
	Jobs(ctx context.Context) (checks.Table, error)
}

// TickRequest is the body that answers an item of a checklist.
type TickRequest struct {
	Status string `json:"status"` // healthy when empty
	Note   string `json:"note"`
	By     string `json:"by"` // api when empty
}

func (s *Server) listChecklists(w http.ResponseWriter, r *http.Request, k Kept) error {
	t, err := k.Checklists(r.Context())
	return s.list(w, r, t, err)
}

func (s *Server) showChecklist(w http.ResponseWriter, r *http.Request, k Kept) error {
	results, err := k.Checklist(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	s.formatted(w, r, func(f report.Format, b *bytes.Buffer, v report.View) error {
		return f.Document(b, report.NewDocument(results, time.Now(), 0), v)
	})
	return nil
}

func (s *Server) tickItem(w http.ResponseWriter, r *http.Request, k Kept) error {
	ask := TickRequest{Status: checks.Healthy.String()}
	if err := decode(w, r, &ask); err != nil {
		return err
	}
	ask.By = actorOf(r, ask.By)
	title, err := k.Tick(r.Context(), r.PathValue("item"), ask)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"schema_version": report.SchemaVersion, "item": r.PathValue("item"), "title": title, "status": ask.Status, "by": ask.By})
	return nil
}

func (s *Server) listJobs(w http.ResponseWriter, r *http.Request, k Kept) error {
	t, err := k.Jobs(r.Context())
	return s.list(w, r, t, err)
}
