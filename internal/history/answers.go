package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"vitals/schedule"
)

// ListAnswer is an answer to an item of a checklist, as it was kept.
type ListAnswer struct {
	List   string    // the checklist's name
	Period time.Time // when the day, week or month began that it is about
	schedule.Answer
}

// AddAnswers keeps answers, of people and of data alike.
func (db *DB) AddAnswers(ctx context.Context, answers ...ListAnswer) error {
	return db.durably(ctx, func(t *tx) error {
		for _, a := range answers {
			if _, err := t.exec("INSERT INTO answers (list, period, item, time, body) VALUES (?, ?, ?, ?, ?)",
				valid(a.List), a.Period.Format(time.DateOnly), valid(a.Item), whenMillis(a.At), body(a)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Answers are those kept about a period of a checklist, the oldest first.
func (db *DB) Answers(ctx context.Context, list string, period time.Time) ([]ListAnswer, error) {
	return db.answers(ctx, "WHERE list = ? AND period = ? ORDER BY seq", list, period.Format(time.DateOnly))
}

// AnswersSince are those kept since a moment, of every checklist, the oldest
// first.
func (db *DB) AnswersSince(ctx context.Context, since time.Time) ([]ListAnswer, error) {
	return db.answers(ctx, "WHERE time >= ? ORDER BY seq", whenMillis(since))
}

func (db *DB) answers(ctx context.Context, where string, args ...any) (all []ListAnswer, err error) {
	err = db.reading(ctx, func(t *tx) error {
		all = nil
		return t.each(func(row *sql.Rows) error {
			var text string
			if err := row.Scan(&text); err != nil {
				return err
			}
			var a ListAnswer
			err := json.Unmarshal([]byte(text), &a)
			all = append(all, a)
			return err
		}, "SELECT body FROM answers "+where, args...)
	})
	return all, err
}
