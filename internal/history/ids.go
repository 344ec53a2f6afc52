package history

import (
	"errors"
	"strings"
)

// checkIDs returns the id of each row's check, from memory where it is known.
func (w *writer) checkIDs(m *memory, rows []row) ([]int64, error) {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.check
	}
	find := func(names []string) error {
		return w.find("SELECT c.id, c.seen, c.name FROM (", ") w CROSS JOIN checks c ON c.name = w.column1", 1, args(names),
			func(k known, name, _ string) { w.checks[name] = k })
	}
	add := func(names []string) error {
		var values []any
		for _, name := range names {
			values = append(values, name, w.day)
		}
		return w.insert("INSERT INTO checks (name, seen) VALUES ", 2, values, "")
	}
	err := resolve(w, unknown(m, names, m.checks, w.day), w.checks, "checks", find, add)
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = pick(m, r.check, w.checks, m.checks)
	}
	return ids, err
}

// seriesIDs returns a function that knows the id of every series in the rows.
func (w *writer) seriesIDs(m *memory, rows []row) (func(seriesKey) int64, error) {
	var keys []seriesKey
	for _, r := range rows {
		for _, s := range r.samples {
			keys = append(keys, s.key)
		}
	}
	find := func(keys []seriesKey) error {
		var values []any
		for _, key := range keys {
			values = append(values, key.name, key.labels)
		}
		return w.find("SELECT s.id, s.seen, s.name, s.labels FROM (", ") w CROSS JOIN series s ON s.name = w.column1 AND s.labels = w.column2", 2, values,
			func(k known, name, labels string) { w.series[seriesKey{name, labels}] = k })
	}
	add := func(keys []seriesKey) error {
		var values []any
		for _, key := range keys {
			values = append(values, key.name, key.labels, w.day)
		}
		return w.insert("INSERT INTO series (name, labels, seen) VALUES ", 3, values, "")
	}
	err := resolve(w, unknown(m, keys, m.series, w.day), w.series, "series", find, add)
	return func(key seriesKey) int64 { return pick(m, key, w.series, m.series) }, err
}

// unknown are the keys, each once, that memory does not know of today.
func unknown[K comparable](m *memory, keys []K, memory map[K]known, day int64) []K {
	m.mu.Lock()
	defer m.mu.Unlock()
	var missing []K
	asked := map[K]bool{}
	for _, key := range keys {
		if k, ok := memory[key]; ok && k.day >= day || asked[key] {
			continue
		}
		asked[key] = true
		missing = append(missing, key)
	}
	return missing
}

// resolve fills found with the keys that are missing in memory: looked up, added
// where they are new, and marked as seen.
func resolve[K comparable](w *writer, missing []K, found map[K]known, table string, find, add func([]K) error) error {
	if len(missing) == 0 {
		return nil
	}
	if err := find(missing); err != nil {
		return err
	}
	var added []K
	var stale []any
	for _, key := range missing {
		k, ok := found[key]
		switch {
		case !ok:
			added = append(added, key)
		case k.day < w.day:
			stale = append(stale, k.id)
			found[key] = known{k.id, w.day}
		}
	}
	w.newDay = w.newDay || added != nil || stale != nil
	if added != nil {
		if err := add(added); err != nil {
			return err
		}
		if err := find(added); err != nil {
			return err
		}
		for _, key := range added {
			if _, ok := found[key]; !ok {
				return errors.New("a row of " + table + " that was just written cannot be read back")
			}
		}
	}
	return w.markSeen(table, stale)
}

// pick is the id of a key that was looked up now, or is in memory.
func pick[K comparable](m *memory, key K, now, memory map[K]known) int64 {
	if k, ok := now[key]; ok {
		return k.id
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return memory[key].id
}

// find looks up keys of so many columns each. The query joins a table to the
// wanted keys, in this order (CROSS JOIN): asked for WHERE (a, b) IN (…) SQLite
// would read the whole table.
func (w *writer) find(query, join string, columns int, values []any, take func(k known, name, labels string)) error {
	for len(values) > 0 {
		n := min(batch, len(values)/columns)
		if err := w.findBatch(query+"VALUES "+tuples(columns, n)+join, columns, values[:n*columns], take); err != nil {
			return err
		}
		values = values[n*columns:]
	}
	return nil
}

func (w *writer) findBatch(query string, columns int, values []any, take func(k known, name, labels string)) error {
	rows, err := w.conn.QueryContext(w.ctx, query, values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var k known
	var name, labels string
	into := []any{&k.id, &k.day, &name, &labels}
	for rows.Next() {
		if err := rows.Scan(into[:2+columns]...); err != nil {
			return err
		}
		take(k, name, labels)
	}
	return rows.Err()
}

func (w *writer) markSeen(table string, ids []any) error {
	for len(ids) > 0 {
		n := min(batch, len(ids))
		values := append([]any{w.day}, ids[:n]...)
		if _, err := w.conn.ExecContext(w.ctx, "UPDATE "+table+" SET seen = ? WHERE id IN "+tuples(n, 1), values...); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// tuples writes (?,?,…) with so many columns, n times.
func tuples(columns, n int) string {
	one := "(?" + strings.Repeat(",?", columns-1) + ")"
	return one + strings.Repeat(","+one, n-1)
}

func args(names []string) []any {
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = name
	}
	return values
}
