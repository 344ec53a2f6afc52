package history

import (
	"context"
	"database/sql"
	"errors"
	"math"
)

const hourMillis = 60 * 60 * 1000

// rollBatch is how many samples one transaction rolls up: some 20 ms' work.
const rollBatch = 20_000

// rollUp makes hours of all samples from before a time. The time is brought
// down to a whole hour, so that an hour is rolled up once it is over.
func (p *pruner) rollUp(cut int64) error {
	cut -= cut % hourMillis
	for more := true; more; {
		err := p.step(func(ctx context.Context, conn *sql.Conn) (err error) {
			_, more, err = rollOldest(ctx, conn, cut, rollBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rollOldest rolls up about n of the oldest samples from before a time, those
// of one hour at most, and tells how many there were, and whether there may be
// more. Adding them to their hour and removing them is one transaction:
// whoever is killed meanwhile has done nothing. A sample that came late is
// added to its hour like the others.
func rollOldest(ctx context.Context, conn *sql.Conn, cut, n int64) (removed int64, more bool, err error) {
	// One at a time: on a server, two would add the same samples.
	if _, err := conn.ExecContext(ctx, "UPDATE rolled SET till = till WHERE one = 1"); err != nil {
		return 0, false, err
	}
	var first *int64
	if err := conn.QueryRowContext(ctx, "SELECT min(time) FROM samples").Scan(&first); err != nil {
		return 0, false, err
	}
	if first == nil || *first >= cut {
		return 0, false, rolledTill(ctx, conn, cut)
	}
	hour := *first - *first%hourMillis
	end := hour + hourMillis
	var nth int64
	err = conn.QueryRowContext(ctx, "SELECT time FROM samples WHERE time >= ? AND time < ? ORDER BY time LIMIT 1 OFFSET ?", *first, end, n-1).Scan(&nth)
	if err == nil {
		end = min(end, nth+1)
	} else if !errors.Is(err, sql.ErrNoRows) {
		return 0, false, err
	}
	if _, err := conn.ExecContext(ctx, addToHours, *first, end, hour); err != nil {
		return 0, false, err
	}
	gone, err := conn.ExecContext(ctx, "DELETE FROM samples WHERE time >= ? AND time < ?", *first, end)
	if err != nil {
		return 0, false, err
	}
	if _, err := conn.ExecContext(ctx, "DELETE FROM results WHERE check_id IN (SELECT id FROM checks) AND time < ?", end); err != nil {
		return 0, false, err
	}
	removed, err = gone.RowsAffected()
	return removed, true, errors.Join(err, rolledTill(ctx, conn, end))
}

// addToHours adds the samples of a stretch of time to the rows of the hour in
// which it lies. NaN is no number: it is left out. (SQLite keeps it as NULL, and
// in PostgreSQL it equals itself.)
const addToHours = `WITH steps AS (
		SELECT series_id, time, value, value - lag(value) OVER (PARTITION BY series_id ORDER BY time) AS step
		FROM samples WHERE time >= ? AND time < ? AND value <> 'NaN'),
	slice AS (
		SELECT series_id, min(time) AS begins, max(time) AS ends, count(*) AS n, sum(value) AS total, min(value) AS low, max(value) AS high,
			coalesce(sum(CASE WHEN step < 0 THEN value ELSE step END), 0) AS grown
		FROM steps GROUP BY series_id)
	INSERT INTO rollups (series_id, hour, count, sum, min, max, first, last, grown)
	SELECT slice.series_id, ?, slice.n, slice.total, slice.low, slice.high, b.value, e.value, slice.grown
	FROM slice JOIN samples AS b ON b.time = slice.begins AND b.series_id = slice.series_id
		JOIN samples AS e ON e.time = slice.ends AND e.series_id = slice.series_id
	WHERE true
	ON CONFLICT (series_id, hour) DO UPDATE SET count = rollups.count + excluded.count, sum = rollups.sum + excluded.sum,
		min = CASE WHEN excluded.min < rollups.min THEN excluded.min ELSE rollups.min END,
		max = CASE WHEN excluded.max > rollups.max THEN excluded.max ELSE rollups.max END,
		grown = rollups.grown + excluded.grown + CASE WHEN excluded.first < rollups.last THEN excluded.first ELSE excluded.first - rollups.last END,
		last = excluded.last`

// rolledTill notes how far samples have been rolled up. It never goes back.
func rolledTill(ctx context.Context, conn *sql.Conn, till int64) error {
	_, err := conn.ExecContext(ctx, "UPDATE rolled SET till = ? WHERE one = 1 AND till < ?", till, till)
	return err
}

// expireHours removes the hours from before a time, the series one after the
// other: they lie together.
func expireHours(ctx context.Context, conn *sql.Conn, cut int64) (int64, error) {
	gone, err := conn.ExecContext(ctx, "DELETE FROM rollups WHERE series_id IN (SELECT id FROM series) AND hour < ?", cut)
	if err != nil {
		return 0, err
	}
	return gone.RowsAffected()
}

// lighten makes room: it rolls up the oldest samples that are older than a day,
// where there are none removes the oldest day of hours, and in the end the
// oldest samples. It returns how many rows there are fewer, 0 when nothing is
// left that could go.
func lighten(ctx context.Context, conn *sql.Conn, now, n int64) (int64, error) {
	recent := now - dayMillis
	removed, _, err := rollOldest(ctx, conn, recent-recent%hourMillis, n)
	if removed > 0 || err != nil {
		return removed, err
	}
	var oldest *int64
	if err := conn.QueryRowContext(ctx, "SELECT min(hour) FROM rollups").Scan(&oldest); err != nil {
		return 0, err
	}
	if oldest != nil {
		return expireHours(ctx, conn, *oldest+dayMillis)
	}
	return removeOldest(ctx, conn, math.MaxInt64, n)
}
