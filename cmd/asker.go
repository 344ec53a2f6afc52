package cmd

import (
	"context"
	"sync"
	"time"

	"vitals/configs"
	"vitals/internal/history"
)

// asker answers queries about the history beside the keeper, over a connection
// of its own: a long query must not hold up what is recorded. The file is
// opened with the first question, and again after it could not be.
type asker struct {
	options history.Options
	mu      sync.Mutex
	db      *history.DB
	engine  *history.Engine
}

// newAsker returns nil when nothing is kept.
func (a *App) newAsker(cfg *configs.Config) *asker {
	if a.flags.noRecord || cfg.History.Disabled {
		return nil
	}
	return &asker{options: historyOptions(cfg, keeperPatience)}
}

func (q *asker) open(ctx context.Context) (*history.Engine, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.engine != nil {
		return q.engine, nil
	}
	db, err := history.Open(ctx, q.options)
	if err != nil {
		return nil, err
	}
	q.db, q.engine = db, history.NewEngine(db, history.EngineOptions{})
	return q.engine, nil
}

// database is the history that questions are answered from. It stays the
// asker's.
func (q *asker) database(ctx context.Context) (*history.DB, error) {
	if _, err := q.open(ctx); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.db, nil
}

func (q *asker) close() {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.db != nil {
		_ = q.db.Close() // it only read
	}
}

// Instant answers an expression at one moment.
func (q *asker) Instant(ctx context.Context, expr string, at time.Time) (history.Answer, error) {
	e, err := q.open(ctx)
	if err != nil {
		return history.Answer{}, err
	}
	return e.Instant(ctx, expr, at)
}

// Range answers an expression over a range.
func (q *asker) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (history.Answer, error) {
	e, err := q.open(ctx)
	if err != nil {
		return history.Answer{}, err
	}
	return e.Range(ctx, expr, from, to, step)
}

// Series lists the series that selectors match.
func (q *asker) Series(ctx context.Context, selectors []string, from, to time.Time) ([]map[string]string, error) {
	e, err := q.open(ctx)
	if err != nil {
		return nil, err
	}
	return e.Series(ctx, selectors, from, to)
}

// LabelNames lists the names of labels.
func (q *asker) LabelNames(ctx context.Context, selectors []string, from, to time.Time) ([]string, error) {
	e, err := q.open(ctx)
	if err != nil {
		return nil, err
	}
	return e.LabelNames(ctx, selectors, from, to)
}

// LabelValues lists the values of a label.
func (q *asker) LabelValues(ctx context.Context, name string, selectors []string, from, to time.Time) ([]string, error) {
	e, err := q.open(ctx)
	if err != nil {
		return nil, err
	}
	return e.LabelValues(ctx, name, selectors, from, to)
}
