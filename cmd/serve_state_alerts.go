package cmd

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/internal/server"
)

// withAlerts hands f the state of the alerts as the commands see it.
func (o *office) withAlerts(ctx context.Context, f func(v alertView, db *history.DB) error) error {
	return o.with(ctx, func(db *history.DB) error {
		v, err := o.app.alertView(ctx, o.cfg, db)
		if err != nil {
			return err
		}
		return f(v, db)
	})
}

// ActiveAlerts implements server.Alerts.
func (o *office) ActiveAlerts(ctx context.Context) (t checks.Table, err error) {
	err = o.withAlerts(ctx, func(v alertView, _ *history.DB) error {
		t = v.activeTable(v.active())
		return nil
	})
	return t, err
}

// AlertHistory implements server.Alerts.
func (o *office) AlertHistory(ctx context.Context, since time.Duration, most int) (t checks.Table, err error) {
	err = o.withAlerts(ctx, func(v alertView, db *history.DB) error {
		all, err := db.Transitions(ctx, v.now.Add(-since), v.now, most)
		t = v.transitionTable(all)
		return err
	})
	return t, err
}

// ListSilences implements server.Silences.
func (o *office) ListSilences(ctx context.Context) (t checks.Table, err error) {
	err = o.withAlerts(ctx, func(v alertView, _ *history.DB) error {
		t = quietTable(v.quiet(v.state.Silences, false))
		return nil
	})
	return t, err
}

// AddSilence implements server.Silences.
func (o *office) AddSilence(ctx context.Context, r server.SilenceRequest) (s alerting.Silence, err error) {
	if s, err = silenceAsked(r, o.app.Now()); err != nil {
		return s, &server.Refusal{Code: http.StatusBadRequest, Why: err.Error()}
	}
	err = o.with(ctx, func(db *history.DB) error { return db.AddSilence(ctx, s) })
	if err == nil {
		o.logSilence("silence made", s, s.By)
	}
	return s, err
}

// silenceAsked reads what a request says of a silence.
func silenceAsked(r server.SilenceRequest, now time.Time) (s alerting.Silence, err error) {
	s = alerting.Silence{ID: uuid.NewString(), From: now, By: r.By, Why: strings.TrimSpace(r.Why)}
	for _, text := range r.Matchers {
		m, err := alerting.ParseMatcher(text)
		if err != nil {
			return s, err
		}
		s.Matchers = append(s.Matchers, m)
	}
	if r.From != "" {
		if s.From, err = time.Parse(time.RFC3339, r.From); err != nil {
			return s, usageError("", "from: %q is no moment such as %s", r.From, now.Format(time.RFC3339))
		}
	}
	switch {
	case (r.For == "") == (r.Until == ""):
		return s, usageError("", "say how long the silence lasts: either for, such as 2h, or until, such as %s", now.Format(time.RFC3339))
	case s.Why == "":
		return s, usageError("", "why is missing: somebody will wonder at night")
	case r.For != "":
		length, err := configs.ParseDuration(r.For)
		if err != nil {
			return s, usageError("", "for: %w", err)
		}
		s.Until = s.From.Add(length)
	default:
		if s.Until, err = time.Parse(time.RFC3339, r.Until); err != nil {
			return s, usageError("", "until: %q is no moment such as %s", r.Until, now.Format(time.RFC3339))
		}
	}
	if !s.Until.After(now) {
		return s, usageError("", "the silence would have ended already, at %s", s.Until.Format(time.RFC3339))
	}
	return s, s.Validate()
}

// EndSilence implements server.Silences.
func (o *office) EndSilence(ctx context.Context, id, by string) (s alerting.Silence, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		now := o.app.Now()
		all, err := db.Silences(ctx, now)
		if err != nil {
			return err
		}
		if s, err = silenceOf(all, id); err != nil {
			return &server.Refusal{Code: http.StatusNotFound, Why: "no silence in force or to come has the id " + id}
		}
		s.From, s.Until = earlier(s.From, now), now
		return db.AddSilence(ctx, s)
	})
	if err == nil {
		o.logSilence("silence ended early", s, by)
	}
	return s, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (o *office) logSilence(what string, s alerting.Silence, by string) {
	o.log.Info(what, "silence", s.ID, "matchers", matchersText(s.Matchers), "from", s.From, "until", s.Until, "by", by, "why", s.Why)
}
