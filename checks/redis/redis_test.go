package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

// check makes the only check of some settings and closes it with the test.
func check(t testing.TB, change func(*redis.Options)) checks.Check {
	t.Helper()
	o := redis.DefaultOptions()
	change(&o)
	if p := o.Problems(); p != nil {
		t.Fatalf("the settings of the test are wrong: %v", p)
	}
	list := o.Checks()
	if len(list) != 1 {
		t.Fatalf("%d checks, want 1", len(list))
	}
	t.Cleanup(list[0].Close)
	return list[0]
}

func byURL(t testing.TB, url string) checks.Check {
	t.Helper()
	return check(t, func(o *redis.Options) { o.URL = checks.Secret(url) })
}

func run(t testing.TB, c checks.Check, timeout time.Duration) checks.Result {
	t.Helper()
	return (&checks.Runner{Timeout: timeout}).Run(t.Context(), []checks.Check{c})[0]
}

func ask(t testing.TB, c checks.Check) checks.Result { t.Helper(); return run(t, c, 5*time.Second) }

// want compares status and a part of the summary, and demands a hint where
// something is wrong.
func want(t testing.TB, got checks.Result, status checks.Status, says string) {
	t.Helper()
	if got.Status != status || !strings.Contains(got.Summary, says) {
		t.Errorf("got %v: %s\n(hint: %s; error: %s)\nwant %v and %q", got.Status, got.Summary, got.Hint, got.Error, status, says)
	}
	if got.Status != checks.Healthy && got.Hint == "" {
		t.Errorf("no hint with: %s", got.Summary)
	}
}

// fact returns a fact's value, and fails the test when there is no such fact.
func fact(t testing.TB, r checks.Result, name string) any {
	t.Helper()
	f, ok := r.Fact(name)
	if !ok {
		t.Errorf("no fact %q in: %s", name, r.Summary)
	}
	return f.Value
}

func TestHealthyServer(t *testing.T) {
	s := testenv.StartRedis(t, "--maxmemory", "100mb")
	s.Do(t, "SET", "a", "1")
	s.Do(t, "GET", "a")
	s.Do(t, "GET", "b")
	s.Do(t, "GET", "c")
	s.Do(t, "GET", "a")
	c := byURL(t, "redis://"+s.Addr)
	got := ask(t, c)
	want(t, got, checks.Healthy, "Redis ")
	for _, part := range []string{"answers in", "used", "1 keys"} {
		if !strings.Contains(got.Summary, part) {
			t.Errorf("the summary lacks %q: %s", part, got.Summary)
		}
	}
	for name, value := range map[string]any{
		"server": "Redis", "role": "master", "hits": int64(2), "misses": int64(2), "hit_rate": 50.0, "keys_count": int64(1),
		"memory_limit": int64(100 << 20), "evicted_keys": int64(0), "tls": "no", "blocked_clients": int64(0),
	} {
		if v := fact(t, got, name); v != value {
			t.Errorf("%s is %v, want %v", name, v, value)
		}
	}
	if n, _ := fact(t, got, "memory_used").(int64); n < 100_000 || n > 100_000_000 {
		t.Errorf("memory used: %d", n)
	}
	if d, _ := fact(t, got, "response_time").(time.Duration); d <= 0 || d > time.Second {
		t.Errorf("response time: %s", d)
	}
	if len(got.Samples) < 8 {
		t.Errorf("%d samples", len(got.Samples))
	}
}

func TestNothingMeasuredIsNil(t *testing.T) {
	s := testenv.StartRedis(t)
	got := ask(t, byURL(t, "redis://"+s.Addr+"/3"))
	if v := fact(t, got, "hit_rate"); v != nil {
		t.Errorf("hit rate before the first look-up: %v, want nil", v)
	}
	if v := fact(t, got, "memory_limit"); v != nil {
		t.Errorf("memory limit where there is none: %v, want nil", v)
	}
	if _, ok := got.Fact("memory_used_percent"); ok {
		t.Error("a share of no limit")
	}
}

