package demo

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func start(t *testing.T, seed uint64) *Platform {
	t.Helper()
	p, err := Start(t.Context(), Options{Dir: t.TempDir(), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestDataIsWholeAndRepeatable(t *testing.T) {
	figures := func(seed uint64) (all []int64) {
		now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		s, err := newStore(t.Context(), filepath.Join(t.TempDir(), "x.db"), seed, now)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		for _, q := range []string{
			"SELECT count(*) FROM pragma_foreign_key_check",
			"SELECT count(*) FROM users", "SELECT count(*) FROM follows", "SELECT count(*) FROM events WHERE starts_at > '2026-11-01 12:00:00'",
			"SELECT count(*) FROM events WHERE event_type IS NULL", "SELECT count(*) FROM bookings", "SELECT sum(amount_minor) FROM payments WHERE status = 'success'",
			"SELECT count(*) FROM payments WHERE status = 'failed'", "SELECT count(*) FROM refunds",
		} {
			n, err := s.count(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			all = append(all, n)
		}
		return all
	}
	first := figures(7)
	if first[0] != 0 {
		t.Errorf("%d rows point to nothing", first[0])
	}
	for i, n := range first[1:] {
		if n == 0 {
			t.Errorf("figure %d is 0: nothing to see in the demo", i+1)
		}
	}
	if again := figures(7); !slices.Equal(first, again) {
		t.Errorf("the same seed gave %v, then %v", first, again)
	}
}

func TestTrafficReachesDatabaseCacheLogAndMetrics(t *testing.T) {
	p := start(t, 1)
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, metrics := fetch(t, p.MetricsURL())
		text, err := os.ReadFile(p.AccessLog())
		if err != nil {
			t.Fatal(err)
		}
		if p.cache.hits.Load() > 0 && strings.Contains(metrics, `endpoint="/api/events/:id"`) && strings.Contains(string(text), `"event":"api_request","method":"GET"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no traffic after 10 s: %d hits\n%s\n%s", p.cache.hits.Load(), text, metrics)
		}
		time.Sleep(20 * time.Millisecond)
	}
	client := redis.NewClient(&redis.Options{Addr: p.cache.address()})
	defer client.Close()
	info := client.Info(t.Context()).Val()
	for _, want := range []string{"keyspace_hits:", "used_memory:", "uptime_in_seconds:"} {
		if !strings.Contains(info, want) {
			t.Errorf("INFO lacks %s:\n%s", want, info)
		}
	}
}

func TestBreaksShowOutsideAndMend(t *testing.T) {
	p := start(t, 2)
	p.traffic.stop() // only the test asks from here on
	seen := map[string]func() bool{
		"database": func() bool {
			db, err := sql.Open("sqlite", "file:"+p.data.path+"?mode=ro")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var n int
			code, _ := fetch(t, p.AppURL()+"/api/events")
			return db.QueryRow("SELECT count(*) FROM users").Scan(&n) == nil && code == 200
		},
		"redis": func() bool {
			c := redis.NewClient(&redis.Options{Addr: p.cache.address(), MaxRetries: -1})
			defer c.Close()
			return c.Ping(context.Background()).Err() == nil
		},
		"slow": func() bool {
			started := time.Now()
			fetch(t, p.AppURL()+"/health")
			return time.Since(started) < slowness
		},
		"errors": func() bool {
			failed := 0
			for range 60 {
				if code, _ := fetch(t, p.AppURL()+"/"); code == 500 {
					failed++
				}
			}
			return failed == 0
		},
		"memory": func() bool {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc < ballastSize/2
		},
	}
	for _, part := range Breaks() {
		well := seen[part]
		if well == nil {
			t.Errorf("nobody looks at %s", part)
			continue
		}
		if !well() {
			t.Errorf("%s fails before it is broken", part)
		}
		if err := p.Break(part); err != nil {
			t.Fatal(err)
		}
		if well() {
			t.Errorf("%s is broken and nobody can see it", part)
		}
		if err := p.Mend(part); err != nil {
			t.Fatal(err)
		}
		if !well() {
			t.Errorf("%s stays broken", part)
		}
	}
	if p.Break("weather") == nil {
		t.Error("the weather can be broken")
	}
}

func TestTwoPlatformsAndNothingLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	a, errA := Start(t.Context(), Options{Dir: t.TempDir(), Seed: 1})
	b, errB := Start(t.Context(), Options{Dir: t.TempDir(), Seed: 2})
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a.AppURL() == b.AppURL() || a.cache.address() == b.cache.address() {
		t.Error("two platforms share an address")
	}
	for _, p := range []*Platform{a, b} {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines left:\n%s", runtime.NumGoroutine()-before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func TestEndpointTemplates(t *testing.T) {
	for pattern, want := range map[string]string{"GET /api/events/{id}": "/api/events/:id", "GET /{$}": "/"} {
		if got := endpointOf(pattern); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}
