package server

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/report"
)

const (
	pushEvery    = 5 * time.Second // the contract's
	pingEvery    = 30 * time.Second
	pushPatience = 5 * time.Second // for a client to take a message or answer a ping
	liveMaxAge   = time.Second     // all clients share what was found out this lately
	livePatience = 800 * time.Millisecond
	maxHeard     = 4 << 10 // bytes; what clients say is not listened to
)

// streams are the WebSocket connections that are open.
type streams struct {
	mu     sync.Mutex
	open   int
	ended  chan struct{} // closed when those that are open now have to end
	closed bool          // for good
	gone   sync.WaitGroup
}

// join counts a connection in; false when the server is about to end.
func (s *streams) join() (ended <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	if s.ended == nil {
		s.ended = make(chan struct{})
	}
	s.open++
	s.gone.Add(1)
	return s.ended, true
}

func (s *streams) leave() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
	s.gone.Done()
}

// end tells all that are open to end, and lets no more in when it is for good.
func (s *streams) end(forGood bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = s.closed || forGood
	if s.ended != nil {
		close(s.ended)
		s.ended = nil
	}
}

func (s *streams) state() (open int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.closed
}

// Close says good-bye to all WebSocket clients and returns when they are gone
// or ctx ends. Every other route goes on.
func (s *Server) Close(ctx context.Context) {
	s.streams.end(true)
	gone := make(chan struct{})
	go func() { defer close(gone); s.streams.gone.Wait() }()
	select {
	case <-gone:
	case <-ctx.Done():
	}
}

// stream is GET /ws/metrics: a message at once, then one every few seconds. Of
// a client that does not take its messages nothing is kept: it is dropped.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	ended, ok := s.streams.join()
	if !ok {
		s.deny(w, http.StatusServiceUnavailable, "vitals is about to end")
		return
	}
	defer s.streams.leave()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{OriginPatterns: state.Origins})
	if err != nil {
		s.log.Debug("no WebSocket was opened", "remote", r.RemoteAddr, "origin", r.Header.Get("Origin"), "error", err)
		return
	}
	defer func() { _ = conn.CloseNow() }() // does nothing after Close
	// The request's own context ends with the handler of a hijacked connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	conn.SetReadLimit(maxHeard)
	go func() { defer cancel(); hear(ctx, conn) }()
	if code, why := s.push(ctx, conn, ended); code != 0 {
		_ = conn.Close(code, why) // a client that does not answer is cut off
	}
}

// hear answers pings and closes, as the protocol wants, until the client goes.
func hear(ctx context.Context, conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
	}
}

// push sends until the client goes or is too slow (0), or has to be told why
// it ends.
func (s *Server) push(ctx context.Context, conn *websocket.Conn, ended <-chan struct{}) (websocket.StatusCode, string) {
	next, ping := time.NewTicker(s.pushEvery), time.NewTicker(pingEvery)
	defer next.Stop()
	defer ping.Stop()
	if s.pushOne(ctx, conn) != nil {
		return 0, ""
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return 0, ""
		case <-ended:
			if _, closed := s.streams.state(); closed {
				return websocket.StatusGoingAway, "vitals ends"
			}
			return websocket.StatusServiceRestart, "the configuration was reloaded: connect again"
		case <-next.C:
			err = s.pushOne(ctx, conn)
		case <-ping.C:
			err = within(ctx, conn.Ping)
		}
		if err != nil {
			return 0, ""
		}
	}
}

func (s *Server) pushOne(ctx context.Context, conn *websocket.Conn) error {
	text, err := s.liveText(ctx)
	if err != nil {
		return err
	}
	return within(ctx, func(ctx context.Context) error { return conn.Write(ctx, websocket.MessageText, text) })
}

func within(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, pushPatience)
	defer cancel()
	return f(ctx)
}

