package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

const (
	// pruneBatch is how many rows one transaction of Prune removes: a few
	// milliseconds' work, so that nobody who records waits long.
	pruneBatch = 2000
	// vacuumBatch is how many pages one transaction of Prune gives back.
	vacuumBatch = 256
	// logRoom is what the log beside the database stays below: SQLite brings it
	// in at 1,000 pages, and a transaction comes on top.
	logRoom = 6 << 20
	// leastSize is the smallest bound that leaves room to work in.
	leastSize = 8 << 20
)

// PruneDue tells whether this history recorded something for the first time on
// its day: of the many processes that share the file, a few each day see true,
// and those should prune where no daemon does.
func (db *DB) PruneDue() bool {
	db.turn <- struct{}{}
	defer func() { <-db.turn }()
	return db.pruneDue
}

// Prune removes what is older than the retention and, where the file is larger
// than it may be, the oldest until it is not, and gives the space back. It
// works in small transactions with pauses between them: others record
// meanwhile. When ctx ends first, what was removed stays removed and the rest
// waits for the next call.
func (db *DB) Prune(ctx context.Context) error {
	p := &pruner{ctx: ctx, db: db}
	if db.opt.Retention > 0 {
		cut := db.opt.Now().Add(-db.opt.Retention).UnixMilli()
		if err := errors.Join(p.before(cut), p.forgotten(cut)); err != nil {
			return err
		}
	}
	if db.opt.MaxSize > 0 {
		if err := p.shrink(max(db.opt.MaxSize, leastSize) - logRoom); err != nil {
			return err
		}
	}
	if err := p.giveBack(); err != nil {
		return err
	}
	if err := p.bringIn(); err != nil {
		return err
	}
	return db.with(ctx, func() error {
		db.pruneDue = false
		return nil
	})
}

type pruner struct {
	ctx context.Context
	db  *DB
}

// step runs one transaction, and then leaves the file to others for as long as
// it had it: SQLite's lock knows no queue.
func (p *pruner) step(f func(ctx context.Context, conn *sql.Conn) error) error {
	var began time.Time
	err := p.db.with(p.ctx, func() error {
		return p.db.inTx(p.ctx, toWrite, func(ctx context.Context, conn *sql.Conn) error {
			began = time.Now()
			return f(ctx, conn)
		})
	})
	if err != nil {
		return err
	}
	return p.db.explain(pause(p.ctx, max(time.Since(began), 2*time.Millisecond)))
}

// repeat runs a statement that removes about pruneBatch rows, more where many
// have the same time, until it finds fewer.
func (p *pruner) repeat(query string, args ...any) error {
	for more := true; more; {
		more = false
		err := p.step(func(ctx context.Context, conn *sql.Conn) error {
			result, err := conn.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			more = n >= pruneBatch
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// before removes results and samples from before a time.
func (p *pruner) before(cut int64) error {
	err := p.repeat(`DELETE FROM samples WHERE time <= coalesce(
		(SELECT time FROM samples WHERE time < ?1 ORDER BY time LIMIT 1 OFFSET ?2), ?1 - 1)`, cut, pruneBatch)
	if err != nil {
		return err
	}
	ids, err := p.checkIDs()
	for _, id := range ids {
		if err == nil {
			err = p.repeat(`DELETE FROM results WHERE check_id = ?3 AND time <= coalesce(
				(SELECT time FROM results WHERE check_id = ?3 AND time < ?1 ORDER BY time LIMIT 1 OFFSET ?2), ?1 - 1)`, cut, pruneBatch, id)
		}
	}
	return err
}

func (p *pruner) checkIDs() ([]int64, error) {
	var ids []int64
	err := p.db.with(p.ctx, func() error {
		ids = nil
		all, err := p.db.idsOf(p.ctx, nil)
		for _, id := range all {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

// forgotten removes checks and series that were last recorded on a day that
// ended before the time. Whoever holds the id of one in memory has seen it
// today, so it is not among them.
func (p *pruner) forgotten(cut int64) error {
	before := cut / dayMillis
	return p.step(func(ctx context.Context, conn *sql.Conn) error {
		for _, query := range []string{
			"DELETE FROM last_results WHERE check_id IN (SELECT id FROM checks WHERE seen < ?)",
			"DELETE FROM checks WHERE seen < ?",
			"DELETE FROM series WHERE seen < ?",
		} {
			if _, err := conn.ExecContext(ctx, query, before); err != nil {
				return err
			}
		}
		return nil
	})
}

// space is what the database takes, in bytes.
type space struct{ file, used, page int64 }

func (p *pruner) space() (s space, err error) {
	err = p.db.with(p.ctx, func() error {
		var pages, free int64
		row := p.db.sql.QueryRowContext(p.ctx, `SELECT page_count, freelist_count, page_size
			FROM pragma_page_count, pragma_freelist_count, pragma_page_size`)
		if err := row.Scan(&pages, &free, &s.page); err != nil {
			return err
		}
		s.file, s.used = pages*s.page, (pages-free)*s.page
		return nil
	})
	return s, err
}

// shrink removes the oldest until the database is a tenth below its bound, so
// that it does not have to be done again at once.
func (p *pruner) shrink(bound int64) error {
	s, err := p.space()
	if err != nil || s.used <= bound {
		return err
	}
	for s.used > bound-bound/10 {
		var cut sql.NullInt64
		err := p.db.with(p.ctx, func() error {
			return p.db.sql.QueryRowContext(p.ctx, "SELECT max(time) FROM (SELECT time FROM samples ORDER BY time LIMIT ?)", 10*pruneBatch).Scan(&cut)
		})
		if err != nil || !cut.Valid {
			return err
		}
		if err := p.before(cut.Int64 + 1); err != nil {
			return err
		}
		if s, err = p.space(); err != nil {
			return err
		}
	}
	return nil
}

// giveBack returns free pages to the file system when they are more than a
// quarter of the file, or when the file is larger than it may be; a few are
// kept, since what is recorded next needs them.
func (p *pruner) giveBack() error {
	for before := int64(math.MaxInt64); ; {
		s, err := p.space()
		if err != nil || s.file >= before { // others need the space faster than it is given back
			return err
		}
		before = s.file
		free := s.file - s.used
		tooLarge := p.db.opt.MaxSize > 0 && s.file > max(p.db.opt.MaxSize, leastSize)-logRoom
		if free < vacuumBatch*s.page || free < s.file/4 && !tooLarge {
			return nil
		}
		err = p.step(func(ctx context.Context, conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, "PRAGMA incremental_vacuum(256)")
			return err
		})
		if err != nil {
			return err
		}
	}
}

// bringIn brings the log into the database: until then the file on the disk is
// no shorter. It keeps nobody waiting, and SQLite cuts the file only when
// nobody wrote meanwhile, so it may have to try again; in the end it leaves
// the rest to the next Prune.
func (p *pruner) bringIn() error {
	for range 10 {
		err := p.db.with(p.ctx, func() error {
			// From here on the log is cut to this length whenever it begins anew.
			_, err := p.db.sql.ExecContext(p.ctx, fmt.Sprintf("PRAGMA journal_size_limit=%d; PRAGMA wal_checkpoint(PASSIVE)", logRoom*2/3))
			return err
		})
		if err != nil {
			return err
		}
		s, err := p.space()
		if err != nil {
			return err
		}
		if file, err := os.Stat(p.db.path); err != nil || file.Size() <= s.file {
			return p.db.explain(err)
		}
		if err := pause(p.ctx, 5*time.Millisecond); err != nil {
			return p.db.explain(err)
		}
	}
	return nil
}
