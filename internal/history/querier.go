package history

import (
	"context"
	"maps"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// Queryable is the history as Prometheus' query engine reads it. Every querier
// sees one moment of it, that of its first question; recording goes on beside
// it. A querier must be closed. A selection of more than 10 million samples
// fails with promql.ErrTooManySamples.
func (db *DB) Queryable() storage.Queryable {
	return storage.QueryableFunc(func(from, to int64) (storage.Querier, error) {
		v := db.view(false, mostSamples)
		return &querier{view: v, from: from, to: to, done: v.close}, nil
	})
}

// mostSamples is how many samples a query brings into memory where nobody chose
// another bound: 160 MB of times and values.
const mostSamples = 10_000_000

type querier struct {
	view     *view
	from, to int64 // Unix milliseconds, both included
	done     func()
}

// Select returns the series that match and have samples in the time asked for,
// sorted by labels.
func (q *querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	ask := question{from: q.from, to: q.to, matchers: matchers}
	if hints != nil {
		ask = asked(hints, matchers)
	}
	found, err := q.view.read(ctx, ask)
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	if hints != nil && hints.Limit > 0 && len(found) > hints.Limit {
		found = found[:hints.Limit]
	}
	return &seriesSet{series: found, at: -1}
}

// asked is what the engine's hints ask for. Without steps and range it looks at
// one moment, where the newest sample of a series is all that counts.
func asked(hints *storage.SelectHints, matchers []*labels.Matcher) question {
	return question{from: hints.Start, to: hints.End, newest: hints.Step == 0 && hints.Range == 0 && hints.Func != "series", function: hints.Func, matchers: matchers}
}

// LabelValues returns the values that a label has, sorted, among the series
// that match. It does not ask whether they have samples in the time.
func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values := map[string]bool{}
	err := q.view.each(ctx, matchers, func(l labels.Label) {
		if l.Name == name {
			values[l.Value] = true
		}
	})
	return firstOf(values, hints), nil, err
}

// LabelNames returns the names of labels, sorted, among the series that match.
func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names := map[string]bool{}
	err := q.view.each(ctx, matchers, func(l labels.Label) { names[l.Name] = true })
	return firstOf(names, hints), nil, err
}

// Close ends the querier's transaction.
func (q *querier) Close() error {
	q.done()
	return nil
}

// each calls f with every label of every metric that matches.
func (v *view) each(ctx context.Context, matchers []*labels.Matcher, f func(labels.Label)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.begin(ctx); err != nil {
		return err
	}
	for _, m := range v.list.matching(matchers) {
		m.labels.Range(f)
	}
	return nil
}

func firstOf(set map[string]bool, hints *storage.LabelHints) []string {
	list := slices.Sorted(maps.Keys(set))
	if hints != nil && hints.Limit > 0 && len(list) > hints.Limit {
		list = list[:hints.Limit]
	}
	return list
}

// between returns the part of a stretch from and to the times, both included.
func (s *stretch) between(from, to int64) stretch {
	first := sort.Search(len(s.times), func(i int) bool { return s.times[i] >= from })
	end := sort.Search(len(s.times), func(i int) bool { return s.times[i] > to })
	end = max(first, end)
	return stretch{from: from, to: to, times: s.times[first:end], values: s.values[first:end]}
}

type seriesSet struct {
	series []series
	at     int
}

func (s *seriesSet) Next() bool {
	s.at++
	return s.at < len(s.series)
}
func (s *seriesSet) At() storage.Series                { return &s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

type series struct {
	labels  labels.Labels
	samples stretch
}

func (s *series) Labels() labels.Labels { return s.labels }

// Iterator gives the samples one by one, with the given iterator where it is
// of the same kind.
func (s *series) Iterator(again chunkenc.Iterator) chunkenc.Iterator {
	it, ok := again.(*iterator)
	if !ok {
		it = &iterator{}
	}
	*it = iterator{stretch: s.samples, at: -1}
	return it
}

// iterator walks along floats; there are no native histograms in the history.
type iterator struct {
	stretch
	at int
}

func (it *iterator) Next() chunkenc.ValueType {
	if it.at < len(it.times) {
		it.at++
	}
	return it.kind()
}

// millis is Unix milliseconds. It has a name because vet holds every Seek of an
// int64 for a wrong io.Seeker.
type millis = int64

func (it *iterator) Seek(t millis) chunkenc.ValueType {
	it.at = max(it.at, 0)
	if it.at < len(it.times) && it.times[it.at] < t {
		rest := it.times[it.at:]
		it.at += sort.Search(len(rest), func(i int) bool { return rest[i] >= t })
	}
	return it.kind()
}

func (it *iterator) kind() chunkenc.ValueType {
	if it.at >= len(it.times) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

func (it *iterator) At() (int64, float64) { return it.times[it.at], it.values[it.at] }
func (it *iterator) AtT() int64           { return it.times[it.at] }
func (it *iterator) AtST() int64          { return 0 }
func (it *iterator) Err() error           { return nil }

func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return it.times[it.at], nil
}

func (it *iterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return it.times[it.at], nil
}
