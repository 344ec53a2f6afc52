package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/alerting/notify"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

// alerter evaluates the rules over an open history and delivers what follows.
// A command makes one, uses it once and is gone; serve keeps it.
type alerter struct {
	policy     alerting.Policy
	configured []configs.Job
	db         *history.DB
	engine     *history.Engine
	drain      *notify.Drain
	log        *slog.Logger
	now        func() time.Time
}

// newAlerter makes the alerter of a configuration. The history stays the
// caller's.
func (a *App) newAlerter(cfg *configs.Config, db *history.DB, log *slog.Logger) *alerter {
	return &alerter{
		policy: a.alertPolicy(cfg), configured: cfg.Jobs(), db: db, engine: history.NewEngine(db, history.EngineOptions{}),
		drain: a.newDrain(cfg, db, log), log: log, now: a.Now,
	}
}

// alertPolicy completes the policy with what only a process can know.
func (a *App) alertPolicy(cfg *configs.Config) alerting.Policy {
	policy := cfg.AlertPolicy()
	policy.NewID = uuid.NewString
	if base := strings.TrimSuffix(cfg.Serve.PublicURL, "/"); base != "" {
		policy.Link = func(incident string) string { return base + "/incidents/" + incident }
	}
	return policy
}

// newDrain makes the drain of a configuration's channels.
func (a *App) newDrain(cfg *configs.Config, outbox notify.Outbox, log *slog.Logger) *notify.Drain {
	lines := map[string]notify.Line{}
	for _, ch := range cfg.Channels {
		o := ch.Options.Settings()
		if !o.Disabled {
			lines[o.Name] = notify.Line{Channel: ch.Options.Channel(notify.Outlets{Console: a.Err, Log: log}), Timeout: o.Timeout}
		}
	}
	return &notify.Drain{
		Outbox: outbox, Lines: lines, Fallback: cfg.Alerting.Fallback, By: processName(),
		Redactor: checks.NewRedactor(cfg.Secrets()...), Log: log, Now: a.Now,
	}
}

// processName names this process among all that share a history.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// step evaluates all rules and moves the alerts on. What is to be told is in
// the outbox then, and not yet sent.
func (r *alerter) step(ctx context.Context) (alerting.Changes, error) {
	r.jobs(ctx)
	at := r.now()
	seen := r.observe(ctx, at)
	if ctx.Err() != nil {
		return alerting.Changes{}, ctx.Err()
	}
	done, err := r.db.Step(ctx, func(s alerting.State) alerting.Changes { return r.policy.Step(s, seen, at) })
	if err == nil {
		r.say(done)
	}
	return done, err
}

// jobs records what is known of the jobs, for the rules about them.
func (r *alerter) jobs(ctx context.Context) {
	now := r.now()
	states, err := r.db.Jobs(ctx, now.Add(-jobsSince))
	if err == nil {
		if result, any := jobResult(states, r.configured, now); any {
			err = r.db.Record(ctx, []checks.Result{result})
		}
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("what the jobs did was not recorded; rules about them have no data", "error", err)
	}
}

// observe asks every rule's question about one moment.
func (r *alerter) observe(ctx context.Context, at time.Time) map[string]alerting.Observation {
	round := r.engine.Round(at)
	defer round.Close()
	seen := make(map[string]alerting.Observation, len(r.policy.Rules))
	for _, rule := range r.policy.Rules {
		began := time.Now()
		o := observe(ctx, round, rule)
		o.Took = time.Since(began)
		if o.Err != nil {
			r.log.Error("a rule could not be evaluated; its alerts stay as they were", "rule", rule.Name, "error", o.Err)
		}
		seen[rule.Name] = o
	}
	return seen
}

func observe(ctx context.Context, round *history.Round, rule alerting.Rule) alerting.Observation {
	if nothing, err := round.Nothing(ctx, rule.Expr); nothing || err != nil {
		return alerting.Observation{NoData: true, Err: err}
	}
	answer, err := round.Instant(ctx, rule.Expr)
	if err != nil {
		return alerting.Observation{Err: err}
	}
	o := alerting.Observation{}
	switch answer.Kind {
	case history.Vector:
		for _, e := range answer.Vector {
			o.Series = append(o.Series, alerting.Series{Labels: e.Labels, Value: e.Value.Value})
		}
	case history.Scalar:
		if answer.Scalar.Value != 0 {
			o.Series = append(o.Series, alerting.Series{Value: answer.Scalar.Value})
		}
	}
	if len(o.Series) == 0 && !rule.WantsNoData {
		o.NoData, o.Err = round.NoData(ctx, rule.Expr)
	}
	return o
}

// say writes into the log what happened to incidents.
func (r *alerter) say(c alerting.Changes) {
	byID := map[string]alerting.Incident{}
	for _, i := range c.Incidents {
		byID[i.ID] = i
	}
	for _, e := range c.Entries {
		i := byID[e.Incident]
		switch e.Kind {
		case alerting.EntryOpened:
			r.log.Warn("incident opened", "incident", i.ID, "type", i.Type, "severity", i.Severity, "description", i.Description)
		case alerting.EntryResolved:
			r.log.Info("incident resolved", "incident", i.ID, "type", i.Type, "by", e.Actor)
		case alerting.EntryEscalated:
			r.log.Warn("incident escalated", "incident", i.ID, "type", i.Type, "text", e.Text)
		}
	}
}

// alertOnce is what a command does that has recorded something: it evaluates
// the rules and sends what is due. No answer of the command depends on it; what
// goes wrong is one warning, and the next process goes on from there.
func (a *App) alertOnce(ctx context.Context, cfg *configs.Config, db *history.DB) {
	if cfg.Alerting.Disabled {
		return
	}
	log, file := a.quietLogger(cfg)
	defer file.Close()
	r := a.newAlerter(cfg, db, log)
	if _, err := r.step(ctx); err != nil {
		fmt.Fprintf(a.Err, "vitals: warning: the alert rules were not evaluated: %s%s\n", err, hintOf(err))
		return
	}
	a.complainOf(r.drain.Once(ctx))
}

// complainOf says on standard error what was not delivered.
func (a *App) complainOf(t notify.Tally) {
	if len(t.Errors) > 0 {
		fmt.Fprintf(a.Err, "vitals: warning: messages wait to be sent: %s%s\n", t.Errors[0], hintOf(t.Errors[0]))
	}
	if n := t.Failed + t.GivenUp; n > 0 {
		fmt.Fprintf(a.Err, "vitals: warning: %s could not be delivered: see 'vitals alert history --messages'\n", countOf(n, "message"))
	}
}
