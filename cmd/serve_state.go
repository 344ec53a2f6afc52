package cmd

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/internal/server"
)

// office answers what serve's routes ask of the history, and does for a request
// what a command would do. It is made anew with each configuration.
type office struct {
	app     *App
	cfg     *configs.Config
	asker   *asker
	board   *checks.Board
	log     *slog.Logger
	changed func() // called when an incident was opened or changed
	told    *deliveries
	since   *sinceBook
	uptime  *uptime // nil where nobody keeps one
}

// with hands f the history. What it fails with is made a server.Refusal where
// the request is to blame.
func (o *office) with(ctx context.Context, f func(db *history.DB) error) error {
	db, err := o.asker.database(ctx)
	if err != nil {
		return err
	}
	return refusalOf(f(db))
}

// refusalOf tells a request that cannot be carried out from trouble of the
// history.
func refusalOf(err error) error {
	if _, ok := errors.AsType[*conflict](err); ok {
		return &server.Refusal{Code: http.StatusConflict, Why: err.Error()}
	}
	if errors.Is(err, history.ErrNoIncident) {
		return &server.Refusal{Code: http.StatusNotFound, Why: history.ErrNoIncident.Error()}
	}
	if f, ok := errors.AsType[*failure](err); ok && f.code == exitUsage {
		return &server.Refusal{Code: http.StatusBadRequest, Why: strings.TrimSpace(f.Error() + ". " + f.hint)}
	}
	return err
}

// ListIncidents implements server.Incidents.
func (o *office) ListIncidents(ctx context.Context, since time.Duration, openOnly bool) (t checks.Table, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		now := o.app.Now()
		all, err := incidentsSinceOrOpen(ctx, db, now.Add(-since), openOnly)
		t = incidentTable(all, now, false)
		return err
	})
	return t, err
}

// Incident implements server.Incidents.
func (o *office) Incident(ctx context.Context, id string) (i alerting.Incident, timeline []alerting.Entry, err error) {
	err = o.with(ctx, func(db *history.DB) (err error) {
		if i, timeline, err = db.Incident(ctx, id); err != nil {
			err = noIncident(id, err)
		}
		return err
	})
	return i, timeline, err
}

// OpenIncident implements server.IncidentDesk.
func (o *office) OpenIncident(ctx context.Context, r server.IncidentRequest) (i alerting.Incident, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		ask, err := incidentByHand(r.Type, r.Severity, r.Description, r.Runbook, r.Labels)
		if err != nil {
			return err
		}
		if i, _, err = o.app.desk(o.cfg, db).open(ctx, ask, r.By, "Opened by "+r.By+"."); err == nil {
			logOpened(o.log.Info, i, r.By)
			o.changed()
		}
		return err
	})
	return i, err
}

// ChangeIncident implements server.IncidentDesk.
func (o *office) ChangeIncident(ctx context.Context, id, verb string, r server.ChangeRequest) (i alerting.Incident, err error) {
	err = o.with(ctx, func(db *history.DB) (err error) {
		desk := o.app.desk(o.cfg, db)
		if verb == "note" {
			i, err = desk.note(ctx, id, r.Note, r.By)
			return err
		}
		does, known := incidentVerbs()[verb]
		if !known {
			return usageError("", "an incident cannot be told to %s", verb)
		}
		if i, err = desk.change(ctx, id, does, r.By, r.Note); err == nil {
			logChanged(o.log.Info, i, does, r.By, r.Note)
			o.changed()
		}
		return err
	})
	return i, err
}

// CheckHistory implements server.Kept.
func (o *office) CheckHistory(ctx context.Context, check string, most int) (t checks.Table, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		recent, err := db.Recent(ctx, most, check)
		if err != nil {
			return err
		}
		points, known := recent[check]
		if !known {
			return &server.Refusal{Code: http.StatusNotFound, Why: "no result of a check called " + check + " is kept"}
		}
		t = checks.Table{Name: "results", Columns: []checks.Column{
			{Name: "time", Kind: checks.KindTime}, {Name: "status"}, {Name: "duration", Kind: checks.KindDuration}, {Name: "summary"},
		}}
		for _, p := range points {
			t.Add(p.Time, p.Status.String(), p.Duration, textOrNil(p.Summary))
		}
		return nil
	})
	return t, err
}