func TestConnectionIsKeptAndClosed(t *testing.T) {
	s := testenv.StartRedis(t)
	o := redis.DefaultOptions()
	o.URL = checks.Secret("redis://" + s.Addr)
	c := o.Checks()[0]
	for range 3 {
		want(t, ask(t, c), checks.Healthy, "Redis")
	}
	// One of the check, and one of the command that asks.
	if info := s.Do(t, "INFO", "stats"); !strings.Contains(info, "total_connections_received:") || number(t, info, "total_connections_received") > 4 {
		t.Errorf("three runs made many connections: %d", number(t, info, "total_connections_received"))
	}
	if n := strings.Count(s.Do(t, "CLIENT", "LIST"), "id="); n != 2 {
		t.Errorf("%d connections while kept, want 2", n)
	}
	c.Close()
	if n := clients(t, s, 1); n != 1 {
		t.Errorf("%d connections after Close, want only that which asks", n)
	}
}

// clients waits until the server has no more than n connections.
func clients(t testing.TB, s *testenv.RedisServer, n int) int {
	t.Helper()
	for range 100 {
		if got := strings.Count(s.Do(t, "CLIENT", "LIST"), "id="); got <= n {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	return strings.Count(s.Do(t, "CLIENT", "LIST"), "id=")
}

func number(t testing.TB, info, key string) (n int) {
	t.Helper()
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			_, _ = fmt.Sscan(value, &n)
		}
	}
	return n
}

func TestServerThatComesAndGoes(t *testing.T) {
	s := testenv.StartRedis(t)
	c := byURL(t, "redis://"+s.Addr)
	want(t, ask(t, c), checks.Healthy, "Redis")
	s.Stop()
	want(t, ask(t, c), checks.Unhealthy, "refuses connections")
	s.Start()
	want(t, ask(t, c), checks.Healthy, "Redis")
	// Restarted between two runs: the kept connection is dead, the server well.
	s.Stop()
	s.Start()
	want(t, ask(t, c), checks.Healthy, "Redis")
}

func TestTwoServersAreTwoChecks(t *testing.T) {
	a := check(t, func(o *redis.Options) { o.URL = "redis://127.0.0.1:1" })
	b := check(t, func(o *redis.Options) { o.URL, o.Name = "redis://127.0.0.1:2", "queue" })
	if a.Name != "redis" || b.Name != "redis@queue" || !a.Critical {
		t.Errorf("names %q and %q, critical %v", a.Name, b.Name, a.Critical)
	}
	o := redis.DefaultOptions()
	if list := o.Checks(); len(list) != 0 {
		t.Errorf("%d checks without an address", len(list))
	}
	o.URL, o.Disabled = "redis://127.0.0.1", true
	if list := o.Checks(); len(list) != 0 {
		t.Errorf("%d checks though disabled", len(list))
	}
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no.sock")
	want(t, ask(t, byURL(t, "unix://"+path)), checks.Unhealthy, "no such socket")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, byURL(t, "unix://"+path)), checks.Unhealthy, "refuses connections")

	s := testenv.StartRedis(t, "--unixsocket", "vitals.sock", "--unixsocketperm", "777")
	admin := goredis.NewClient(&goredis.Options{Addr: s.Addr})
	defer admin.Close()
	dir := admin.ConfigGet(t.Context(), "dir").Val()["dir"]
	got := ask(t, byURL(t, "unix://"+dir+"/vitals.sock?db=1"))
	want(t, got, checks.Healthy, "Redis")
}

func TestInterruptedIsUnknown(t *testing.T) {
	c := byURL(t, "redis://"+testenv.BlackHole(t))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	started := time.Now()
	got := (&checks.Runner{}).Run(ctx, []checks.Check{c})[0]
	if got.Status != checks.Unknown || time.Since(started) > time.Second {
		t.Errorf("after %s: %v %s", time.Since(started), got.Status, got.Summary)
	}
}
