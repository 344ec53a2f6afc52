package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"vitals/checks"
)

// batch is how many rows one statement writes.
const batch = 256

// Record keeps results, their samples, and each as the last of its check, all
// of it or nothing. It waits for other writers at most the busy timeout.
func (db *DB) Record(ctx context.Context, results []checks.Result) error {
	if len(results) == 0 {
		return nil
	}
	rows, err := rowsOf(results)
	if err != nil {
		return db.explain(err)
	}
	return db.with(ctx, func() error {
		w := &writer{checks: map[string]known{}, series: map[seriesKey]known{}}
		err := db.inTx(ctx, toWrite, func(ctx context.Context, conn *sql.Conn) error {
			w.ctx, w.conn, w.day = ctx, conn, day(db.opt.Now()) // not the day on which the wait for the lock began
			return db.backend.write(w, rows)
		})
		if err == nil {
			db.remember(w)
		}
		return err
	})
}

// remember takes over what a committed transaction learnt.
func (db *DB) remember(w *writer) {
	m := &db.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, k := range w.checks {
		m.checks[name] = k
	}
	for key, k := range w.series {
		m.series[key] = k
	}
	m.pruneDue = m.pruneDue || w.newDay
}

// row is what is written for one result, made ready before anything is locked.
type row struct {
	check    string
	time     int64
	status   checks.Status
	duration time.Duration
	summary  any // string, or nil
	result   string
	samples  []sample
}

type sample struct {
	key   seriesKey
	time  int64
	value float64
}

func rowsOf(results []checks.Result) ([]row, error) {
	rows := make([]row, len(results))
	for i := range results {
		r := &results[i]
		text, err := encodeResult(r)
		if err != nil {
			return nil, err
		}
		rows[i] = row{
			check: valid(r.Check), time: r.Started.UnixMilli(), status: r.Status, duration: r.Duration, result: text,
		}
		if r.Status != checks.Healthy {
			rows[i].summary = valid(r.Summary)
		}
		for _, s := range r.AllSamples() {
			labels, err := canonical(s.Labels)
			if err != nil {
				return nil, err
			}
			rows[i].samples = append(rows[i].samples, sample{seriesKey{valid(s.Name), labels}, s.Time.UnixMilli(), s.Value})
		}
	}
	return rows, nil
}

// canonical is the one text of a set of labels.
func canonical(labels map[string]string) (string, error) {
	if len(labels) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(labels) // sorts the keys and makes the text valid
	return string(text), err
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func day(t time.Time) int64 { return t.UnixMilli() / dayMillis }

const dayMillis = 24 * 60 * 60 * 1000

// writer is one transaction of Record.
type writer struct {
	ctx    context.Context
	conn   *sql.Conn
	day    int64
	checks map[string]known    // looked up or made in this transaction
	series map[seriesKey]known // likewise
	newDay bool                // something was recorded for the first time on its day
}

func (db sqliteFile) write(w *writer, rows []row) error {
	ids, err := w.checkIDs(&db.memory, rows)
	if err != nil {
		return err
	}
	if err := w.results(rows, ids); err != nil {
		return err
	}
	var last []any
	for i, r := range rows {
		last = append(last, ids[i], r.time, r.result)
	}
	err = w.insert("INSERT INTO last_results (check_id, time, result) VALUES ", 3, last,
		" ON CONFLICT (check_id) DO UPDATE SET time = excluded.time, result = excluded.result WHERE excluded.time >= last_results.time")
	if err != nil {
		return err
	}
	return w.samples(&db.memory, rows)
}

// results writes the short form of each result. Two of one check in the same
// millisecond, from two processes, are both kept: the second moves to the next
// free one, with its samples.
func (w *writer) results(rows []row, ids []int64) error {
	for start := 0; start < len(rows); start += batch {
		end := min(start+batch, len(rows))
		err := w.insertResults(rows[start:end], ids[start:end])
		if isDuplicate(err) { // then none of them was written
			err = w.insertOneByOne(rows[start:end], ids[start:end])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) insertResults(rows []row, ids []int64) error {
	var values []any
	for i, r := range rows {
		values = append(values, ids[i], r.time, int64(r.status), r.duration.Microseconds(), r.summary)
	}
	return w.insert("INSERT INTO results (check_id, time, status, duration_us, summary) VALUES ", 5, values, "")
}

func (w *writer) insertOneByOne(rows []row, ids []int64) error {
	for i := range rows {
		asked := rows[i].time
		err := w.insertResults(rows[i:i+1], ids[i:i+1])
		for isDuplicate(err) {
			rows[i].time++
			err = w.insertResults(rows[i:i+1], ids[i:i+1])
		}
		if err != nil {
			return err
		}
		for j := range rows[i].samples {
			if s := &rows[i].samples[j]; s.time == asked {
				s.time = rows[i].time
			}
		}
	}
	return nil
}

func isDuplicate(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY
}

func (w *writer) samples(m *memory, rows []row) error {
	ids, err := w.seriesIDs(m, rows)
	if err != nil {
		return err
	}
	var values []any
	for _, r := range rows {
		for _, s := range r.samples {
			values = append(values, s.time, ids(s.key), s.value)
		}
	}
	return w.insert("INSERT OR REPLACE INTO samples (time, series_id, value) VALUES ", 3, values, "")
}

// insert writes rows of so many columns, several with each statement.
func (w *writer) insert(into string, columns int, values []any, then string) error {
	for len(values) > 0 {
		n := min(batch, len(values)/columns)
		if _, err := w.conn.ExecContext(w.ctx, into+tuples(columns, n)+then, values[:n*columns]...); err != nil {
			return err
		}
		values = values[n*columns:]
	}
	return nil
}
