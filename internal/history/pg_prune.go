package history

import (
	"context"
	"database/sql"
)

// What a row takes on the disk with its entries in the indexes, in bytes: measured
// over a million samples of 10,000 series and 100,000 results. Free space in the
// files of a table cannot be asked for without an extension.
const (
	pgSampleBytes = 100
	pgResultBytes = 110
	pgHourBytes   = 140
)

// shrink removes the oldest where there is more than there may be, and tells
// the server that what it took can be used again. The files of a table do not
// get shorter by that, so that it is rows that count: they are counted only
// where the files are larger than they may be.
func (db *server) shrink(p *pruner) error {
	if db.opt.MaxSize <= 0 {
		return nil
	}
	bound := max(db.opt.MaxSize, leastSize)
	var used int64
	err := db.reading(p.ctx, func(t *tx) (err error) {
		if used, err = t.pgSize(); err == nil && used > bound {
			used, err = t.pgUsed()
		}
		return err
	})
	if err != nil || used <= bound {
		return err
	}
	for goal, removed := bound-bound/10, int64(1); removed > 0 && used > goal; used -= removed * pgSampleBytes {
		err := p.step(func(ctx context.Context, conn *sql.Conn) (err error) {
			removed, err = lighten(ctx, conn, p.db.opt.Now().UnixMilli(), pruneBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return db.vacuum(p.ctx)
}

// pgUsed is what the rows that are there take, whatever the files' sizes.
func (t *tx) pgUsed() (used int64, err error) {
	_, err = t.one(`SELECT (SELECT count(*) FROM samples) * ? + (SELECT count(*) FROM results) * ? + (SELECT count(*) FROM rollups) * ? +
		(SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = ? AND c.relkind = 'r' AND c.relname NOT IN ('samples', 'results', 'rollups'))`,
		[]any{int64(pgSampleBytes), int64(pgResultBytes), int64(pgHourBytes), pgSchema}, &used)
	return used, err
}

// vacuum makes room at once where autovacuum would have done so later. It waits
// for nobody's lock.
func (db *server) vacuum(ctx context.Context) error {
	return db.with(ctx, func() error {
		for _, table := range []string{"samples", "results", "rollups"} {
			if _, err := db.sql.ExecContext(ctx, "VACUUM (SKIP_LOCKED) "+pgSchema+"."+table); err != nil {
				return err
			}
		}
		return nil
	})
}
