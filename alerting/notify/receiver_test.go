package notify_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/alerting/notify"
)

// received is one request as a receiver saw it.
type received struct {
	Path   string
	Query  string
	Header http.Header
	Body   string
}

// receiver records what it is sent and answers as it is told to.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	all []received
}

// newReceiver starts one. Without an answer it says 200.
func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r.handler(t, answer))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) handler(t *testing.T, answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Errorf("reading what was sent: %v", err)
		}
		r.mu.Lock()
		r.all = append(r.all, received{req.URL.Path, req.URL.RawQuery, req.Header, string(body)})
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	})
}

func (r *receiver) got(t *testing.T) []received {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.all...)
}

// one returns the only request.
func (r *receiver) one(t *testing.T) received {
	t.Helper()
	all := r.got(t)
	if len(all) != 1 {
		t.Fatalf("received %d requests, want 1", len(all))
	}
	return all[0]
}

// The ways to misbehave.

func answers(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func closesEarly(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

func repeatsItAll(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, "no: %s %v", r.URL, r.Header)
}

func sendsForever(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		chunk := strings.Repeat("too much ", 1000)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
}

func dripsSlowly(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, "wait for it")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

var written = time.Date(2026, 11, 23, 3, 4, 5, 0, time.UTC)

// aMessage is one with everything in it.
func aMessage() notify.Message {
	began := written.Add(-10 * time.Minute)
	return notify.Message{
		Key: "4f2a/firing/mkz3/team", Group: "incident-17", Kind: notify.Firing, Severity: "critical",
		Title: "Payments fail: 12.5 % <script> & *more*", Text: "12.5 % of payments failed in 15 min.\nThe limit is 10 %. @everyone",
		Labels:      map[string]string{"alertname": "payment_failure_rate", "env": "production"},
		Annotations: map[string]string{"summary": "payments fail"},
		Runbook:     "https://runbooks.example.com/payments", Link: "https://vitals.example.com/incidents/17",
		At: written, StartedAt: began,
		Alerts: []alerting.Alert{{
			ID: "4f2a", Rule: "payment_failure_rate", Severity: "critical", Phase: alerting.Firing,
			Labels:      map[string]string{"alertname": "payment_failure_rate", "severity": "critical", "env": "production"},
			Annotations: map[string]string{"summary": "payments fail"}, Runbook: "https://runbooks.example.com/payments",
			Value: 12.5, ActiveAt: began, FiredAt: written,
		}},
	}
}

// resolved is the message that ends aMessage.
func resolved() notify.Message {
	m := aMessage()
	m.Key, m.Kind, m.Title, m.EndedAt = "4f2a/resolved/mkz9/team", notify.Resolved, "Resolved: payments", written
	m.Alerts[0].Phase, m.Alerts[0].ResolvedAt = alerting.Resolved, written
	return m
}

// channel makes the channel of options that have no problems.
func channel(t *testing.T, o notify.Options) notify.Channel {
	t.Helper()
	if found := o.Problems(); found != nil {
		t.Fatalf("problems: %v", found)
	}
	return o.Channel(notify.Outlets{})
}

// options returns the defaults of a kind, named.
func options[T notify.Options](t *testing.T, kind string) T {
	t.Helper()
	for _, k := range notify.Kinds() {
		if k.Name == kind {
			return k.New().(T)
		}
	}
	t.Fatalf("no kind %s", kind)
	panic("not reached")
}

// failure returns the *notify.Error that sending gave.
func failure(t *testing.T, err error) *notify.Error {
	t.Helper()
	e, ok := errors.AsType[*notify.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a *notify.Error", err, err)
	}
	return e
}

// golden compares with a file in testdata; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("%s differs (UPDATE=1 writes it):\n%s", file, got)
	}
}
