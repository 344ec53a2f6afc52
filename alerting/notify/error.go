package notify

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// Error tells why a message was not taken. It holds nothing secret.
type Error struct {
	Retry  bool          // whether the same message may be taken later
	After  time.Duration // how long the receiver asks to be left alone; 0 when it does not say
	Status int           // HTTP's or SMTP's code, or a program's exit code; 0 where none came
	Said   string        // what the receiver answered, cleaned and cut; "" for nothing
	What   string        // what went wrong, continuing a sentence that begins with the receiver
	Hint   string        // what to do next, one line; "" where that is plain

	ended error // context.Canceled or context.DeadlineExceeded where that was the reason
}

// Error says it in one line.
func (e *Error) Error() string {
	text := "the receiver " + e.What
	if e.Said != "" {
		text += ": " + e.Said
	}
	return text
}

// Unwrap returns the context's error where that ended the attempt, and nothing
// else: what libraries report may hold addresses.
func (e *Error) Unwrap() error { return e.ended }

// maxSaid bounds what is kept of a receiver's answer, in characters.
const maxSaid = 300

// said makes an answer fit to be shown.
func said(guard checks.Redactor, answer []byte) string {
	text := guard.Redact(strings.ToValidUTF8(string(answer), " "))
	return cut(guard.Redact(oneLine(text)), maxSaid)
}

// maxAfter bounds what a receiver can ask for: nobody should be kept from
// hearing of trouble by a slip in a header.
const maxAfter = 24 * time.Hour

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3): seconds or a
// date. What cannot be read, and what lies in the past, is 0.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		return waitOf(seconds)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return waitOf(at.Sub(now).Seconds())
}

// waitOf makes a duration of seconds that somebody else chose.
func waitOf(seconds float64) time.Duration {
	switch {
	case !(seconds > 0): // also what is not a number
		return 0
	case seconds > maxAfter.Seconds():
		return maxAfter
	}
	return time.Duration(seconds * float64(time.Second))
}

// networkError words a failure to reach a receiver or to hear its answer. All
// of them may pass.
func networkError(ctx context.Context, guard checks.Redactor, err error, started time.Time) *Error {
	e := &Error{Retry: true}
	if errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		e.What, e.ended = "was not waited for: Vitals is stopping", context.Canceled
		return e
	}
	if ctx.Err() != nil || checks.TimedOut(err) {
		e.What, e.ended = "did not answer in time", context.DeadlineExceeded
		if patience := checks.Patience(ctx, started); patience != "" {
			e.What = "did not answer within " + patience
		}
		e.Hint = "Look whether it is overloaded or a firewall swallows the packets; raise the channel's timeout if it is just slow."
		return e
	}
	trouble, ok := checks.NetworkTrouble(err)
	if errors.Is(err, http.ErrSchemeMismatch) {
		trouble, ok = checks.Trouble{What: "does not speak TLS on this port", Hint: "Correct the port, or write http:// in the channel's address."}, true
	}
	if !ok {
		trouble, ok = checks.TLSTrouble(err, time.Now())
	}
	if !ok {
		trouble = checks.Trouble{What: "could not be spoken with: " + err.Error()}
	}
	e.What, e.Hint = guard.Redact(oneLine(trouble.What)), guard.Redact(trouble.Hint)
	return e
}
