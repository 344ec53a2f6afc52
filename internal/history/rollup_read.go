package history

import (
	"context"
	"math"
	"strings"

	"github.com/prometheus/prometheus/promql"
)

// hourly is one row of rollups.
type hourly struct {
	hour, count                       int64
	sum, min, max, first, last, grown float64
}

// pointsAnHour is how often the value of an hour is given: each four minutes,
// less than the five that the query engine looks back.
const pointsAnHour = 15

// mostPoints bounds how often it is given where the number of samples matters.
const mostPoints = 3600

// use is what a query is going to make of samples, which decides what of an
// hour stands for them.
type use uint8

const (
	asMean    use = iota // whatever is not one of the following
	asMin                // min_over_time
	asMax                // max_over_time
	asLast               // last_over_time
	asLine               // delta and its like: from the first value to the last
	asGrowth             // rate and its like, and counters: likewise, and from 0 where they began anew
	asSamples            // count, sum and avg over time: as many values as there were, each the mean
)

// useOf tells it from the function around a selector and the metric's name.
func useOf(function, metric string) use {
	switch function {
	case "min_over_time":
		return asMin
	case "max_over_time":
		return asMax
	case "last_over_time":
		return asLast
	case "count_over_time", "sum_over_time", "avg_over_time", "present_over_time":
		return asSamples
	case "delta", "idelta", "deriv", "predict_linear":
		return asLine
	case "rate", "increase", "irate", "resets":
		return asGrowth
	}
	for _, suffix := range []string{"_total", "_count", "_sum", "_bucket"} {
		if strings.HasSuffix(metric, suffix) {
			return asGrowth
		}
	}
	if strings.HasSuffix(metric, "_timestamp_seconds") {
		return asLine
	}
	return asMean
}

// points gives the samples that stand for the hour, in order, within the times
// from and to, both included.
func (h hourly) points(u use, from, to int64, give func(at int64, value float64)) {
	n := int64(pointsAnHour)
	if u == asSamples {
		n = min(h.count, mostPoints)
	}
	for i := range n {
		at := h.hour + i*hourMillis/n
		if at >= from && at <= to {
			give(at, h.value(u, float64(i)/float64(n-1)))
		}
	}
}

// value is what stands for the hour at a place in it, from 0 to 1.
func (h hourly) value(u use, place float64) float64 {
	switch u {
	case asMin:
		return h.min
	case asMax:
		return h.max
	case asLast:
		return h.last
	case asLine:
		return between(h.first, h.last, place)
	case asGrowth:
		peak := h.first + h.grown - h.last
		switch {
		case peak <= h.first+1e-9*math.Abs(h.first) && h.last >= h.first: // it never began anew
			return between(h.first, h.last, place)
		case place < 0.5: // it did, nobody knows when
			return between(h.first, max(peak, h.first), 2*place)
		}
		return between(0, h.last, 2*place-1)
	}
	return h.sum / float64(h.count)
}

// between is a point of a line.
func between(first, last, place float64) float64 {
	if math.IsInf(first, 0) || math.IsInf(last, 0) {
		return last
	}
	return first + (last-first)*place
}

// rolledTill is the time before which the view has hours and no samples.
func (v *view) rolledTill(ctx context.Context) (int64, error) {
	if v.till == nil {
		var till int64
		if err := v.conn.QueryRowContext(ctx, "SELECT till FROM rolled WHERE one = 1").Scan(&till); err != nil {
			return 0, err
		}
		v.till = &till
	}
	return *v.till, nil
}

// old reads what stands for the samples of some metrics from before till.
func (v *view) old(ctx context.Context, q question, till int64, found []*metric) (map[*metric]*stretch, error) {
	from, to := q.from, min(q.to, till-1)
	wanted := make(map[*metric]*stretch, len(found))
	for _, m := range found {
		wanted[m] = &stretch{from: from, to: to}
	}
	if q.newest { // one value is asked for, and none further back than the engine looks
		from = max(from, to-2*hourMillis)
	}
	query := "SELECT series_id, hour, count, sum, min, max, first, last, grown FROM rollups WHERE hour >= ? AND hour <= ?"
	if len(found) < len(v.list.all) {
		query += " AND series_id " + v.db.backend.among(v.ids(wanted))
	}
	rows, err := v.conn.QueryContext(ctx, query+" ORDER BY series_id, hour", from-from%hourMillis, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var id int64
		var h hourly
		var sum, low, high, first, last, grown *float64
		if err := rows.Scan(&id, &h.hour, &h.count, &sum, &low, &high, &first, &last, &grown); err != nil {
			return nil, err
		}
		m := v.list.byID[id]
		s := wanted[m]
		if s == nil || h.count == 0 || sum == nil {
			continue
		}
		h.sum, h.min, h.max, h.first, h.last, h.grown = *sum, number(low), number(high), number(first), number(last), number(grown)
		h.points(useOf(q.function, m.labels.Get("__name__")), from, to, s.add)
		if n += pointsAnHour; n > v.most {
			return nil, promql.ErrTooManySamples("reading the history")
		}
	}
	return wanted, rows.Err()
}

// number is a value that may be missing: SQLite keeps NaN so.
func number(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}
