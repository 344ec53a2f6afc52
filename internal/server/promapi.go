package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"vitals/internal/history"
)

// Querier answers PromQL from the history, for Prometheus' HTTP interface.
type Querier interface {
	Instant(ctx context.Context, expr string, at time.Time) (history.Answer, error)
	Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (history.Answer, error)
	Catalogue
}

// Catalogue tells which series there are.
type Catalogue interface {
	Series(ctx context.Context, selectors []string, from, to time.Time) ([]map[string]string, error)
	LabelNames(ctx context.Context, selectors []string, from, to time.Time) ([]string, error)
	LabelValues(ctx context.Context, name string, selectors []string, from, to time.Time) ([]string, error)
}

// prometheusRoutes are those of Prometheus' HTTP API that Grafana and others
// need of a data source. They only read.
func (s *Server) prometheusRoutes(mux *http.ServeMux) {
	for path, h := range map[string]apiHandler{
		"/api/v1/query":               (*Server).apiQuery,
		"/api/v1/query_range":         (*Server).apiQueryRange,
		"/api/v1/series":              (*Server).apiSeries,
		"/api/v1/labels":              (*Server).apiLabels,
		"/api/v1/label/{name}/values": (*Server).apiLabelValues,
		"/api/v1/metadata":            (*Server).apiMetadata,
		"/api/v1/status/buildinfo":    (*Server).apiBuildInfo,
	} {
		mux.Handle("GET "+path, s.api(h))
		mux.Handle("POST "+path, s.api(h))
	}
}

// apiHandler makes the data of one answer.
type apiHandler func(*Server, *http.Request, Querier) (any, error)

// badData is a parameter that cannot be used.
type badData struct{ err error }

func (b *badData) Error() string { return b.err.Error() }

// api wraps a handler in Prometheus' envelope and its error types.
func (s *Server) api(h apiHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := s.state.Load().Query
		if q == nil {
			apiError(w, http.StatusServiceUnavailable, "unavailable", errors.New("history is turned off"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		data, err := h(s, r, q)
		var wrong *history.ExpressionError
		var bad *badData
		switch {
		case err == nil:
			writeJSON(w, http.StatusOK, map[string]any{"status": "success", "data": data})
		case errors.As(err, &bad), errors.As(err, &wrong) && wrong.Line > 0:
			apiError(w, http.StatusBadRequest, "bad_data", err)
		case errors.Is(err, context.DeadlineExceeded):
			apiError(w, http.StatusServiceUnavailable, "timeout", err)
		case errors.As(err, &wrong):
			apiError(w, http.StatusUnprocessableEntity, "execution", err)
		default:
			s.log.Error("query failed", "path", r.URL.Path, "error", err)
			apiError(w, http.StatusInternalServerError, "internal", err)
		}
	})
}

func apiError(w http.ResponseWriter, code int, kind string, err error) {
	writeJSON(w, code, map[string]string{"status": "error", "errorType": kind, "error": err.Error()})
}

func (s *Server) apiQuery(r *http.Request, q Querier) (any, error) {
	at, err := timeParam(r, "time", time.Now())
	if err != nil {
		return nil, err
	}
	answer, err := q.Instant(r.Context(), r.FormValue("query"), at)
	return apiAnswer(answer), err
}

// maxPoints is Prometheus' own bound on the points of one series.
const maxPoints = 11000

func (s *Server) apiQueryRange(r *http.Request, q Querier) (any, error) {
	from, err := timeParam(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	to, err := timeParam(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	step, err := stepParam(r)
	if err != nil {
		return nil, err
	}
	switch {
	case to.Before(from):
		return nil, &badData{errors.New("end lies before start")}
	case to.Sub(from)/step > maxPoints:
		return nil, &badData{fmt.Errorf("more than %d points for a series: use a longer step or a shorter range", maxPoints)}
	}
	answer, err := q.Range(r.Context(), r.FormValue("query"), from, to, step)
	return apiAnswer(answer), err
}

func (s *Server) apiSeries(r *http.Request, q Querier) (any, error) {
	from, to, err := span(r)
	if err != nil {
		return nil, err
	}
	selectors := r.Form["match[]"]
	if len(selectors) == 0 {
		return nil, &badData{errors.New("no match[] parameter")}
	}
	found, err := q.Series(r.Context(), selectors, from, to)
	return emptyNotNull(found), err
}

func (s *Server) apiLabels(r *http.Request, q Querier) (any, error) {
	from, to, err := span(r)
	if err != nil {
		return nil, err
	}
	names, err := q.LabelNames(r.Context(), r.Form["match[]"], from, to)
	return emptyNotNull(names), err
}

func (s *Server) apiLabelValues(r *http.Request, q Querier) (any, error) {
	from, to, err := span(r)
	if err != nil {
		return nil, err
	}
	values, err := q.LabelValues(r.Context(), r.PathValue("name"), r.Form["match[]"], from, to)
	return emptyNotNull(values), err
}

// apiMetadata has nothing to say of any metric, in the form Grafana expects.
func (s *Server) apiMetadata(*http.Request, Querier) (any, error) {
	return map[string]any{}, nil
}

// apiBuildInfo is how Grafana finds out what it speaks with. The version is of
// the language's engine, by which clients choose what they may ask.
func (s *Server) apiBuildInfo(*http.Request, Querier) (any, error) {
	return map[string]string{"version": "3.0.0", "revision": s.version, "branch": "vitals", "goVersion": "", "buildUser": "", "buildDate": ""}, nil
}

func emptyNotNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// span reads start and end of the catalogue routes; all of time by default.
func span(r *http.Request) (from, to time.Time, err error) {
	if err := r.ParseForm(); err != nil {
		return from, to, &badData{err}
	}
	if from, err = timeParam(r, "start", time.UnixMilli(0)); err != nil {
		return from, to, err
	}
	to, err = timeParam(r, "end", time.Now())
	return from, to, err
}

// timeParam reads a moment in Unix seconds or RFC 3339. A zero default means
// that the parameter must be there.
func timeParam(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		if otherwise.IsZero() {
			return otherwise, &badData{fmt.Errorf("no %s parameter", name)}
		}
		return otherwise, nil
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(s) < 1e12 {
		return time.UnixMilli(int64(math.Round(s * 1000))), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, &badData{fmt.Errorf("%s=%q is no moment: use Unix seconds or RFC 3339", name, text)}
	}
	return t, nil
}

// stepParam reads seconds, or a duration such as 15s.
func stepParam(r *http.Request) (time.Duration, error) {
	text := r.FormValue("step")
	step := time.Duration(0)
	if s, err := strconv.ParseFloat(text, 64); err == nil && s < 1e9 {
		step = time.Duration(s * float64(time.Second))
	} else if d, err := time.ParseDuration(text); err == nil {
		step = d
	}
	if step < time.Millisecond {
		return 0, &badData{fmt.Errorf("step=%q: use seconds or a duration such as 15s, longer than nothing", text)}
	}
	return step, nil
}
