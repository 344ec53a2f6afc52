package history

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Round answers many expressions about one moment from one reading of the
// history: what it looks like at the first question stays until Close. It is
// safe for use by many goroutines.
type Round struct {
	engine *Engine
	view   *view
	at     time.Time
}

// Round begins a round about a moment. It must be closed; until then SQLite
// keeps what was recorded meanwhile in its log, so that it should be short.
func (e *Engine) Round(at time.Time) *Round {
	return &Round{engine: e, view: e.db.view(true, e.options.MaxSamples), at: at}
}

// Instant answers an expression at the round's moment.
func (r *Round) Instant(ctx context.Context, expr string) (Answer, error) {
	return r.engine.instant(ctx, r.view.queryable(), expr, r.at)
}

// NoData is as Engine.NoData, at the round's moment.
func (r *Round) NoData(ctx context.Context, expr string) (bool, error) {
	return r.engine.noData(ctx, r.view, expr, r.at)
}

// Close lets go of what was read.
func (r *Round) Close() { r.view.close() }

// queryable is a view whose queriers leave it open.
func (v *view) queryable() storage.Queryable {
	return storage.QueryableFunc(func(from, to int64) (storage.Querier, error) {
		return &querier{view: v, from: from, to: to, done: func() {}}, nil
	})
}

// NoData tells whether nothing at all was recorded of what an expression reads:
// none of its selectors finds a sample in the time that it looks at, be that
// its range or the lookback, moved by offset and @. An expression that reads
// nothing, such as vector(1), is never without data.
//
// It is not the same as an empty answer: up == 0 is empty while all is well.
// And absent(x) answers where there is no data: a rule that asks for that wants
// to know.
func (e *Engine) NoData(ctx context.Context, expr string, at time.Time) (bool, error) {
	v := e.db.view(false, e.options.MaxSamples)
	defer v.close()
	return e.noData(ctx, v, expr, at)
}

func (e *Engine) noData(ctx context.Context, v *view, expr string, at time.Time) (bool, error) {
	asked, err := e.asked(ctx, expr, at)
	if err != nil {
		return false, err
	}
	for _, q := range asked {
		if found, err := v.read(ctx, q); err != nil || len(found) > 0 {
			return false, err
		}
	}
	return len(asked) > 0, nil
}

// asked returns what an expression reads at a moment. It lets the query engine
// say so itself: it evaluates the expression over nothing and writes down what
// it is asked for, which is all of it before anything is computed.
func (e *Engine) asked(ctx context.Context, expr string, at time.Time) ([]question, error) {
	n := &notes{}
	nothing := storage.QueryableFunc(func(int64, int64) (storage.Querier, error) { return n, nil })
	query, err := e.engine.NewInstantQuery(ctx, nothing, nil, expr, at)
	if err != nil {
		return nil, e.explain(expr, err)
	}
	defer query.Close()
	if err := query.Exec(ctx).Err; err != nil && n.asked == nil {
		return nil, e.explain(expr, err)
	}
	return n.asked, nil
}

// notes is a querier that has nothing and remembers what it was asked for.
type notes struct{ asked []question }

func (n *notes) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	n.asked = append(n.asked, asked(hints, matchers))
	return storage.EmptySeriesSet()
}

func (n *notes) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (n *notes) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (n *notes) Close() error { return nil }
