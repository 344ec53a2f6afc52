package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
)

// stage is how far a conversation had come when it failed.
type stage uint8

const (
	stageFiles stage = iota // reading certificates, on this side
	stageReach
	stageTLS
	stageAsk
)

// failure is why a server could not be asked, in words.
type failure struct {
	checks.Trouble
	err error
}

// result makes a failure the answer of a check.
func (f *failure) result(subject string) checks.Result {
	res := checks.Result{Status: f.Status, Summary: subject + " " + f.What, Hint: f.Hint}
	if f.err != nil {
		res.Error = f.err.Error()
	}
	return res
}

// newFailure finds the words. Heard is how the server's first words began,
// "" when it said nothing.
func newFailure(ctx context.Context, t target, at stage, started time.Time, err error, heard string) *failure {
	f := &failure{err: err}
	line, _, _ := strings.Cut(heard, "\r\n")
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Trouble = checks.Trouble{Status: checks.Unknown, What: "was not heard to the end: the check was interrupted"}
	case at == stageFiles:
		f.Trouble = checks.Trouble{Status: checks.Unknown, What: "could not be asked: a file of the TLS settings cannot be used", Hint: "Error names the file: correct its path, content or permissions."}
	case at == stageAsk && t.fromServer(f, replyText(err)):
	case at == stageAsk && strings.HasPrefix(line, "-") && t.fromServer(f, line[1:]):
		f.err = errors.New(line[1:])
	case at == stageAsk && heard != "" && !strings.ContainsRune("+-:$*", rune(heard[0])):
		f.Trouble = notRedis(heard)
	case ctx.Err() != nil || checks.TimedOut(err):
		f.Trouble = silent(at, checks.Patience(ctx, started), heard != "")
	default:
		f.Trouble = t.fromNetwork(at, err)
	}
	return f
}

// replyText is the error that the server itself answered with, "" when the
// error is none of its words.
func replyText(err error) string {
	var reply goredis.Error
	if errors.As(err, &reply) {
		return reply.Error()
	}
	return ""
}

func notRedis(heard string) checks.Trouble {
	if heard[0] == 0x15 { // the first byte of a TLS alert
		return checks.Trouble{Status: checks.Unhealthy, What: "expects TLS", Hint: "Write rediss:// in place of redis://, or set tls.enabled."}
	}
	return checks.Trouble{Status: checks.Unhealthy, What: "is something else: what answers there does not speak Redis' protocol", Hint: "Correct host and port."}
}

func silent(at stage, patience string, spoke bool) checks.Trouble {
	t := checks.Trouble{Status: checks.Unhealthy, Hint: "It hangs, is overloaded, or something else listens there: look at its log and load, and at slow commands (SLOWLOG GET)."}
	switch {
	case at == stageReach:
		t.What = "cannot be reached: nothing came back within " + patience
		t.Hint = "Packets are lost on the way: look at firewalls and security groups, at the route, and whether that machine runs."
	case at == stageTLS:
		t.What = "accepts connections but did not agree on TLS within " + patience
		t.Hint = "It hangs, is overloaded, or speaks no TLS on this port: then write redis:// in place of rediss://."
	case spoke:
		t.What = "lets Vitals in but did not answer within " + patience
	default:
		t.What = "accepts connections but said nothing within " + patience
	}
	return t
}

func (t target) fromNetwork(at stage, err error) checks.Trouble {
	if t.tls && at >= stageTLS {
		if trouble, ok := checks.TLSTrouble(err, time.Now()); ok {
			return trouble
		}
	}
	trouble, ok := checks.NetworkTrouble(err)
	switch {
	case !ok:
		return checks.Trouble{Status: checks.Unhealthy, What: "could not be asked", Hint: "Error has the details."}
	case at == stageAsk && !t.tls && strings.HasPrefix(trouble.What, "closed"):
		trouble.Hint = "It crashed, is being stopped, or expects TLS: look at its log; for TLS write rediss:// in place of redis://."
	case at == stageTLS && strings.HasPrefix(trouble.What, "closed"):
		trouble.What = "closed the connection instead of agreeing on TLS"
		trouble.Hint = "If it speaks no TLS on this port, write redis:// in place of rediss://; else look at its log."
	}
	return trouble
}
