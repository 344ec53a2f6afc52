package ruletest

import (
	"context"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// series is one series of a test, its times in Unix milliseconds, ascending.
type series struct {
	labels labels.Labels
	times  []int64
	values []float64
}

// store holds a test's series as the query engine reads them. What is later
// than until has not been recorded yet.
type store struct {
	series []series
	until  int64
}

func newStore(list []series) *store {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b series) int { return labels.Compare(a.labels, b.labels) })
	return &store{series: list}
}

// Querier makes a store a storage.Queryable.
func (s *store) Querier(from, to int64) (storage.Querier, error) {
	return &querier{store: s, from: from, to: to}, nil
}

// recorded tells whether any sample that matches lies in a time, both ends
// included. The marker that a series has ended is no sample.
func (s *store) recorded(from, to int64, matchers []*labels.Matcher) bool {
	for _, one := range s.matching(from, to, matchers) {
		if slices.ContainsFunc(one.values, func(v float64) bool { return !value.IsStaleNaN(v) }) {
			return true
		}
	}
	return false
}

func (s *store) matching(from, to int64, matchers []*labels.Matcher) []series {
	to = min(to, s.until)
	var found []series
	for _, one := range s.series {
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.labels.Get(m.Name)) }) {
			continue
		}
		first := sort.Search(len(one.times), func(i int) bool { return one.times[i] >= from })
		end := max(first, sort.Search(len(one.times), func(i int) bool { return one.times[i] > to }))
		if end > first {
			found = append(found, series{one.labels, one.times[first:end], one.values[first:end]})
		}
	}
	return found
}

type querier struct {
	store    *store
	from, to int64
}

func (q *querier) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.from, q.to
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	return &seriesSet{list: q.store.matching(from, to, matchers), at: -1}
}

// The engine asks for no names and values of labels.

func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) Close() error { return nil }

type seriesSet struct {
	list []series
	at   int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *seriesSet) At() storage.Series                { return &s.list[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

func (s *series) Labels() labels.Labels { return s.labels }

func (s *series) Iterator(chunkenc.Iterator) chunkenc.Iterator { return &iterator{series: s, at: -1} }

// iterator walks along floats.
type iterator struct {
	*series
	at int
}

// millis is Unix milliseconds; vet holds every Seek of an int64 for a wrong
// io.Seeker.
type millis = int64

func (it *iterator) Next() chunkenc.ValueType {
	if it.at < len(it.times) {
		it.at++
	}
	return it.kind()
}

func (it *iterator) Seek(t millis) chunkenc.ValueType {
	it.at = max(it.at, 0)
	for it.at < len(it.times) && it.times[it.at] < t {
		it.at++
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
