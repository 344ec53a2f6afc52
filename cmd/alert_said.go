package cmd

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/checks"
	"vitals/internal/history"
)

// said is what was told last under a key: messages of one moment, one for each
// channel.
type said struct {
	group string // names the key's messages in the outbox and for receivers
	last  []alerting.Outgoing
	began time.Time // when what goes on was first told; zero when nothing does
	told  []string  // the channels that were told of what goes on
}

// saidBefore looks up what was told last under the key.
func (a *App) saidBefore(ctx context.Context, db *history.DB, o sendOptions) (said, error) {
	if o.key == "" {
		return said{group: "send-" + uuid.NewString()}, nil
	}
	s := said{group: "send-" + hashed(o.key)}
	all, err := db.Topic(ctx, s.group)
	if err != nil {
		return s, err
	}
	for _, m := range all {
		if len(s.last) == 0 || !s.last[0].Notice.Message.At.Equal(m.Notice.Message.At) {
			s.last = nil
		}
		s.last = append(s.last, m)
		if m.Notice.Message.Kind == alerting.TellResolved {
			s.began, s.told = time.Time{}, nil
			continue
		}
		if s.told = append(s.told, m.Notice.Channel); s.began.IsZero() {
			s.began = m.Notice.Message.At
		}
	}
	return s, nil
}

// goesOn tells whether somebody was told, or will be, of what is not over.
func (s said) goesOn() bool {
	return !s.began.IsZero() && slices.ContainsFunc(s.last, func(m alerting.Outgoing) bool { return m.State != "dead" })
}

// key names a message so that two processes with the same thing to say after
// the same message say it once.
func (s said) key(kind alerting.MessageKind, channel string) string {
	after := ""
	if len(s.last) > 0 {
		after = strconv.FormatInt(s.last[0].Notice.Message.At.UnixMilli(), 36)
	}
	return hashed(strings.Join([]string{s.group, string(kind), after, channel}, "\xff"))
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// compose makes the messages, or the result that says why there are none.
func (v alertView) compose(o sendOptions, labels map[string]string, s said) ([]alerting.Notice, *checks.Result) {
	if o.resolve {
		return v.composeEnd(o, s)
	}
	severity := cmp.Or(o.severity, "warning")
	labels["severity"] = severity
	if s.goesOn() {
		before := s.last[0].Notice.Message
		if !alerting.Worse(severity, before.Severity) {
			return nil, v.untold("told already, at " + shortTime(before.At, v.now, v.location) + ", and not over: not sent again")
		}
	}
	if m, muted := v.policy.Muted(alerting.Alert{Labels: labels, Severity: severity}, v.firing(), v.state.Silences, v.now); muted {
		why, _ := v.explainMute(m, v.firing())
		return nil, v.untold("not sent: " + v.redact(why))
	}
	m := alerting.Message{
		Group: s.group, Kind: alerting.TellFiring, Severity: severity, Title: strings.ToUpper(severity) + ": " + o.title, Text: o.text,
		Labels: labels, Annotations: map[string]string{"summary": o.title}, Runbook: o.runbook, At: v.now, StartedAt: cmp.Or(s.began, v.now),
	}
	if severity == "info" {
		m.Kind = alerting.TellInfo
	}
	channels := o.channels
	if len(channels) == 0 {
		channels = v.policy.ChannelsFor(labels)
	}
	return v.addressed(m, channels, s)
}

// composeEnd makes the messages that something is over, for those who were
// told of it.
func (v alertView) composeEnd(o sendOptions, s said) ([]alerting.Notice, *checks.Result) {
	if !s.goesOn() {
		return nil, v.untold("nothing was told under this key that is not over: nothing sent")
	}
	m := s.last[0].Notice.Message
	title := cmp.Or(o.title, m.Annotations["summary"])
	m.Kind, m.Title, m.Text = alerting.TellResolved, "RESOLVED: "+title, o.text
	m.Runbook = cmp.Or(o.runbook, m.Runbook)
	m.At, m.StartedAt, m.EndedAt = v.now, s.began, v.now
	if len(o.channels) > 0 {
		return v.addressed(m, o.channels, s)
	}
	return v.addressed(m, s.told, s)
}

// addressed is the message for each of the channels.
func (v alertView) addressed(m alerting.Message, channels []string, s said) ([]alerting.Notice, *checks.Result) {
	if len(channels) == 0 {
		r := v.untold("no route takes it, so nobody is told")
		r.Status = checks.Unhealthy
		r.Hint = "See alerting.routes in the configuration, or name a channel with --channel."
		return nil, r
	}
	var notices []alerting.Notice
	channels = slices.Clone(channels)
	slices.Sort(channels)
	for _, channel := range slices.Compact(channels) {
		m.Key = s.key(m.Kind, channel)
		notices = append(notices, alerting.Notice{Channel: channel, Topic: m.Group, Message: m})
	}
	return notices, nil
}

func (v alertView) untold(why string) *checks.Result {
	return &checks.Result{Check: "message", Critical: true, Started: v.now, Summary: why}
}
