package server

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"vitals/alerting"
	"vitals/report"
)

// apiActor is who changes something by a request that does not say.
const apiActor = "api"

// actorOf is who asks: the body's by, the query's, or api.
func actorOf(r *http.Request, by string) string {
	if by == "" {
		by = r.URL.Query().Get("by")
	}
	if by = strings.TrimSpace(report.Clean(by)); by == "" {
		return apiActor
	}
	return by
}

func (s *Server) showIncident(w http.ResponseWriter, r *http.Request, k Kept) error {
	i, timeline, err := k.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.incident(w, r, http.StatusOK, i, timeline)
	return nil
}

func (s *Server) openIncident(w http.ResponseWriter, r *http.Request, k Kept) error {
	ask := IncidentRequest{Type: "manual", Severity: "warning"}
	if err := decode(w, r, &ask); err != nil {
		return err
	}
	ask.By = actorOf(r, ask.By)
	i, err := k.OpenIncident(r.Context(), ask)
	if err != nil {
		return err
	}
	_, timeline, err := k.Incident(r.Context(), i.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/incidents/"+i.ID)
	s.incident(w, r, http.StatusCreated, i, timeline)
	return nil
}

func (s *Server) changeIncident(w http.ResponseWriter, r *http.Request, k Kept) error {
	verb := r.PathValue("verb")
	if known := []string{"ack", "note", "resolve", "reopen", "close"}; !slices.Contains(known, verb) {
		return &Refusal{http.StatusNotFound, "an incident cannot be told to " + verb + ": there are " + strings.Join(known, ", ")}
	}
	var ask ChangeRequest
	if err := decode(w, r, &ask); err != nil {
		return err
	}
	ask.By = actorOf(r, ask.By)
	i, err := k.ChangeIncident(r.Context(), r.PathValue("id"), verb, ask)
	if err != nil {
		return err
	}
	_, timeline, err := k.Incident(r.Context(), i.ID)
	if err != nil {
		return err
	}
	s.incident(w, r, http.StatusOK, i, timeline)
	return nil
}

func (s *Server) addSilence(w http.ResponseWriter, r *http.Request, k Kept) error {
	var ask SilenceRequest
	if err := decode(w, r, &ask); err != nil {
		return err
	}
	ask.By = actorOf(r, ask.By)
	made, err := k.AddSilence(r.Context(), ask)
	if err != nil {
		return err
	}
	return s.silence(w, http.StatusCreated, made)
}

func (s *Server) endSilence(w http.ResponseWriter, r *http.Request, k Kept) error {
	ended, err := k.EndSilence(r.Context(), r.PathValue("id"), actorOf(r, ""))
	if err != nil {
		return err
	}
	return s.silence(w, http.StatusOK, ended)
}

func (s *Server) silence(w http.ResponseWriter, code int, one alerting.Silence) error {
	zone := s.state.Load().Location
	writeJSON(w, code, map[string]any{"schema_version": report.SchemaVersion, "silence": map[string]any{
		"id": one.ID, "matchers": one.Matchers, "from": one.From.In(zone), "until": one.Until.In(zone), "by": one.By, "why": one.Why,
	}})
	return nil
}

// incident answers with the contract's record of an incident and its timeline.
func (s *Server) incident(w http.ResponseWriter, r *http.Request, code int, i alerting.Incident, timeline []alerting.Entry) {
	var body bytes.Buffer
	if err := report.WriteIncidentJSON(&body, i, timeline, report.View{Location: s.state.Load().Location}); err != nil {
		s.fault(w, r, err)
		return
	}
	send(w, code, "application/json", body.Bytes())
}
