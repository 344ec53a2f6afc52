package notify

import (
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = time.Second
	backoffMost  = 15 * time.Minute
	backoffLeast = 100 * time.Millisecond
)

// Backoff tells how long to wait before trying once more. Attempts counts the
// failures so far, from 1. After is Error.After of the last of them: the
// receiver is never asked again earlier.
//
// The wait is drawn evenly from nothing up to 1 s, 2 s, 4 s and so on to
// 15 min ("full jitter"), so that many messages that failed together do not
// come back together; it is never below 100 ms. For the same reason up to a
// tenth is added to After.
// A nil jitter uses the process' own source; one given is not locked.
func Backoff(attempts int, after time.Duration, jitter *rand.Rand) time.Duration {
	ceiling := backoffMost
	if doublings := max(attempts, 1) - 1; doublings < 10 {
		ceiling = min(backoffMost, backoffFirst<<doublings)
	}
	wait := max(backoffLeast, draw(jitter, ceiling))
	if after <= 0 {
		return wait
	}
	return max(wait, after+draw(jitter, after/10))
}

// draw returns a duration from 0 to most.
func draw(jitter *rand.Rand, most time.Duration) time.Duration {
	if jitter == nil {
		return rand.N(most + 1)
	}
	return time.Duration(jitter.Int64N(int64(most) + 1))
}
