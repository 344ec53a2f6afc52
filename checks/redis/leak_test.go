package redis_test

import (
	"runtime"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

// A daemon asks for months: what fails may leave nothing behind.
func TestNothingIsLeftBehind(t *testing.T) {
	s := testenv.StartRedis(t)
	hole, refused := testenv.BlackHole(t), testenv.Refused(t)
	list := []checks.Check{
		byURL(t, "redis://"+s.Addr), byURL(t, "redis://u:wrong@"+s.Addr), byURL(t, "redis://"+refused), byURL(t, "redis://"+hole), byURL(t, "rediss://"+s.Addr),
		check(t, func(o *redis.Options) { o.Addresses = []string{refused, hole} }),
		check(t, func(o *redis.Options) { o.Addresses, o.MasterName = []string{refused, s.Addr}, "m" }),
	}
	round := func() { (&checks.Runner{Timeout: 20 * time.Millisecond}).Run(t.Context(), list) }
	round()
	before := settled(0)
	for range 30 {
		round()
	}
	if after := settled(before); after > before+5 {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after 30 rounds:\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}

// settled counts goroutines once no more than want are left, or nothing has
// changed for a while.
func settled(want int) int {
	n := runtime.NumGoroutine()
	for range 40 {
		if n <= want {
			return n
		}
		time.Sleep(10 * time.Millisecond)
		n = runtime.NumGoroutine()
	}
	return n
}
