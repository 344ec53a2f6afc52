package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// view is the history as it was at one moment: one read transaction. Recording
// goes on beside it. It is safe for use by many goroutines.
type view struct {
	db   *DB
	wide bool // see keep
	most int  // how many samples one statement may bring into memory

	mu      sync.Mutex
	conn    *sql.Conn // nil before the first read and after close
	closed  bool
	file    os.FileInfo // which file it reads
	list    *catalog
	answers map[string][]series
	kept    map[*metric]*stretch // what was read of some metrics
	recent  map[*metric]*stretch // what a wide view read of all of them; nil before
	span    stretch              // from when to when that is
	till    *int64               // see rolledTill; nil before it was read
}

// stretch is the samples of one metric between two times, in order.
type stretch struct {
	from, to int64 // Unix milliseconds, both included
	times    []int64
	values   []float64
}

// wideWindow is the longest time, in milliseconds, for which a wide view reads
// all metrics at once. Most rules ask for the last five minutes, or ten.
const wideWindow = 15 * 60 * 1000

func (db *DB) view(wide bool, most int) *view {
	return &view{db: db, wide: wide, most: most, kept: map[*metric]*stretch{}, answers: map[string][]series{}}
}

// begin opens the transaction unless it is open.
func (v *view) begin(ctx context.Context) error {
	if v.conn != nil {
		return nil
	}
	if v.closed {
		return &Error{Kind: Internal, Path: v.db.path, text: "the history was asked after the query had ended"}
	}
	err := v.start(ctx)
	if err != nil && v.db.backend.lost(err) {
		err = v.start(ctx)
	}
	if err != nil {
		err = v.trouble(ctx, err)
		v.end()
	}
	return err
}

func (v *view) start(ctx context.Context) error {
	v.end()
	var list *catalog
	var damaged error // what the first try met: an answer from a new, empty file would be no answer
	err := v.db.with(ctx, func() (err error) {
		if damaged != nil {
			return damaged
		}
		defer func() { damaged = v.db.explain(err) }()
		if err := v.db.backend.openReaders(); err != nil {
			return err
		}
		v.file, list = v.db.file, v.db.memory.catalog()
		v.conn, err = v.db.readers.Conn(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if _, err = v.conn.ExecContext(ctx, v.db.backend.sees()); err == nil {
		v.list, err = list.upToDate(ctx, v.conn, v.db.backend.stamp())
	}
	if err != nil || v.list == list {
		return err
	}
	return v.db.with(ctx, func() error {
		if v.current() {
			v.db.memory.keepCatalog(v.list)
		}
		return nil
	})
}

// current tells whether the view reads the file that is open now. A server is
// always the same.
func (v *view) current() bool {
	return v.file == nil && v.db.file == nil || os.SameFile(v.file, v.db.file)
}

// trouble explains an error of reading. A damaged file is moved aside, as when
// recording meets one; what was asked for fails all the same.
func (v *view) trouble(ctx context.Context, err error) error {
	if isTooMuch(err) {
		return err
	}
	err = v.db.explain(err)
	if KindOf(err) != Broken {
		return err
	}
	first := true
	_ = v.db.with(ctx, func() error {
		if !first || !v.current() { // somebody has seen to it
			return nil
		}
		first = false
		return err
	})
	return err
}

func isTooMuch(err error) bool {
	_, ok := errors.AsType[promql.ErrTooManySamples](err)
	return ok
}

// close ends the transaction.
func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	v.end()
}

func (v *view) end() {
	if v.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), v.db.opt.BusyTimeout)
	defer cancel()
	_, _ = v.conn.ExecContext(ctx, "ROLLBACK") // nothing was written
	_ = v.conn.Close()
	v.conn = nil
}

// question is what is asked of a view.
type question struct {
	from, to int64  // Unix milliseconds, both included
	newest   bool   // only the last sample of each series in that time is of interest
	function string // that is going to be made of the samples; "" for none
	matchers []*labels.Matcher
}

func (q *question) key() string {
	key := fmt.Sprint(q.from, q.to, q.newest, q.function)
	for _, m := range q.matchers {
		key += fmt.Sprintf(",%q%s%q", m.Name, m.Type, m.Value)
	}
	return key
}

