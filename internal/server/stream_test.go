package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/internal/server"
)

// traffic is a history that knows only the application's requests.
type traffic struct {
	server.Catalogue
	asked atomic.Int64
}

func (q *traffic) Instant(_ context.Context, expr string, at time.Time) (history.Answer, error) {
	q.asked.Add(1)
	v := 120.0
	if strings.Contains(expr, "increase") {
		v = 6.7
	}
	return history.Answer{Kind: history.Vector, Vector: []history.Element{{Value: history.Value{Time: at, Value: v}}}}, nil
}

func (q *traffic) Range(context.Context, string, time.Time, time.Time, time.Duration) (history.Answer, error) {
	return history.Answer{}, errors.New("not asked for")
}

func dial(t *testing.T, base string, o *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	c, res, err := websocket.Dial(t.Context(), strings.Replace(base, "http", "ws", 1)+"/ws/metrics", o)
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, res, err
}

func streamState(t *testing.T) server.State {
	memory := checks.OK("fine", checks.Bytes("total", 8<<30), checks.Bytes("available", 6<<30), checks.Percent("used", 25))
	return server.State{Board: board(t, always("memory", memory), always("database", checks.Fail("down", nil))), Query: &traffic{}}
}

func TestMetricsAreStreamed(t *testing.T) {
	_, base := start(t, streamState(t))
	began := time.Now()
	c, _, err := dial(t, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		kind, text, err := c.Read(t.Context())
		if err != nil || kind != websocket.MessageText {
			t.Fatal(n, kind, err)
		}
		if n == 0 && time.Since(began) > time.Second {
			t.Error("the first message is late:", time.Since(began))
		}
		var m struct {
			Timestamp         time.Time                     `json:"timestamp"`
			ActiveConnections int                           `json:"active_connections"`
			MemoryUsage       map[string]float64            `json:"memory_usage"`
			ResponseTimes     map[string]map[string]float64 `json:"response_times"`
			ErrorCount        int                           `json:"error_count"`
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if m.ActiveConnections != 1 || m.ErrorCount != 1+7 || m.MemoryUsage["percent_used"] != 25 || m.MemoryUsage["used_mb"] != 2048 || m.ResponseTimes["http"]["response_time_ms"] != 120 || m.Timestamp.IsZero() {
			t.Errorf("%s", text)
		}
	}
	// What a client says is no reason to cut it off.
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Error(err)
	}
	for range 3 {
		if _, _, err := c.Read(t.Context()); err != nil {
			t.Error("after having said something:", err)
		}
	}
}

func TestPagesFromElsewhereCannotOpenTheStream(t *testing.T) {
	state := streamState(t)
	state.Origins = []string{"ops.example.com", "*.trusted.example"}
	_, base := start(t, state)
	for origin, want := range map[string]int{
		"": 101, base: 101, "https://ops.example.com": 101, "https://a.trusted.example": 101,
		"https://evil.example": 403, "https://ops.example.com.evil.example": 403, "null": 403,
	} {
		_, res, _ := dial(t, base, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		if res == nil || res.StatusCode != want {
			t.Errorf("%q: %v, want %d", origin, res, want)
		}
	}
	if code, _ := do(t, "GET", base+"/ws/metrics", ""); code != 426 {
		t.Errorf("a plain request: %d", code)
	}
}

// closedWith reads until the server closes.
func closedWith(t *testing.T, c *websocket.Conn) websocket.StatusCode {
	t.Helper()
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func TestClientsAreToldWhyTheStreamEnds(t *testing.T) {
	s, base := start(t, streamState(t))
	c, _, err := dial(t, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = c.Read(t.Context()) // it is up
	s.Swap(streamState(t))
	if code := closedWith(t, c); code != websocket.StatusServiceRestart {
		t.Errorf("on a reload: %d", code)
	}
	if c, _, err = dial(t, base, nil); err != nil {
		t.Fatal("after a reload:", err)
	}
	_, _, _ = c.Read(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Close(t.Context()) }()
	if code := closedWith(t, c); code != websocket.StatusGoingAway {
		t.Errorf("at the end: %d", code)
	}
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Close waits for a client that is gone")
	}
	if _, res, _ := dial(t, base, nil); res == nil || res.StatusCode != 503 {
		t.Errorf("one that comes after the end: %v", res)
	}
}

// TestAThousandClientsShareTheWork counts what the history is asked.
func TestAThousandClientsShareTheWork(t *testing.T) {
	state := streamState(t)
	q := &traffic{}
	state.Query = q
	_, base := start(t, state)
	var all sync.WaitGroup
	var got, failed atomic.Int64
	began := time.Now()
	for range 1000 {
		all.Go(func() {
			c, _, err := dial(t, base, nil)
			if err != nil {
				failed.Add(1)
				return
			}
			for range 3 {
				if _, _, err := c.Read(t.Context()); err != nil {
					failed.Add(1)
					return
				}
				got.Add(1)
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 || got.Load() != 3000 {
		t.Errorf("%d failed, %d messages", failed.Load(), got.Load())
	}
	if most := 2 * (int64(time.Since(began).Seconds()) + 2); q.asked.Load() > most {
		t.Errorf("the history was asked %d times in %s", q.asked.Load(), time.Since(began))
	}
}

// TestASlowClientIsDropped opens the stream by hand and reads nothing more.
func TestASlowClientIsDropped(t *testing.T) {
	t.Parallel()
	big := checks.OK("fine")
	list := []checks.Check{}
	for i := range 3000 { // long messages fill what the system buffers
		list = append(list, always(fmt.Sprintf("check-with-a-rather-long-name-%d", i), big))
	}
	b := checks.NewBoard(&checks.Runner{Timeout: time.Minute}, list, nil)
	b.All(t.Context(), 0)
	_, base := start(t, server.State{Board: b})
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /ws/metrics HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", strings.TrimPrefix(base, "http://"))
	gone := false
	for range 150 {
		time.Sleep(100 * time.Millisecond)
		if _, body := do(t, "GET", base+"/metrics", ""); strings.Contains(body, "vitals_websocket_connections 0") {
			gone = true
			break
		}
	}
	if !gone {
		t.Error("a client that takes nothing is still there after 15 s")
	}
	if n, _ := io.Copy(io.Discard, conn); n > 64<<20 {
		t.Errorf("%d bytes were kept for it", n)
	}
}
