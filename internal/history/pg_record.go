package history

import (
	"cmp"
	"crypto/sha256"
	"slices"
)

// write keeps results beside others who keep theirs at the same time. Everything
// is written in one order, so that two of them do not wait for each other.
func (db *server) write(w *writer, rows []row) error {
	rows = slices.Clone(rows) // a second try begins with the first's times
	for i := range rows {
		rows[i].check = withoutNUL(rows[i].check)
		rows[i].samples = slices.Clone(rows[i].samples)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.check, b.check) })
	p := pgWriter{w, &db.memory}
	ids, err := p.checkIDs(rows)
	if err != nil {
		return err
	}
	series, err := p.seriesIDs(rows)
	if err != nil {
		return err
	}
	if err := p.results(rows, ids); err != nil {
		return err
	}
	if err := p.last(rows, ids); err != nil {
		return err
	}
	return p.samples(rows, series)
}

type pgWriter struct {
	*writer
	memory *memory
}

// lasting makes this transaction reach the disk before it is over. A new id must:
// it is remembered, and a server that crashed and lost it would give it to
// something else.
func (w pgWriter) lasting() error {
	_, err := w.conn.ExecContext(w.ctx, "SET LOCAL synchronous_commit = on")
	return err
}

func (w pgWriter) checkIDs(rows []row) ([]int64, error) {
	var names []string
	for _, r := range rows {
		names = append(names, r.check)
	}
	missing := unknown(w.memory, names, w.memory.checks, w.day)
	slices.Sort(missing)
	take := func(k known, name, _ string) { w.checks[name] = k }
	if len(missing) > 0 {
		if err := w.findBatch("SELECT id, seen, name FROM checks WHERE name = ANY (?)", 1, []any{missing}, take); err != nil {
			return nil, err
		}
		if added := stale(w.writer, missing, w.checks); len(added) > 0 {
			if err := w.lasting(); err != nil {
				return nil, err
			}
			err := w.findBatch(`INSERT INTO checks (name, seen) SELECT name, ? FROM unnest(?::text[]) AS w (name)
				ON CONFLICT (name) DO UPDATE SET seen = greatest(checks.seen, excluded.seen) RETURNING id, seen, name`, 1, []any{w.day, added}, take)
			if err != nil {
				return nil, err
			}
		}
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = pick(w.memory, r.check, w.checks, w.memory.checks)
	}
	return ids, nil
}

func (w pgWriter) seriesIDs(rows []row) (func(seriesKey) int64, error) {
	var keys []seriesKey
	for _, r := range rows {
		for i := range r.samples {
			r.samples[i].key.name = withoutNUL(r.samples[i].key.name)
			keys = append(keys, r.samples[i].key)
		}
	}
	missing := unknown(w.memory, keys, w.memory.series, w.day)
	slices.SortFunc(missing, func(a, b seriesKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.labels, b.labels))
	})
	take := func(k known, name, labels string) { w.series[seriesKey{name, labels}] = k }
	if len(missing) > 0 {
		names, _, digests := apart(missing)
		if err := w.findBatch(`SELECT s.id, s.seen, s.name, s.labels FROM unnest(?::text[], ?::bytea[]) AS w (name, digest)
			JOIN series s ON s.name = w.name AND s.digest = w.digest`, 2, []any{names, digests}, take); err != nil {
			return nil, err
		}
		if added := stale(w.writer, missing, w.series); len(added) > 0 {
			if err := w.lasting(); err != nil {
				return nil, err
			}
			names, labels, digests := apart(added)
			err := w.findBatch(`INSERT INTO series (seen, name, labels, digest) SELECT ?, * FROM unnest(?::text[], ?::text[], ?::bytea[])
				ON CONFLICT (name, digest) DO UPDATE SET seen = greatest(series.seen, excluded.seen) RETURNING id, seen, name, labels`, 2, []any{w.day, names, labels, digests}, take)
			if err != nil {
				return nil, err
			}
		}
	}
	return func(key seriesKey) int64 { return pick(w.memory, key, w.series, w.memory.series) }, nil
}

func apart(keys []seriesKey) (names, labels []string, digests [][]byte) {
	for _, k := range keys {
		digest := sha256.Sum256([]byte(k.labels))
		names, labels, digests = append(names, k.name), append(labels, k.labels), append(digests, digest[:])
	}
	return names, labels, digests
}

