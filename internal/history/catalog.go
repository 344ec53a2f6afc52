package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// catalog is the series of a file with their labels, as PromQL compares them.
// It does not change: bringing it up to date gives another one, so that
// queries that are under way keep theirs.
type catalog struct {
	rows   int64             // how many rows of series it was made from
	last   int64             // the highest id among them
	sum    int64             // of all ids: one that comes late changes it and not the highest
	byID   map[int64]*metric // two ids can be one metric, see add
	byName map[string][]*metric
	all    []*metric // sorted by labels, as are the lists of byName
}

// metric is one set of labels, with its name among them.
type metric struct {
	labels labels.Labels
	key    string // labels as text: one for one set
}

// upToDate returns the catalog with the series that a transaction sees. Ids
// grow and rows never change, so that what is new most often lies at the end;
// where the numbers do not agree then, series were pruned or came late, and all
// are read again.
func (c *catalog) upToDate(ctx context.Context, conn *sql.Conn, query string) (*catalog, error) {
	var rows, last, sum int64
	if err := conn.QueryRowContext(ctx, query).Scan(&rows, &last, &sum); err != nil {
		return nil, err
	}
	if c != nil && c.rows == rows && c.last == last && (c.sum == sum || sum < 0) {
		return c, nil
	}
	if c != nil && last > c.last {
		grown, err := c.with(ctx, conn)
		if err != nil || grown.rows == rows && (grown.sum == sum || sum < 0) {
			return grown, err
		}
	}
	return (&catalog{}).with(ctx, conn)
}

// catalog is the series as the last query saw them; nil before the first.
func (m *memory) catalog() *catalog {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.list
}

func (m *memory) keepCatalog(c *catalog) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = c
}

// with returns a catalog that also has the rows behind its last one.
func (c *catalog) with(ctx context.Context, conn *sql.Conn) (*catalog, error) {
	grown := &catalog{rows: c.rows, last: c.last, sum: c.sum, byID: make(map[int64]*metric, len(c.byID)), byName: map[string][]*metric{}}
	known := make(map[string]*metric, len(c.all))
	for _, m := range c.all {
		known[m.key] = m
	}
	for id, m := range c.byID {
		grown.byID[id] = m
	}
	rows, err := conn.QueryContext(ctx, "SELECT id, name, labels FROM series WHERE id > ? ORDER BY id", c.last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name, text string
		if err := rows.Scan(&id, &name, &text); err != nil {
			return nil, err
		}
		if err := grown.add(known, id, name, text); err != nil {
			return nil, err
		}
	}
	grown.arrange(known)
	return grown, rows.Err()
}

// add takes up one row. PromQL knows no difference between a label that is
// empty and one that is not there, so two rows may be one metric.
func (c *catalog) add(known map[string]*metric, id int64, name, text string) error {
	set := map[string]string{}
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return fmt.Errorf("labels of series %d: %w", id, err)
	}
	b := labels.NewScratchBuilder(len(set) + 1)
	for label, value := range set {
		if value != "" && label != model.MetricNameLabel {
			b.Add(label, value)
		}
	}
	b.Add(model.MetricNameLabel, name)
	b.Sort()
	m := &metric{labels: b.Labels()}
	m.key = string(m.labels.Bytes(nil))
	if before, ok := known[m.key]; ok {
		m = before
	} else {
		known[m.key] = m
	}
	c.byID[id] = m
	c.rows++
	c.sum += id
	c.last = id
	return nil
}

func (c *catalog) arrange(known map[string]*metric) {
	c.all = make([]*metric, 0, len(known))
	for _, m := range known {
		c.all = append(c.all, m)
	}
	slices.SortFunc(c.all, func(a, b *metric) int { return labels.Compare(a.labels, b.labels) })
	for _, m := range c.all {
		name := m.labels.Get(model.MetricNameLabel)
		c.byName[name] = append(c.byName[name], m)
	}
}

// matching returns the metrics that all matchers agree to, sorted.
func (c *catalog) matching(matchers []*labels.Matcher) []*metric {
	candidates := c.all
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual && m.Value != "" {
			candidates = c.byName[m.Value]
		}
	}
	var found []*metric
	for _, candidate := range candidates {
		if agree(candidate.labels, matchers) {
			found = append(found, candidate)
		}
	}
	return found
}

func agree(set labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(set.Get(m.Name)) {
			return false
		}
	}
	return true
}
