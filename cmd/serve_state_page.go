package cmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

const (
	pageResults  = 60                  // past results of a check on the status page
	pagePast     = 30 * 24 * time.Hour // how far back its incidents go
	pageMostPast = 10
	pageMessages = 24 * time.Hour
)

// page gathers what the status page shows. What history does not tell is
// missing, and a note says so.
func (o *office) page(ctx context.Context) report.StatusPage {
	results, missing := o.board.Last()
	p := report.StatusPage{Environment: o.cfg.Environment, Version: readBuild().version, Now: o.app.Now(), Missing: missing, PastSince: pagePast}
	for _, r := range results {
		p.Checks = append(p.Checks, report.PageCheck{Result: r})
	}
	if o.asker == nil {
		return p
	}
	err := o.with(ctx, func(db *history.DB) error {
		if err := o.app.pageAlerts(ctx, &p, o.cfg, db); err != nil {
			return err
		}
		return pageTrends(ctx, &p, db, o.since)
	})
	if err != nil {
		o.log.Error("the status page lacks what history knows", "error", err)
		p.Notes = append(p.Notes, "The history does not answer: what is missing here is not known at the moment.")
		return p
	}
	if o.uptime != nil {
		o.uptime.onto(&p)
		o.uptime.renew(o.asker, p.Now, o.cfg.Location())
	}
	return p
}

// pageAlerts adds alerts, incidents and messages.
func (a *App) pageAlerts(ctx context.Context, p *report.StatusPage, cfg *configs.Config, db *history.DB) (err error) {
	v, err := a.alertView(ctx, cfg, db)
	if err != nil {
		return err
	}
	for _, one := range v.active() {
		if one.Phase == alerting.Firing {
			one.Annotations = map[string]string{"summary": v.redact(summaryOf(one.Alert))}
			p.Alerts = append(p.Alerts, report.PageAlert{Alert: one.Alert, Muted: v.redact(one.why)})
		}
	}
	for _, s := range v.state.Rules {
		if s.EvaluatedAt.After(p.RulesAt) {
			p.RulesAt = s.EvaluatedAt
		}
	}
	p.Open = slices.Clone(v.state.Incidents)
	slices.SortStableFunc(p.Open, worstAndNewest)
	if p.Past, err = db.Incidents(ctx, history.IncidentFilter{From: p.Now.Add(-pagePast), Most: pageMostPast + len(p.Open)}); err != nil {
		return err
	}
	p.Past = slices.DeleteFunc(p.Past, alerting.Incident.IsOpen)
	p.Past = p.Past[:min(len(p.Past), pageMostPast)]
	return pageSent(ctx, p, db, v.redact)
}

func worstAndNewest(x, y alerting.Incident) int {
	if x.Severity != y.Severity && alerting.Worse(x.Severity, y.Severity) {
		return -1
	}
	if x.Severity != y.Severity {
		return 1
	}
	return y.OpenedAt.Compare(x.OpenedAt)
}

// pageSent adds the messages of the last day, the newest first.
func pageSent(ctx context.Context, p *report.StatusPage, db *history.DB, redact func(string) string) error {
	all, err := db.Sent(ctx, p.Now.Add(-pageMessages))
	if err != nil {
		return err
	}
	waiting, err := db.Waiting(ctx)
	if err != nil {
		return err
	}
	all = append(all, waiting...)
	slices.SortFunc(all, func(x, y alerting.Outgoing) int { return int(y.Seq - x.Seq) })
	// What was sent between the two readings is in both.
	p.Messages = slices.CompactFunc(all, func(x, y alerting.Outgoing) bool { return x.Seq == y.Seq })
	for i := range p.Messages {
		p.Messages[i].Notice.Message.Title = redact(p.Messages[i].Notice.Message.Title)
	}
	return nil
}

// pageTrends adds the past of each check. The book may be nil.
func pageTrends(ctx context.Context, p *report.StatusPage, db *history.DB, book *sinceBook) error {
	var names []string
	for _, c := range p.Checks {
		names = append(names, c.Check)
	}
	if len(names) == 0 {
		return nil
	}
	recent, err := db.Recent(ctx, pageResults, names...)
	if err != nil {
		return err
	}
	for i := range p.Checks {
		c := &p.Checks[i]
		for _, point := range recent[c.Check] {
			c.Recent = append(c.Recent, report.Point{Time: point.Time, Status: point.Status, Duration: point.Duration})
		}
	}
	return book.onto(ctx, p, recent, db)
}

// emergencyGatherer gathers the emergency document from the board.
func (o *office) emergencyGatherer() *gatherer {
	g := o.app.newGatherer(o.cfg)
	g.live = func(ctx context.Context) []checks.Result { return o.board.All(ctx, o.cfg.Serve.HealthMaxAge) }
	g.nothing = o.asker == nil
	return g
}

// failedShare asks for the share of a stretch of time in which each check
// failed.
func failedShare(length time.Duration) string {
	return fmt.Sprintf("max by (check) (avg_over_time(vitals_check_failed[%ds]))", int64(length/time.Second))
}
