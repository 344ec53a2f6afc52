package ruletest

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"vitals/alerting"
)

// instant answers an expression at one moment, as a rule would see it.
func (r *run) instant(ctx context.Context, from storage.Queryable, expr string, at time.Time) (promql.Vector, error) {
	query, err := r.engine.NewInstantQuery(ctx, from, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	switch v := result.Value.(type) {
	case promql.Vector:
		return append(promql.Vector(nil), v...), nil // the engine takes its own back
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, nil
	}
	return nil, errors.New("it comes to neither numbers of the moment nor a single number")
}

// observe evaluates a rule's expression as the history does: with the answer
// comes whether anything that it reads was recorded at all.
func (r *run) observe(ctx context.Context, s *store, rule alerting.Rule, at time.Time) alerting.Observation {
	w := &watcher{store: s}
	found, err := r.instant(ctx, w, rule.Expr, at)
	if err != nil {
		return alerting.Observation{Err: err}
	}
	// absent(x) answers where there is nothing: then that is the answer.
	o := alerting.Observation{NoData: w.asked && !w.found && len(found) == 0 && !rule.WantsNoData}
	for _, one := range found {
		o.Series = append(o.Series, alerting.Series{Labels: one.Metric.Map(), Value: one.F})
	}
	return o
}

// watcher notes, while the engine reads from a store, whether there was
// anything to read.
type watcher struct {
	store        *store
	asked, found bool
}

func (w *watcher) Querier(from, to int64) (storage.Querier, error) {
	return &watching{querier{store: w.store, from: from, to: to}, w}, nil
}

type watching struct {
	querier
	w *watcher
}

func (q *watching) Select(ctx context.Context, sort bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.from, q.to
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	q.w.asked = true
	q.w.found = q.w.found || q.store.recorded(from, to, matchers)
	return q.querier.Select(ctx, sort, hints, matchers...)
}
