package cmd

import (
	"context"
	"time"

	"vitals/configs"
	"vitals/internal/history"
	"vitals/internal/server"
	"vitals/schedule"
)

// heart keeps the heartbeats that serve is sent. It opens the history for each:
// they are rare, and one that waits for a broken history holds up nobody else.
type heart struct {
	app  *App
	cfg  *configs.Config
	kept func() // called after one was kept
}

// Beat implements server.Heart.
func (h *heart) Beat(ctx context.Context, b server.Beat) error {
	db, err := history.Open(ctx, historyOptions(h.cfg, keeperPatience))
	if err != nil {
		return err
	}
	defer db.Close() // what was kept is kept
	job := schedule.Job{Name: b.Name, Every: b.Every, Slack: b.Slack, Most: b.Most}
	outcome := map[string]schedule.Outcome{"start": schedule.Running, "success": schedule.Succeeded, "fail": schedule.Failed}[b.State]
	if err := h.app.heartbeat(ctx, db, job, outcome, b.Summary); err != nil {
		return err
	}
	h.kept()
	return nil
}

// ParseDuration implements server.Heart.
func (h *heart) ParseDuration(text string) (time.Duration, error) { return configs.ParseDuration(text) }