// live is the message of /ws/metrics (contract, section 1).
type live struct {
	Timestamp         time.Time                      `json:"timestamp"`
	ActiveConnections int                            `json:"active_connections"` // WebSocket connections to this server, as in the guide
	MemoryUsage       memoryUsage                    `json:"memory_usage"`       // of the machine, as the memory check last saw it
	ResponseTimes     map[string]report.ResponseTime `json:"response_times"`     // by check; http is the application's own traffic
	ErrorCount        int                            `json:"error_count"`        // unhealthy checks now, and the application's 5xx answers of five minutes
}

// memoryUsage has the names of /health; null is what is not known.
type memoryUsage struct {
	PercentUsed *float64 `json:"percent_used"`
	UsedMB      *float64 `json:"used_mb"`
	AvailableMB *float64 `json:"available_mb"`
	TotalMB     *float64 `json:"total_mb"`
}

func (s *Server) liveText(ctx context.Context) ([]byte, error) {
	state := s.state.Load()
	asking, cancel := context.WithTimeout(ctx, livePatience)
	defer cancel()
	traffic, _ := state.traffic.get(asking, liveMaxAge, func(ctx context.Context) (traffic, bool) { return trafficOf(ctx, state.Query), true })
	results, _ := state.Board.Last()
	m := live{Timestamp: time.Now().In(state.Location).Truncate(time.Millisecond), ResponseTimes: map[string]report.ResponseTime{}}
	m.ActiveConnections, _ = s.streams.state()
	for _, r := range results {
		if r.Status == checks.Unhealthy {
			m.ErrorCount++
		}
		if r.Status != checks.Unknown {
			age := max(0, time.Since(r.Started.Add(r.Duration)))
			m.ResponseTimes[r.Check] = report.ResponseTime{Milliseconds: float64(r.Duration.Microseconds()) / 1000, Age: math.Round(age.Seconds()*1000) / 1000}
		}
		if r.Check == "memory" {
			m.MemoryUsage = memoryOf(r)
		}
	}
	if traffic.mean != nil {
		m.ResponseTimes["http"] = report.ResponseTime{Milliseconds: *traffic.mean}
	}
	if traffic.errors != nil {
		m.ErrorCount += int(math.Round(*traffic.errors))
	}
	return json.Marshal(m)
}

func memoryOf(r checks.Result) memoryUsage {
	mb := func(fact string) *float64 { return factNumber(r, fact, 1<<20) }
	u := memoryUsage{PercentUsed: factNumber(r, "used", 1), AvailableMB: mb("available"), TotalMB: mb("total")}
	if u.TotalMB != nil && u.AvailableMB != nil {
		used := math.Round((*u.TotalMB-*u.AvailableMB)*10) / 10
		u.UsedMB = &used
	}
	return u
}

// factNumber is a fact in a unit of so many, to one decimal; nil where it was
// not measured.
func factNumber(r checks.Result, name string, unit float64) *float64 {
	f, ok := r.Fact(name)
	if !ok {
		return nil
	}
	n, ok := checks.Float(f.Value)
	if !ok {
		return nil
	}
	n = math.Round(n/unit*10) / 10
	return &n
}

// traffic is what history says of the application's requests in the last five
// minutes; nil is what it does not know.
type traffic struct{ mean, errors *float64 }

func trafficOf(ctx context.Context, q Querier) (t traffic) {
	if q == nil {
		return t
	}
	now := time.Now()
	t.mean = single(ctx, q, now, `1000 * sum(rate(http_request_duration_seconds_sum[5m])) / sum(rate(http_request_duration_seconds_count[5m]))`)
	t.errors = single(ctx, q, now, `sum(increase(http_requests_total{status_code=~"5.."}[5m])) or sum(increase(error_total[5m]))`)
	return t
}

// single is the one number that an expression comes to, nil for none.
func single(ctx context.Context, q Querier, at time.Time, expr string) *float64 {
	answer, err := q.Instant(ctx, expr, at)
	if err != nil || answer.Kind != history.Vector || len(answer.Vector) != 1 {
		return nil
	}
	v := answer.Vector[0].Value.Value
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
