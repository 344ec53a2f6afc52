package probe_test

import (
	"runtime"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/testenv"
)

// A daemon asks for months: what fails may leave nothing behind.
func TestNothingIsLeftBehind(t *testing.T) {
	s := site(t)
	hole, refused := testenv.BlackHole(t), testenv.Refused(t)
	options := []checks.Options{
		get(s.URL + "/ok"), get(s.URL + "/drip"), get(s.URL + "/huge"), get(s.URL + "/bomb"), get(s.URL + "/gone"), get("http://" + hole), get("https://" + hole), get("http://" + refused),
		get("https://" + secure(t, nil)), port(hole, nil), certificate(hole, nil), look("x.example", "A", silentServer(t)), command("sleep", "5"), command("true"),
	}
	var list []checks.Check
	for _, o := range options {
		list = append(list, check(t, o))
	}
	round := func() { (&checks.Runner{Timeout: 30 * time.Millisecond}).Run(t.Context(), list) }
	round()
	before := settled(0)
	for range 20 {
		round()
	}
	if after := settled(before); after > before+5 {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after 20 rounds:\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}

// settled counts goroutines once no more than want are left, or nothing has
// changed for a while.
func settled(want int) int {
	n := runtime.NumGoroutine()
	for range 100 {
		if n <= want {
			return n
		}
		time.Sleep(10 * time.Millisecond)
		n = runtime.NumGoroutine()
	}
	return n
}
