package history

import (
	"context"
	"database/sql"
	"time"
)

// keepMessages is how long messages that were sent, changes of alerts and
// silences that ended are kept: what a monthly or quarterly review looks at.
const keepMessages = 92 * 24 * time.Hour

// records removes what is old of alerts, messages, incidents, runs and answers.
// The newest 50 runs of each job are kept however old they are: a yearly job
// must not be forgotten before its next run.
func (p *pruner) records(now time.Time) error {
	messages, all := keepMessages, p.db.opt.Retention
	if all > 0 {
		messages = min(messages, all)
	}
	runs := messages
	if raw := p.db.opt.RawRetention; raw > 0 {
		runs = min(runs, raw)
	}
	if err := p.removeRecords(now.Add(-messages).UnixMilli(), []string{
		"DELETE FROM transitions WHERE key IN (SELECT key FROM transitions WHERE time < ? LIMIT 2000)",
		"DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state <> 'waiting' AND ended_at < ? LIMIT 2000)",
		"DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until < ? LIMIT 2000)",
	}); err != nil {
		return err
	}
	if err := p.removeRecords(now.Add(-runs).UnixMilli(), []string{
		`DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE scheduled_at < ? AND leased_until = 0
			AND (SELECT count(*) FROM (SELECT 1 FROM runs AS newer WHERE newer.job = runs.job AND newer.scheduled_at > runs.scheduled_at LIMIT 50) AS newest) >= 50 LIMIT 2000)`,
	}); err != nil || all <= 0 {
		return err
	}
	return p.removeRecords(now.Add(-all).UnixMilli(), []string{
		"DELETE FROM timeline WHERE incident_id IN (SELECT id FROM incidents WHERE status IN ('resolved', 'closed') AND opened_at < ? LIMIT 200)",
		"DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE status IN ('resolved', 'closed') AND opened_at < ? AND NOT EXISTS (SELECT 1 FROM timeline WHERE timeline.incident_id = incidents.id) LIMIT 2000)",
		"DELETE FROM answers WHERE seq IN (SELECT seq FROM answers WHERE time < ? LIMIT 2000)",
	})
}

// removeRecords runs each statement, with the time, until it removes nothing.
func (p *pruner) removeRecords(before int64, statements []string) error {
	for _, statement := range statements {
		for removed := int64(1); removed > 0; {
			err := p.step(func(ctx context.Context, conn *sql.Conn) error {
				gone, err := conn.ExecContext(ctx, statement, before)
				if err == nil {
					removed, err = gone.RowsAffected()
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
