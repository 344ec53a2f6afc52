package demo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// app is the platform's HTTP application.
type app struct {
	data     *store
	cache    *cache
	now      func() time.Time
	log      *slog.Logger
	listener net.Listener
	server   *http.Server
	served   chan error
	metrics  *metrics
	recent   recent
	slow     atomic.Bool // every answer takes slowness
	failing  atomic.Bool // a part of the answers is 500
	ballast  []byte      // memory held on purpose
	mu       sync.Mutex  // guards ballast and logFile's order of lines
	logFile  *os.File
}

// slowness is how long an answer takes while "slow" is broken: beyond the two
// seconds above which a request counts as slow.
const slowness = 2500 * time.Millisecond

func newApp(data *store, c *cache, dir string, now func() time.Time, log *slog.Logger) (*app, error) {
	a := &app{data: data, cache: c, now: now, log: log, metrics: newMetrics(), served: make(chan error, 1)}
	for _, folder := range []string{"uploads", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "uploads", "poster.svg"), []byte(poster), 0o600); err != nil {
		return nil, err
	}
	var err error
	if a.logFile, err = os.OpenFile(filepath.Join(dir, "logs", "access.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if a.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		a.logFile.Close()
		return nil, err
	}
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	go func() { a.served <- a.server.Serve(a.listener) }()
	return a, nil
}

const poster = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4"/></svg>`

func (a *app) url() string { return "http://" + a.listener.Addr().String() }

// setBallast takes memory and touches it, or lets it go.
func (a *app) setBallast(hold bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ballast = nil
	if !hold {
		return
	}
	a.ballast = make([]byte, ballastSize)
	for i := 0; i < len(a.ballast); i += 4096 {
		a.ballast[i] = 1
	}
}

func (a *app) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err := a.server.Shutdown(ctx)
	if err != nil {
		_ = a.server.Close() // what is still under way is cut off
		err = nil
	}
	if served := <-a.served; !errors.Is(served, http.ErrServerClosed) {
		err = served
	}
	return errors.Join(err, a.logFile.Close())
}

// line is the request line of the platform's log.
type line struct {
	Event      string `json:"event"`
	Method     string `json:"method"`
	Path       string `json:"path"`
	Status     int    `json:"status_code"`
	DurationMS int64  `json:"duration_ms"`
	Client     string `json:"client_ip"`
	Agent      string `json:"user_agent"`
	Time       string `json:"timestamp"`
}

func (a *app) writeLine(r *http.Request, status int, took time.Duration) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	text, err := json.Marshal(line{
		Event: "api_request", Method: r.Method, Path: r.URL.Path, Status: status, DurationMS: took.Milliseconds(),
		Client: host, Agent: r.UserAgent(), Time: a.now().Format(time.RFC3339),
	})
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.logFile.Write(append(text, '\n')); err != nil {
		a.log.Warn("request line not written", "error", err)
	}
}
