package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/alerting/notify"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

type alertTestOptions struct {
	channels []string
	severity string
	resolve  bool
}

func newAlertTest(app *App) *cobra.Command {
	var o alertTestOptions
	c := &cobra.Command{
		Use:   "test",
		Short: "Send a test message on every channel, and see what comes back",
		Long: `Sends a test message the way that alerts go, through the outbox and the channel,
and shows what each receiver answered. It waits neither for messages queued
before it nor for the end of a pause that a receiver asked for, and one that is
not taken is given up at once. Exit code 0 when all were accepted, else 2.

Where a message opens something, as in PagerDuty, --resolve closes it again.`,
		Example: "  vitals alert test\n  vitals alert test --channel pager --severity critical --resolve",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.testAlert(c.Context(), o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.channels, "channel", nil, "only this channel, by `name`; may be given several times")
	f.StringVar(&o.severity, "severity", "info", "critical, warning or info")
	f.BoolVar(&o.resolve, "resolve", false, "send after it the message that it is over")
	_ = c.RegisterFlagCompletionFunc("channel", app.completeChannels)
	completeSeverities(c)
	return c
}

func (a *App) testAlert(ctx context.Context, o alertTestOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if err := errors.Join(badSeverity("severity", o.severity), a.keepsRecord("a message")); err != nil {
		return err
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	list, err := channelsToTest(cfg, o.channels)
	if err != nil {
		return err
	}
	if cfg.Alerting.Disabled {
		a.note("alerting is disabled: this message is sent, and no alert would be")
	}
	var doc report.Document
	err = a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		started, began := a.Now(), time.Now()
		results, err := a.try(ctx, cfg, db, list, a.testMessages(o))
		if err != nil {
			return err
		}
		doc = report.NewDocument(results, started, time.Since(began))
		return a.printDocument(f, doc, a.view(cfg))
	})
	if err != nil {
		return err
	}
	return verdict(doc.Status, checks.Degraded)
}

// channelsToTest are those that were named, or all. The log and the console
// alone wake nobody: that is said in place of a success.
func channelsToTest(cfg *configs.Config, names []string) ([]configs.Channel, error) {
	if len(names) > 0 {
		return chosenChannels(cfg, names)
	}
	all := enabledChannels(cfg)
	if !slices.ContainsFunc(all, func(ch configs.Channel) bool { return ch.Kind != "log" && ch.Kind != "console" }) {
		return nil, usageError(`Set SLACK_WEBHOOK_URL, or put a channel into the configuration, such as

channels:
  - kind: ntfy
    name: phone
    topic: a-word-that-nobody-guesses

docs/alerting.md has an example of each kind.`, "no channel is configured that reaches anybody: alerts only go to the log")
	}
	return all, nil
}

// testMessages are the messages of a test, without channel and key.
func (a *App) testMessages(o alertTestOptions) []alerting.Message {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	now := a.Now()
	m := alerting.Message{
		Group: "test-" + uuid.NewString(), Kind: alerting.TellTest, Severity: o.severity, At: now, StartedAt: now,
		Title:  "TEST: Vitals can reach you",
		Text:   fmt.Sprintf("Nothing is wrong: %s tried this channel on %s with 'vitals alert test'.", a.actor(""), host),
		Labels: map[string]string{"alertname": "vitals_test", "severity": o.severity},
	}
	if !o.resolve {
		return []alerting.Message{m}
	}
	over := m
	over.Kind, over.EndedAt = alerting.TellResolved, now
	over.Title, over.Text = "RESOLVED: Vitals can reach you", "The test is over."
	return []alerting.Message{m, over}
}

// try sends messages on each of the channels and returns a result for each.
func (a *App) try(ctx context.Context, cfg *configs.Config, db *history.DB, list []configs.Channel, messages []alerting.Message) ([]checks.Result, error) {
	log, file := a.quietLogger(cfg)
	defer file.Close()
	drain := a.newDrain(cfg, nil, log)
	var notices []alerting.Notice
	lines, tries, patience := map[string]notify.Line{}, map[string]*channelTry{}, time.Duration(0)
	for _, ch := range list {
		name := ch.Options.Settings().Name
		t := &channelTry{channel: drain.Lines[name].Channel}
		tries[name], lines[name] = t, notify.Line{Channel: t, Timeout: drain.Lines[name].Timeout}
		patience = max(patience, lines[name].Timeout)
		for _, m := range messages {
			m.Key = uuid.NewString()
			notices = append(notices, alerting.Notice{Channel: name, Topic: m.Group, Message: m})
		}
	}
	all, err := db.EnqueueLeased(ctx, drain.By, time.Duration(len(messages))*patience+time.Minute, notices...)
	if err != nil {
		return nil, err
	}
	box := newTestOutbox(db, all)
	drain.Outbox, drain.Lines = box, lines
	end := a.progress(ctx, "waiting for "+countOf(len(list), "channel"))
	tally := drain.Once(ctx)
	end()
	if err := errors.Join(append(tally.Errors, box.abandon(context.WithoutCancel(ctx)))...); err != nil {
		return nil, err
	}
	var results []checks.Result
	for _, ch := range list {
		r := tries[ch.Options.Settings().Name].result(len(messages), drain.Redactor)
		r.Check, r.Critical, r.Started = "channel."+ch.Options.Settings().Name, true, messages[0].At
		results = append(results, r.Add(checks.Text("kind", ch.Kind)))
	}
	return results, nil
}

