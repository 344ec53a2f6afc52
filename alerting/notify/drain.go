package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// Outbox is where messages wait until they are delivered. Any number of
// processes may take from it: what one has leased no other gets before the
// lease is over.
type Outbox interface {
	// Lease takes a message that is due on a channel; false when none is.
	Lease(ctx context.Context, by, channel string, lease time.Duration) (alerting.Outgoing, bool, error)
	// Delivered marks a message as taken by its receiver.
	Delivered(ctx context.Context, o alerting.Outgoing) error
	// Failed gives a message back to be tried again; also goes out meanwhile.
	Failed(ctx context.Context, o alerting.Outgoing, r alerting.Retry, also ...alerting.Notice) error
	// GiveUp marks a message as one that cannot be delivered; instead goes out in
	// its place.
	GiveUp(ctx context.Context, o alerting.Outgoing, reason string, instead ...alerting.Notice) error
}

const (
	// fallbackAfter is the failed attempt after which a message also goes to the
	// fallback channel: with Backoff's waits some 10 s after the first one.
	fallbackAfter = 5
	// giveUpAfter is how old a message becomes at most. Who hears of trouble a
	// day late has heard of it otherwise.
	giveUpAfter = 24 * time.Hour
	// leaseBeyond is how much longer than a channel's time-out its messages are
	// leased: for writing down what became of them.
	leaseBeyond = 10 * time.Second
	// mostHold is how long a channel is left alone after a failure whose receiver
	// did not say how long: short, since the next message may well be taken.
	mostHold = 30 * time.Second
)

// Line is a channel with its settings.
type Line struct {
	Channel Channel
	Timeout time.Duration // of one message
}

// Drain sends what waits in an outbox. The channels are independent of each
// other: one that hangs delays no other.
type Drain struct {
	Outbox   Outbox
	Lines    map[string]Line // by name
	Fallback string          // name of the channel that hears what another cannot deliver; "" for none
	By       string          // names this process in the outbox
	Redactor checks.Redactor // the last net before a message leaves
	Log      *slog.Logger    // must not be nil
	Now      func() time.Time
}

// Tally counts what a drain did.
type Tally struct {
	Delivered, Failed, GivenUp int
	Errors                     []error // of the outbox itself
}

// Once sends everything that is due, each message once, and returns when that
// is done or ctx ends. A message that ctx interrupts is tried again later.
func (d *Drain) Once(ctx context.Context) Tally {
	var mu sync.Mutex
	var total Tally
	var all sync.WaitGroup
	for _, name := range slices.Sorted(maps.Keys(d.Lines)) {
		all.Go(func() {
			t := d.channel(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			total.Delivered, total.Failed, total.GivenUp = total.Delivered+t.Delivered, total.Failed+t.Failed, total.GivenUp+t.GivenUp
			total.Errors = append(total.Errors, t.Errors...)
		})
	}
	all.Wait()
	return total
}

// channel sends what is due on one channel, until nothing is or one was not
// taken: whoever just failed is not asked for the next message at once.
func (d *Drain) channel(ctx context.Context, name string) (t Tally) {
	for ctx.Err() == nil && t.Failed == 0 {
		o, found, err := d.Outbox.Lease(ctx, d.By, name, d.Lines[name].Timeout+leaseBeyond)
		t.note(err)
		if err != nil || !found {
			return t
		}
		d.one(ctx, d.Lines[name], o, &t)
	}
	return t
}

// one sends a message and writes down what became of it, also when ctx ends
// meanwhile.
func (d *Drain) one(ctx context.Context, line Line, o alerting.Outgoing, t *Tally) {
	err := d.send(ctx, line, o)
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseBeyond)
	defer cancel()
	if err == nil {
		t.Delivered++
		t.note(d.Outbox.Delivered(keep, o))
		return
	}
	reason := d.Redactor.Redact(err.Error())
	failure, _ := errors.AsType[*Error](err)
	interrupted := errors.Is(err, context.Canceled)
	switch retry := failure == nil || failure.Retry || interrupted; {
	case !retry || d.Now().Sub(o.CreatedAt) >= giveUpAfter:
		t.GivenUp++
		d.Log.Error("a message could not be delivered and is given up", "channel", o.Notice.Channel, "title", o.Notice.Message.Title, "attempts", o.Attempts, "error", reason)
		t.note(d.Outbox.GiveUp(keep, o, reason, d.instead(o, reason)...))
	default:
		t.Failed++
		r := d.retry(o, failure, interrupted, reason)
		d.Log.Warn("a message was not delivered yet", "channel", o.Notice.Channel, "title", o.Notice.Message.Title, "attempts", o.Attempts, "again", r.At, "error", reason)
		var also []alerting.Notice
		if o.Attempts == fallbackAfter {
			also = d.instead(o, reason)
		}
		t.note(d.Outbox.Failed(keep, o, r, also...))
	}
}

func (d *Drain) retry(o alerting.Outgoing, failure *Error, interrupted bool, reason string) alerting.Retry {
	now := d.Now()
	if interrupted {
		return alerting.Retry{Reason: reason, At: now, ChannelAt: now} // the receiver is not to blame
	}
	after := time.Duration(0)
	if failure != nil {
		after = failure.After
	}
	wait := Backoff(o.Attempts, after, nil)
	return alerting.Retry{Reason: reason, At: now.Add(wait), ChannelAt: now.Add(max(after, min(wait, mostHold)))}
}

func (t *Tally) note(err error) {
	if err != nil {
		t.Errors = append(t.Errors, err)
	}
}

// send hands a message to its channel. A channel that panics has failed.
func (d *Drain) send(ctx context.Context, line Line, o alerting.Outgoing) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the channel broke: %v", v)
		}
	}()
	return line.Channel.Send(ctx, Message(o.Notice.Message).Redacted(d.Redactor))
}

// instead is the message for the fallback channel about one that another could
// not deliver. A message of the fallback channel itself has no other.
func (d *Drain) instead(o alerting.Outgoing, reason string) []alerting.Notice {
	if _, there := d.Lines[d.Fallback]; !there || o.Notice.Channel == d.Fallback {
		return nil
	}
	n := o.Notice
	n.Channel = d.Fallback
	n.Message.Key += "-" + d.Fallback
	n.Message.At = d.Now()
	n.Message.Text += fmt.Sprintf("\n\nSent here because %s could not be reached: %s.", o.Notice.Channel, reason)
	return []alerting.Notice{n}
}

// Run sends what comes into the outbox, until ctx ends. It looks when it is
// woken and every interval: other processes put messages in as well, and
// failed ones become due again.
func (d *Drain) Run(ctx context.Context, interval time.Duration, wake <-chan struct{}) {
	var lines sync.WaitGroup
	woken := make([]chan struct{}, 0, len(d.Lines))
	for _, name := range slices.Sorted(maps.Keys(d.Lines)) {
		own := make(chan struct{}, 1)
		woken = append(woken, own)
		lines.Go(func() { d.keepSending(ctx, name, interval, own) })
	}
	for {
		select {
		case <-ctx.Done():
			lines.Wait()
			return
		case <-wake:
			for _, own := range woken {
				select {
				case own <- struct{}{}:
				default: // it is about to look anyway
				}
			}
		}
	}
}

// keepSending is Run for one channel.
func (d *Drain) keepSending(ctx context.Context, name string, interval time.Duration, wake <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		for _, err := range d.channel(ctx, name).Errors {
			if ctx.Err() == nil {
				d.Log.Error("the outbox cannot be used; messages wait", "channel", name, "error", d.Redactor.Redact(err.Error()))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
	}
}
