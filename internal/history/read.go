package history

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vitals/checks"
)

// Point is one past result of a check, in short.
type Point struct {
	Time     time.Time // when the check was started, to the millisecond
	Status   checks.Status
	Duration time.Duration // to the microsecond
	Summary  string        // "" when the result was healthy
}

// Recent returns the last n results of each named check, the oldest first.
// Without names it returns those of every check. A check that was never
// recorded is not in the map.
func (db *DB) Recent(ctx context.Context, n int, names ...string) (map[string][]Point, error) {
	recent := map[string][]Point{}
	err := db.reading(ctx, func(t *tx) error {
		clear(recent)
		ids, err := db.idsOf(t, names)
		if err != nil {
			return err
		}
		for name, id := range ids {
			points, err := t.recent(id, n)
			if err != nil {
				return err
			}
			if points != nil {
				recent[name] = points
			}
		}
		return nil
	})
	return recent, err
}

func (t *tx) recent(id int64, n int) ([]Point, error) {
	rows, err := t.conn.QueryContext(t.ctx,
		"SELECT time, status, duration_us, coalesce(summary, '') FROM results WHERE check_id = ? ORDER BY time DESC LIMIT ?", id, max(n, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var points []Point
	for rows.Next() {
		var p Point
		var at, status, micros int64
		if err := rows.Scan(&at, &status, &micros, &p.Summary); err != nil {
			return nil, err
		}
		p.Time, p.Status, p.Duration = time.UnixMilli(at), checks.Status(status), time.Duration(micros)*time.Microsecond
		points = append(points, p)
	}
	slices.Reverse(points)
	return points, rows.Err()
}

// idsOf returns the ids of the named checks that were ever recorded, of all
// without names.
func (db *DB) idsOf(t *tx, names []string) (map[string]int64, error) {
	ids := map[string]int64{}
	query, values := "SELECT name, id FROM checks", []any(nil)
	if len(names) > 0 {
		var unknown []string
		for _, name := range names {
			if id, ok := db.memory.check(name); ok {
				ids[name] = id
			} else {
				unknown = append(unknown, name)
			}
		}
		if unknown == nil {
			return ids, nil
		}
		query, values = query+" WHERE name IN "+tuples(len(unknown), 1), args(unknown)
	}
	rows, err := t.conn.QueryContext(t.ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var id int64
		if err := rows.Scan(&name, &id); err != nil {
			return nil, err
		}
		ids[name] = id
	}
	return ids, rows.Err()
}

func (m *memory) check(name string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.checks[name]
	return k.id, ok
}

// Last returns the whole last result of each named check, of all without
// names, in the order of their names. Facts, tables and samples have the types
// and values they had; a time has its moment and its offset from UTC.
func (db *DB) Last(ctx context.Context, names ...string) ([]checks.Result, error) {
	var results []checks.Result
	err := db.reading(ctx, func(t *tx) error {
		results = nil
		query := "SELECT c.name, l.result FROM last_results l JOIN checks c ON c.id = l.check_id"
		if len(names) > 0 {
			query += " WHERE c.name IN " + tuples(len(names), 1)
		}
		rows, err := t.conn.QueryContext(t.ctx, query+" ORDER BY c.name", args(names)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, text string
			if err := rows.Scan(&name, &text); err != nil {
				return err
			}
			r, err := decodeResult(text)
			if err != nil {
				return fmt.Errorf("the last result of %s cannot be read: %w", name, err)
			}
			results = append(results, r)
		}
		return rows.Err()
	})
	return results, err
}

// Series is the samples of one time series, the oldest first.
type Series struct {
	Name    string
	Labels  map[string]string
	Samples []Value
}

// Value is one sample of a Series.
type Value struct {
	Time  time.Time // to the millisecond
	Value float64
}

// Samples returns the series of a metric with the labels that matchers ask
// for, and their samples from and to the given times, both included. A matcher
// with the value "" asks for series without that label. Series without samples
// in that time are left out.
func (db *DB) Samples(ctx context.Context, name string, matchers map[string]string, from, to time.Time) ([]Series, error) {
	var found []Series
	err := db.reading(ctx, func(t *tx) error {
		series, err := t.matching(name, matchers)
		if err != nil || len(series) == 0 {
			found = nil
			return err
		}
		if err := t.fill(series, from.UnixMilli(), to.UnixMilli()); err != nil {
			return err
		}
		found = inOrder(series)
		return nil
	})
	return found, err
}

type foundSeries struct {
	Series
	labels string
}

func (t *tx) matching(name string, matchers map[string]string) (map[int64]*foundSeries, error) {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT id, labels FROM series WHERE name = ?", name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	series := map[int64]*foundSeries{}
	for rows.Next() {
		var id int64
		s := &foundSeries{Series: Series{Name: name}}
		if err := rows.Scan(&id, &s.labels); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(s.labels), &s.Labels); err != nil {
			return nil, fmt.Errorf("labels of series %d: %w", id, err)
		}
		if matches(s.Labels, matchers) {
			series[id] = s
		}
	}
	return series, rows.Err()
}

func matches(labels, matchers map[string]string) bool {
	for name, value := range matchers {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func (t *tx) fill(series map[int64]*foundSeries, from, to int64) error {
	ids := make([]string, 0, len(series))
	for id := range series {
		ids = append(ids, fmt.Sprint(id))
	}
	rows, err := t.conn.QueryContext(t.ctx, "SELECT series_id, time, value FROM samples WHERE time BETWEEN ? AND ? AND series_id IN ("+
		strings.Join(ids, ",")+") ORDER BY time", from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, at int64
		var value *float64
		if err := rows.Scan(&id, &at, &value); err != nil {
			return err
		}
		v := Value{Time: time.UnixMilli(at), Value: math.NaN()}
		if value != nil {
			v.Value = *value
		}
		series[id].Samples = append(series[id].Samples, v)
	}
	return rows.Err()
}

func inOrder(series map[int64]*foundSeries) []Series {
	var list []*foundSeries
	for _, s := range series {
		if len(s.Samples) > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *foundSeries) int { return strings.Compare(a.labels, b.labels) })
	var out []Series
	for _, s := range list {
		out = append(out, s.Series)
	}
	return out
}
