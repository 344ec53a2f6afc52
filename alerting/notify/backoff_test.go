package notify_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"vitals/alerting/notify"
)

func TestBackoff(t *testing.T) {
	jitter := rand.New(rand.NewPCG(1, 2))
	for attempts, most := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second,
		10: 512 * time.Second, 11: 15 * time.Minute, 64: 15 * time.Minute, 1 << 40: 15 * time.Minute,
	} {
		var low, high, sum time.Duration = 1 << 62, 0, 0
		const n = 2000
		for range n {
			d := notify.Backoff(attempts, 0, jitter)
			low, high, sum = min(low, d), max(high, d), sum+d
		}
		if low < 100*time.Millisecond || low > most/8 || high > most || high < most*9/10 {
			t.Errorf("%d: from %v to %v, want up to %v", attempts, low, high, most)
		}
		if mean := sum / n; mean < most*4/10 || mean > most*6/10 {
			t.Errorf("%d: %v on average, want half of %v", attempts, mean, most)
		}
	}
}

func TestBackoffObeysTheReceiver(t *testing.T) {
	for range 1000 {
		if d := notify.Backoff(1, time.Minute, nil); d < time.Minute || d > 66*time.Second {
			t.Fatalf("%v, want a minute and little more", d)
		}
		if d := notify.Backoff(20, time.Second, nil); d < time.Second || d > 15*time.Minute {
			t.Fatalf("%v", d)
		}
	}
}