// channelTry sends on a channel and remembers what came back.
type channelTry struct {
	channel notify.Channel
	took    []time.Duration // of the messages that were accepted
	failed  time.Duration   // how long the one took that was not
	err     error
}

// Send implements notify.Channel. The drain sends one message of a channel
// after the other.
func (t *channelTry) Send(ctx context.Context, m notify.Message) error {
	began := time.Now()
	t.err = errors.New("the channel broke")
	err := t.channel.Send(ctx, m)
	if t.err = err; err != nil {
		t.failed = time.Since(began)
		return err
	}
	t.took = append(t.took, time.Since(began))
	return nil
}

// result is what the channel came to, where so many messages were to be sent.
func (t *channelTry) result(messages int, redactor checks.Redactor) checks.Result {
	r := checks.Result{}
	for _, d := range t.took {
		r.Duration += d
	}
	if len(t.took) == messages {
		r.Summary = "accepted in " + checks.DurationText(t.took[0])
		if messages > 1 {
			r.Summary += ", and that it is over in " + checks.DurationText(t.took[1])
		}
		return r
	}
	r.Status, r.Duration = checks.Unhealthy, r.Duration+t.failed
	r.Error = "nothing was sent: the command was interrupted"
	if t.err != nil {
		r.Error = redactor.Redact(t.err.Error())
	}
	r.Summary = r.Error
	if len(t.took) > 0 {
		r.Summary = "accepted in " + checks.DurationText(t.took[0]) + ", but not that it is over"
	}
	if e, ok := errors.AsType[*notify.Error](t.err); ok && e.Hint != "" {
		r.Hint = redactor.Redact(e.Hint)
	}
	return r
}

// testOutbox gives a drain the messages of a test and nothing else. What is
// not taken is given up: nobody wants to hear of a test later, or elsewhere.
type testOutbox struct {
	db      *history.DB
	mu      sync.Mutex
	waiting map[string][]alerting.Outgoing // by channel
}

func newTestOutbox(db *history.DB, all []alerting.Outgoing) *testOutbox {
	b := &testOutbox{db: db, waiting: map[string][]alerting.Outgoing{}}
	for _, o := range all {
		b.waiting[o.Notice.Channel] = append(b.waiting[o.Notice.Channel], o)
	}
	return b
}

// Lease implements notify.Outbox.
func (b *testOutbox) Lease(_ context.Context, _, channel string, _ time.Duration) (alerting.Outgoing, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.waiting[channel]
	if len(list) == 0 {
		return alerting.Outgoing{}, false, nil
	}
	b.waiting[channel] = list[1:]
	return list[0], true, nil
}

// Delivered implements notify.Outbox.
func (b *testOutbox) Delivered(ctx context.Context, o alerting.Outgoing) error {
	return b.db.Delivered(ctx, o)
}

// Failed implements notify.Outbox.
func (b *testOutbox) Failed(ctx context.Context, o alerting.Outgoing, r alerting.Retry, _ ...alerting.Notice) error {
	return b.GiveUp(ctx, o, r.Reason)
}

// GiveUp implements notify.Outbox. With a message go those after it on its
// channel: that something is over nobody needs to hear who was not told of it.
func (b *testOutbox) GiveUp(ctx context.Context, o alerting.Outgoing, reason string, _ ...alerting.Notice) error {
	b.mu.Lock()
	after := b.waiting[o.Notice.Channel]
	delete(b.waiting, o.Notice.Channel)
	b.mu.Unlock()
	err := b.db.GiveUp(ctx, o, reason)
	for _, next := range after {
		err = errors.Join(err, b.db.GiveUp(ctx, next, "the test before it was not taken"))
	}
	return err
}

// abandon gives up what was not even tried.
func (b *testOutbox) abandon(ctx context.Context) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, list := range b.waiting {
		for _, o := range list {
			err = errors.Join(err, b.db.GiveUp(ctx, o, "the test was interrupted"))
		}
	}
	return err
}
