package cmd

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

type sendOptions struct {
	title, text, severity, key, runbook string
	labels, channels                    []string
	resolve                             bool
	failOn                              checks.Status
}

func newAlertSend(app *App) *cobra.Command {
	o := sendOptions{failOn: checks.Unhealthy}
	c := &cobra.Command{
		Use:   "send",
		Short: "Tell people something from a script, as alerts are told",
		Long: `Sends a message of one's own through the routes, the silences and the outbox that
alerts go through: it is kept until it is delivered, and tried again until then.

With --key a message is told once: until --resolve with the same key ends it, a
second one is not sent, unless it is worse. So a script may call it each time it
fails, and with --resolve each time it succeeds.

Exit codes: 0 it was taken, or is kept and tried again; 2 a receiver refused it
for good, or no route takes it; 1 it is tried again, with --fail-on degraded.`,
		Example: `  pg_dump app > app.sql && vitals alert send --key backup --resolve ||
    vitals alert send --key backup --severity critical --title "The backup failed"
  tail -20 import.log | vitals alert send --title "Import done" --severity info --text -`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return app.sendAlert(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.title, "title", "", "what it is about, in one line")
	f.StringVar(&o.text, "text", "", "more, a `text` of several lines if need be; - reads it from standard input")
	f.StringVar(&o.severity, "severity", "", "critical, warning or info (default warning)")
	f.StringVar(&o.runbook, "runbook", "", "`address` of what to do")
	f.StringArrayVar(&o.labels, "label", nil, "`name=value`, for routes and silences; may be given several times")
	f.StringVar(&o.key, "key", "", "a `word` that names what it is about: tell of it once, until --resolve")
	f.BoolVar(&o.resolve, "resolve", false, "tell that what --key names is over, if it was told")
	f.StringArrayVar(&o.channels, "channel", nil, "this channel, by `name`, in place of the routes; may be given several times")
	addFailOn(c, &o.failOn)
	_ = c.RegisterFlagCompletionFunc("channel", app.completeChannels)
	completeSeverities(c)
	return c
}

// read judges what was typed, and reads the text and the labels.
func (o *sendOptions) read(in io.Reader) (labels map[string]string, err error) {
	o.title = strings.TrimSpace(o.title)
	switch {
	case o.resolve && o.key == "":
		return nil, usageError("Give the --key with which it was sent.", "--resolve needs to know what is over")
	case o.title == "" && !o.resolve:
		return nil, usageError("Such as --title \"The backup failed\".", "--title is missing")
	}
	if err := badSeverity("severity", o.severity); err != nil {
		return nil, err
	}
	labels = map[string]string{"alertname": "message"}
	if alerting.IsLabelName(o.key) {
		labels["alertname"] = o.key
	}
	for _, text := range o.labels {
		name, value, ok := strings.Cut(text, "=")
		switch {
		case !ok || !alerting.IsLabelName(name):
			return nil, usageError("Write name=value, such as team=payments.", "--label %q is no label", text)
		case name == "severity":
			return nil, usageError("Use --severity.", "--label %q: the severity has a flag of its own", text)
		}
		labels[name] = value
	}
	if o.text == "-" {
		o.text, err = readText(in)
	}
	return labels, err
}

// mostText bounds what is read from standard input, in bytes.
const mostText = 64 << 10

// readText reads a text whose end matters most, as that of a program's output
// does: of a longer one the last mostText bytes.
func readText(in io.Reader) (string, error) {
	var kept []byte
	cut := false
	piece := make([]byte, 32<<10)
	for {
		n, err := in.Read(piece)
		kept = append(kept, piece[:n]...)
		if len(kept) > mostText {
			cut = true
			kept = slices.Clone(kept[len(kept)-mostText:])
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", usageError("", "standard input cannot be read: %w", err)
		}
	}
	text := strings.TrimSpace(strings.ToValidUTF8(string(kept), "�"))
	if cut {
		text = "… " + text
	}
	return text, nil
}

func (a *App) sendAlert(ctx context.Context, o sendOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if err := a.keepsRecord("a message"); err != nil {
		return err
	}
	labels, err := o.read(a.In)
	if err != nil {
		return err
	}
	var doc report.Document
	err = a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		if cfg.Alerting.Disabled {
			return &failure{code: exitConfig, err: errors.New("alerting is disabled, so nobody is told of anything"), hint: "Take alerting.disabled out of the configuration."}
		}
		if _, err := chosenChannels(cfg, o.channels); err != nil {
			return err
		}
		v, err := a.alertView(ctx, cfg, db)
		if err != nil {
			return err
		}
		began := time.Now()
		results, err := a.tell(ctx, cfg, db, v, o, labels)
		doc = report.NewDocument(results, v.now, time.Since(began))
		if err != nil {
			return err
		}
		return a.printDocument(f, doc, a.view(cfg))
	})
	if err != nil {
		return err
	}
	return verdict(doc.Status, o.failOn)
}

