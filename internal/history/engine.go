package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"vitals/alerting"
)

// EngineOptions bound what a query may take. What is 0 has its default.
type EngineOptions struct {
	Timeout    time.Duration // for one query; 30 s by default
	MaxSamples int           // in memory at one time, for one query; 10 million by default
	// Lookback is how old the newest sample of a series may be for the series to
	// still have a value; 5 minutes by default, as in Prometheus.
	Lookback time.Duration
}

// Engine answers PromQL from a history, as Prometheus does. It is safe for use
// by many goroutines.
type Engine struct {
	db      *DB
	options EngineOptions
	engine  *promql.Engine
}

// NewEngine returns an engine that reads from a history, which it does not
// close.
func NewEngine(db *DB, o EngineOptions) *Engine {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxSamples <= 0 {
		o.MaxSamples = mostSamples
	}
	if o.Lookback <= 0 {
		o.Lookback = 5 * time.Minute
	}
	return &Engine{db: db, options: o, engine: promql.NewEngine(promql.EngineOpts{
		Timeout: o.Timeout, MaxSamples: o.MaxSamples, LookbackDelta: o.Lookback, Parser: parser.NewParser(parser.Options{}),
		EnableAtModifier: true, EnableNegativeOffset: true,
		// Prometheus' own default for [1h:] is its evaluation interval, a minute.
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})}
}

// Instant answers an expression at one moment.
func (e *Engine) Instant(ctx context.Context, expr string, at time.Time) (Answer, error) {
	v := e.db.view(false, e.options.MaxSamples)
	defer v.close()
	return e.instant(ctx, v.queryable(), expr, at)
}

func (e *Engine) instant(ctx context.Context, from storage.Queryable, expr string, at time.Time) (Answer, error) {
	query, err := e.engine.NewInstantQuery(ctx, from, nil, expr, at)
	if err != nil {
		return Answer{}, e.explain(expr, err)
	}
	return e.answer(ctx, expr, query)
}

// Range answers an expression at each step from one moment to another, both
// included. It fails for a step that is not positive and for an end before the
// start, and for expressions that are neither scalars nor instant vectors.
func (e *Engine) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (Answer, error) {
	if step < time.Millisecond {
		return Answer{}, &ExpressionError{Expr: expr, Reason: fmt.Sprintf("the step must be a millisecond at least, not %s", step)}
	}
	if to.Before(from) {
		return Answer{}, &ExpressionError{Expr: expr, Reason: "the end of the range is before its start"}
	}
	v := e.db.view(false, e.options.MaxSamples)
	defer v.close()
	query, err := e.engine.NewRangeQuery(ctx, v.queryable(), nil, expr, from, to, step)
	if err != nil {
		return Answer{}, e.explain(expr, err)
	}
	return e.answer(ctx, expr, query)
}

func (e *Engine) answer(ctx context.Context, expr string, query promql.Query) (Answer, error) {
	defer query.Close() // the samples go back to a pool: they are copied before
	result := query.Exec(ctx)
	if result.Err != nil {
		return Answer{}, e.explain(expr, result.Err)
	}
	a := answerOf(result.Value)
	warnings, infos := result.Warnings.AsStrings(expr, 0, 0)
	a.Warnings = append(warnings, infos...)
	return a, nil
}

// explain turns an error of the query engine into one for people.
func (e *Engine) explain(expr string, err error) error {
	stored, ok := errors.AsType[*Error](err)
	if ok && stored.Kind != Interrupted {
		return stored
	}
	if _, ok := errors.AsType[promql.ErrQueryTimeout](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return &ExpressionError{Expr: expr, Err: err, Reason: fmt.Sprintf("time ran out before it was answered (a query has %s at most)", e.options.Timeout)}
	}
	if _, ok := errors.AsType[promql.ErrTooManySamples](err); ok {
		return &ExpressionError{Expr: expr, Err: err, Reason: fmt.Sprintf(
			"it needs more than %d samples at one time: ask for less time, fewer series or a larger step", e.options.MaxSamples)}
	}
	if _, ok := errors.AsType[promql.ErrQueryCanceled](err); ok || stored != nil {
		return &ExpressionError{Expr: expr, Err: err, Reason: "it was interrupted"}
	}
	return alerting.ExplainExpression(expr, err)
}
