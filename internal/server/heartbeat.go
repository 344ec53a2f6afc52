package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Beat is what a heartbeat says.
type Beat struct {
	Name    string
	State   string        // start, success or fail
	Summary string        // one line; "" for nothing to say
	Every   time.Duration // how often it is expected to succeed; 0 where it does not say
	Slack   time.Duration // how much later than expected it may come; 0 for the default
	Most    time.Duration // how long it may take; 0 where it does not say
}

// Heart keeps heartbeats.
type Heart interface {
	// Beat keeps one. It fails when history cannot be used.
	Beat(ctx context.Context, b Beat) error
	// ParseDuration reads a length of time as the configuration does.
	ParseDuration(text string) (time.Duration, error)
}

// maxBeat bounds what a heartbeat may say, in bytes.
const maxBeat = 4 << 10

// heartbeat is POST /heartbeat/{name}: for what cannot be wrapped by vitals
// run. The state, the expectations and a summary come as parameters of the
// address or of a form.
func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) {
	heart := s.state.Load().Heart
	if heart == nil {
		s.deny(w, http.StatusServiceUnavailable, "history is turned off")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBeat)
	if err := r.ParseForm(); err != nil {
		s.deny(w, http.StatusBadRequest, "the form cannot be read: "+err.Error())
		return
	}
	b, err := readBeat(r.PathValue("name"), r.Form, heart)
	if err != nil {
		s.deny(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := heart.Beat(r.Context(), b); err != nil {
		s.log.Error("a heartbeat was not kept", "job", b.Name, "error", err)
		s.deny(w, http.StatusServiceUnavailable, "the heartbeat could not be kept: send it again")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"heartbeat": b.Name, "state": b.State})
}

func readBeat(name string, form url.Values, heart Heart) (Beat, error) {
	b := Beat{Name: strings.TrimSpace(name), State: form.Get("state"), Summary: form.Get("summary")}
	if b.Name == "" || len(b.Name) > 200 {
		return b, errors.New("the name must have 1 to 200 characters")
	}
	switch b.State {
	case "":
		b.State = "success"
	case "start", "success", "fail":
	default:
		return b, errors.New("state must be start, success or fail")
	}
	for key, target := range map[string]*time.Duration{"every": &b.Every, "slack": &b.Slack, "max_duration": &b.Most} {
		text := form.Get(key)
		if text == "" {
			continue
		}
		d, err := heart.ParseDuration(text)
		if err != nil {
			return b, errors.New(key + ": " + err.Error())
		}
		if d < 0 {
			return b, errors.New(key + " must not be negative")
		}
		*target = d
	}
	return b, nil
}