// tell decides whether there is anything to be told, keeps it and sends it.
func (a *App) tell(ctx context.Context, cfg *configs.Config, db *history.DB, v alertView, o sendOptions, labels map[string]string) ([]checks.Result, error) {
	said, err := a.saidBefore(ctx, db, o)
	if err != nil {
		return nil, err
	}
	notices, nothing := v.compose(o, labels, said)
	if nothing != nil {
		return []checks.Result{*nothing}, nil
	}
	if err := db.Enqueue(ctx, notices...); err != nil {
		return nil, err
	}
	log, file := a.quietLogger(cfg)
	defer file.Close()
	end := a.progress(ctx, "sending")
	tally := a.newDrain(cfg, db, log).Once(ctx)
	end()
	if err := errors.Join(tally.Errors...); err != nil {
		a.note("the message is kept and not yet sent: %s%s", err, hintOf(err))
	}
	var results []checks.Result
	for _, n := range notices {
		o, err := settledMessage(ctx, db, n.Message.Key)
		if err != nil {
			return nil, err
		}
		results = append(results, v.sentResult(o, n))
	}
	return results, nil
}

// settledMessage waits a moment for a message that another process has taken.
func settledMessage(ctx context.Context, db *history.DB, key string) (o alerting.Outgoing, err error) {
	for range 40 {
		var found bool
		o, found, err = db.Message(ctx, key)
		underWay := found && o.State == "waiting" && o.Attempts > 0 && o.Error == ""
		if err != nil || !underWay || ctx.Err() != nil {
			return o, err
		}
		pause(ctx, 50*time.Millisecond)
	}
	return o, nil
}

// sentResult is what became of a message on one channel.
func (v alertView) sentResult(o alerting.Outgoing, n alerting.Notice) checks.Result {
	r := checks.Result{Check: "channel." + n.Channel, Critical: true, Started: v.now, Summary: "accepted"}
	if o.State == "sent" {
		r.Duration = max(0, o.EndedAt.Sub(o.CreatedAt))
	}
	switch {
	case o.State == "dead":
		r.Status, r.Error = checks.Unhealthy, v.redact(o.Error)
		r.Summary = "given up: " + r.Error
	case o.State == "waiting" && o.Error != "":
		r.Status, r.Error = checks.Degraded, v.redact(o.Error)
		r.Summary = "not taken yet, tried again at " + shortTime(o.DueAt, v.now, v.location) + ": " + r.Error
		r.Hint = "It is kept: 'vitals serve' or the next 'vitals check' sends it. See 'vitals alert history --messages'."
	case o.State == "waiting":
		r.Status, r.Summary = checks.Degraded, "waits behind others, or for a channel that is left alone for a moment"
		r.Hint = "It is kept: 'vitals serve' or the next 'vitals check' sends it. See 'vitals alert history --messages'."
	}
	return r
}