// read returns the series that match and have samples in the time asked for,
// sorted by labels. Rules ask for the same again and again, so that answers
// are kept.
func (v *view) read(ctx context.Context, q question) ([]series, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := q.key()
	if answer, ok := v.answers[key]; ok && !v.closed {
		return answer, nil
	}
	if err := v.begin(ctx); err != nil {
		return nil, err
	}
	found := v.list.matching(q.matchers)
	parts, err := v.parts(ctx, q, found)
	if err != nil {
		return nil, v.trouble(ctx, err)
	}
	var answer []series
	for _, m := range found {
		s := parts(m)
		if n := len(s.times); n > 0 {
			if q.newest {
				s.times, s.values = s.times[n-1:], s.values[n-1:]
			}
			answer = append(answer, series{m.labels, s})
		}
	}
	v.answers[key] = answer
	return answer, nil
}

// parts reads what was asked for, hours and samples, and returns a function
// that gives the stretch of a metric.
func (v *view) parts(ctx context.Context, q question, found []*metric) (func(*metric) stretch, error) {
	till, err := v.rolledTill(ctx)
	if err != nil {
		return nil, err
	}
	if q.from >= till {
		kept, err := v.keep(ctx, q.from, q.to, found)
		return func(m *metric) stretch { return kept[m].between(q.from, q.to) }, err
	}
	old, err := v.old(ctx, q, till, found)
	if err != nil || q.to < till {
		return func(m *metric) stretch { return *old[m] }, err
	}
	kept, err := v.keep(ctx, till, q.to, found)
	return func(m *metric) stretch {
		s, recent := *old[m], kept[m].between(till, q.to)
		s.to, s.times, s.values = q.to, append(s.times, recent.times...), append(s.values, recent.values...)
		return s
	}, err
}

// keep reads what is missing, with one statement, and returns where it is. A
// wide view reads a short time of all metrics: many rules are going to ask.
func (v *view) keep(ctx context.Context, from, to int64, found []*metric) (map[*metric]*stretch, error) {
	if v.wide {
		asked := stretch{from: from, to: to}
		if v.recent != nil && asked.within(&v.span) {
			return v.recent, nil
		}
		if v.recent != nil {
			asked = asked.and(&v.span)
		}
		if asked.to-asked.from <= wideWindow {
			recent, err := v.load(ctx, asked.from, asked.to, v.list.all)
			if err == nil {
				v.recent, v.span = recent, asked
				return recent, nil
			}
			if !isTooMuch(err) {
				return nil, err
			}
			v.wide = false // what was asked for may be little of it
		}
	}
	asked := stretch{from: from, to: to}
	all := asked
	var missing []*metric
	for _, m := range found {
		s := v.kept[m]
		if s == nil || !asked.within(s) {
			missing = append(missing, m)
		}
		if s != nil && s.from <= to && s.to >= from { // one that overlaps is read again with the rest
			all = all.and(s)
		}
	}
	if missing == nil {
		return v.kept, nil
	}
	fresh, err := v.load(ctx, all.from, all.to, missing)
	maps.Copy(v.kept, fresh)
	return v.kept, err
}

func (s *stretch) within(o *stretch) bool { return o.from <= s.from && s.to <= o.to }

// and is the time from the start of the earlier to the end of the later.
func (s *stretch) and(o *stretch) stretch {
	return stretch{from: min(s.from, o.from), to: max(s.to, o.to)}
}

func (v *view) load(ctx context.Context, from, to int64, wanted []*metric) (map[*metric]*stretch, error) {
	fresh := make(map[*metric]*stretch, len(wanted))
	for _, m := range wanted {
		fresh[m] = &stretch{from: from, to: to}
	}
	query := "SELECT series_id, time, value FROM samples WHERE time BETWEEN ? AND ?"
	if len(wanted) < len(v.list.all) {
		query += " AND series_id " + v.db.backend.among(v.ids(fresh))
	}
	return fresh, v.fill(ctx, query+" ORDER BY time", from, to, fresh)
}

func (v *view) ids(wanted map[*metric]*stretch) []int64 {
	var list []int64
	for id, m := range v.list.byID {
		if wanted[m] != nil {
			list = append(list, id)
		}
	}
	return list
}

func (v *view) fill(ctx context.Context, query string, from, to int64, into map[*metric]*stretch) error {
	n := 0
	query = fmt.Sprintf("%s LIMIT %d", query, v.most+1) // more is too much
	return v.db.backend.scan(ctx, v.conn, query, from, to, func(id, at int64, x float64) error {
		if n++; n > v.most {
			return promql.ErrTooManySamples("reading the history")
		}
		if s := into[v.list.byID[id]]; s != nil {
			s.add(at, x)
		}
		return nil
	})
}

// add appends a sample. Of two at one time, from two rows that are one metric,
// the later row counts.
func (s *stretch) add(at int64, x float64) {
	if n := len(s.times); n > 0 && s.times[n-1] == at {
		s.values[n-1] = x
		return
	}
	s.times, s.values = append(s.times, at), append(s.values, x)
}