// stale are the keys that were not found, or not marked as seen today. Both are
// written in the same way: what was found may be pruned before it is marked.
func stale[K comparable](w *writer, keys []K, found map[K]known) []K {
	var list []K
	for _, key := range keys {
		if k, ok := found[key]; !ok || k.day < w.day {
			list = append(list, key)
		}
	}
	w.newDay = w.newDay || list != nil
	return list
}

// results writes the short form of each. One whose millisecond is taken moves to
// the next that is free, with its samples.
func (w pgWriter) results(rows []row, ids []int64) error {
	asked := make([]int64, len(rows))
	pending := make([]int, len(rows))
	for i := range rows {
		asked[i], pending[i] = rows[i].time, i
	}
	for len(pending) > 0 {
		kept, err := w.tryResults(rows, ids, pending)
		if err != nil {
			return err
		}
		var again []int
		for _, i := range pending {
			key := [2]int64{ids[i], rows[i].time}
			if kept[key] {
				delete(kept, key) // of two with one time, one was kept
				continue
			}
			rows[i].time++
			again = append(again, i)
		}
		pending = again
	}
	for i := range rows {
		for j := range rows[i].samples {
			if s := &rows[i].samples[j]; s.time == asked[i] {
				s.time = rows[i].time
			}
		}
	}
	return nil
}

// tryResults returns the checks and times of those that were kept.
func (w pgWriter) tryResults(rows []row, ids []int64, pending []int) (map[[2]int64]bool, error) {
	var checks, times, statuses, durations []int64
	var summaries []*string
	for _, i := range pending {
		r := rows[i]
		var summary *string
		if text, ok := r.summary.(string); ok {
			text = withoutNUL(text)
			summary = &text
		}
		checks, times, statuses = append(checks, ids[i]), append(times, r.time), append(statuses, int64(r.status))
		durations, summaries = append(durations, r.duration.Microseconds()), append(summaries, summary)
	}
	answer, err := w.conn.QueryContext(w.ctx, `INSERT INTO results (check_id, time, status, duration_us, summary)
		SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[])
		ON CONFLICT (check_id, time) DO NOTHING RETURNING check_id, time`, checks, times, statuses, durations, summaries)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	kept := map[[2]int64]bool{}
	for answer.Next() {
		var key [2]int64
		if err := answer.Scan(&key[0], &key[1]); err != nil {
			return nil, err
		}
		kept[key] = true
	}
	return kept, answer.Err()
}

// last keeps the latest of each check: of two at one time the later in the list.
func (w pgWriter) last(rows []row, ids []int64) error {
	latest := map[int64]int{}
	for i, r := range rows {
		if j, ok := latest[ids[i]]; !ok || r.time >= rows[j].time {
			latest[ids[i]] = i
		}
	}
	var checks, times []int64
	var results []string
	for i, r := range rows {
		if latest[ids[i]] == i {
			checks, times, results = append(checks, ids[i]), append(times, r.time), append(results, withoutNUL(r.result))
		}
	}
	_, err := w.conn.ExecContext(w.ctx, `INSERT INTO last_results (check_id, time, result) SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[])
		ON CONFLICT (check_id) DO UPDATE SET time = excluded.time, result = excluded.result WHERE excluded.time >= last_results.time`, checks, times, results)
	return err
}

// pgBatch is how many samples one statement writes.
const pgBatch = 10_000

func (w pgWriter) samples(rows []row, idOf func(seriesKey) int64) error {
	type sample struct {
		series, time int64
		value        float64
	}
	var all []sample
	for _, r := range rows {
		for _, s := range r.samples {
			all = append(all, sample{idOf(s.key), s.time, s.value})
		}
	}
	slices.SortStableFunc(all, func(a, b sample) int { return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.time, b.time)) })
	for part := range slices.Chunk(all, pgBatch) {
		var series, times []int64
		var values []float64
		for i, s := range part {
			if i+1 < len(part) && part[i+1].series == s.series && part[i+1].time == s.time {
				continue // the last one counts, and a statement writes a row once
			}
			series, times, values = append(series, s.series), append(times, s.time), append(values, s.value)
		}
		if _, err := w.conn.ExecContext(w.ctx, `INSERT INTO samples (series_id, time, value) SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::float8[])
			ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value`, series, times, values); err != nil {
			return err
		}
	}
	return nil
}
