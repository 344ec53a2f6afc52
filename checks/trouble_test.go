package checks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatienceIsTheTimeoutThatWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{50 * time.Millisecond, 300 * time.Millisecond, 750 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second, 2 * time.Minute} {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			time.Sleep(min(timeout/20, 20*time.Millisecond)) // a busy machine
			if got := Patience(ctx, time.Now()); got != timeout.String() {
				t.Errorf("%s is told as %s", timeout, got)
			}
			cancel()
		}
		if got := Patience(t.Context(), time.Now()); got != "" {
			t.Errorf("no limit is told as %q", got)
		}
	})
}
