package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// traffic asks the application over HTTP, as visitors would.
type traffic struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

const (
	visitors = 4
	pause    = 100 * time.Millisecond // between two requests of one visitor
)

func startTraffic(base string, seed uint64) *traffic {
	ctx, cancel := context.WithCancel(context.Background())
	t := &traffic{cancel: cancel}
	for i := range visitors {
		t.done.Go(func() { visit(ctx, base, rand.New(rand.NewPCG(seed, uint64(i+2)))) })
	}
	return t
}

func (t *traffic) stop() {
	t.cancel()
	t.done.Wait()
}

func visit(ctx context.Context, base string, r *rand.Rand) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if req, err := request(ctx, base, r); err == nil {
			if res, err := client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body) // visitors do not care how it ended
				res.Body.Close()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + time.Duration(r.Int64N(int64(pause)))):
		}
	}
}

// request is what a visitor does next: mostly looking, now and then booking,
// mistyping an address or a password.
func request(ctx context.Context, base string, r *rand.Rand) (*http.Request, error) {
	method, path, form := http.MethodGet, "/", ""
	switch n := r.IntN(100); {
	case n < 45:
		path = fmt.Sprintf("/api/events/%d", 1+r.IntN(60))
	case n < 65:
		path = "/api/events"
	case n < 80:
		path = fmt.Sprintf("/api/users/%d", 1+r.IntN(userCount))
	case n < 88:
		method, path, form = http.MethodPost, "/api/bookings", fmt.Sprintf("event=%d", 1+r.IntN(eventCount))
	case n < 90:
		method, path, form = http.MethodPost, "/login", "email=person7@platform.example&password=guess"
	case n < 93:
		path = "/api/teams/none"
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (made-up visitor)")
	return req, nil
}
