package history

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"vitals/alerting"
)

// Series returns the labels, with __name__, of every series that one of the
// selectors, such as up{job="x"}, matches and that has samples in the time; each
// once, sorted. A selector that is not one is an *ExpressionError.
func (e *Engine) Series(ctx context.Context, selectors []string, from, to time.Time) ([]map[string]string, error) {
	found := map[string]labels.Labels{}
	err := e.matching(from, to, selectors, func(q storage.Querier, matchers []*labels.Matcher) error {
		set := q.Select(ctx, true, &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli(), Func: "series"}, matchers...)
		for set.Next() {
			l := set.At().Labels()
			found[l.String()] = l
		}
		return set.Err()
	})
	var all []map[string]string
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all = append(all, labelMap(found[key]))
	}
	return all, err
}

// LabelNames returns the names of labels among the series that one of the
// selectors matches, or among all where there is none; each once, sorted.
func (e *Engine) LabelNames(ctx context.Context, selectors []string, from, to time.Time) ([]string, error) {
	return e.words(from, to, selectors, func(q storage.Querier, matchers []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, nil, matchers...)
		return names, err
	})
}

// LabelValues returns the values of one label, as LabelNames does.
func (e *Engine) LabelValues(ctx context.Context, name string, selectors []string, from, to time.Time) ([]string, error) {
	return e.words(from, to, selectors, func(q storage.Querier, matchers []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, name, nil, matchers...)
		return values, err
	})
}

func (e *Engine) words(from, to time.Time, selectors []string, ask func(storage.Querier, []*labels.Matcher) ([]string, error)) ([]string, error) {
	set := map[string]bool{}
	err := e.matching(from, to, selectors, func(q storage.Querier, matchers []*labels.Matcher) error {
		words, err := ask(q, matchers)
		for _, w := range words {
			set[w] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(set)), err
}

// matching calls f with the matchers of each selector, on one view of the
// history; without selectors once, with none.
func (e *Engine) matching(from, to time.Time, selectors []string, f func(storage.Querier, []*labels.Matcher) error) error {
	q, err := e.db.Queryable().Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	defer q.Close()
	if len(selectors) == 0 {
		return f(q, nil)
	}
	for _, s := range selectors {
		matchers, err := parser.NewParser(parser.Options{}).ParseMetricSelector(s)
		if err != nil {
			return alerting.ExplainExpression(s, err)
		}
		if err := f(q, matchers); err != nil {
			return err
		}
	}
	return nil
}
