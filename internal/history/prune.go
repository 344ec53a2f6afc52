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
	db.memory.mu.Lock()
	defer db.memory.mu.Unlock()
	return db.memory.pruneDue
}

// Prune makes hours of samples that are older than the raw retention, removes
// what is older than the retention and, where the file is larger
// than it may be, the oldest until it is not, and gives the space back. It
// works in small transactions with pauses between them: others record
// meanwhile. When ctx ends first, what was removed stays removed and the rest
// waits for the next call.
func (db *DB) Prune(ctx context.Context) error {
	p := &pruner{ctx: ctx, db: db}
	now := db.opt.Now()
	raw := db.opt.RawRetention
	if raw <= 0 || db.opt.Retention > 0 && raw > db.opt.Retention {
		raw = db.opt.Retention
	}
	if raw > 0 && raw < db.opt.Retention || raw > 0 && db.opt.Retention == 0 {
		if err := p.rollUp(now.Add(-raw).UnixMilli()); err != nil {
			return err
		}
	}
	if db.opt.Retention > 0 {
		if err := p.expire(now.Add(-db.opt.Retention).UnixMilli()); err != nil {
			return err
		}
	}
	if err := p.records(now); err != nil {
		return err
	}
	if err := db.backend.shrink(p); err != nil {
		return err
	}
	db.memory.mu.Lock()
	defer db.memory.mu.Unlock()
	db.memory.pruneDue = false
	return nil
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
		return p.db.inTx(p.ctx, toPrune, func(ctx context.Context, conn *sql.Conn) error {
			began = time.Now()
			return f(ctx, conn)
		})
	})
	if err != nil {
		return err
	}
	return p.db.explain(pause(p.ctx, max(time.Since(began), 2*time.Millisecond)))
}

// expire removes everything from before a time.
func (p *pruner) expire(cut int64) error {
	for removed := int64(pruneBatch); removed >= pruneBatch; {
		err := p.step(func(ctx context.Context, conn *sql.Conn) (err error) {
			removed, err = removeOldest(ctx, conn, cut, pruneBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	err := p.step(func(ctx context.Context, conn *sql.Conn) error {
		_, err := expireHours(ctx, conn, cut-hourMillis)
		return err
	})
	if err != nil {
		return err
	}
	return p.forget(cut)
}

// removeOldest removes about n samples from before a time, more where many
// have the same time, and the results from the same stretch of time. It
// returns how many samples there were.
func removeOldest(ctx context.Context, conn *sql.Conn, cut, n int64) (int64, error) {
	until := cut - 1
	err := conn.QueryRowContext(ctx, "SELECT time FROM samples WHERE time < ? ORDER BY time LIMIT 1 OFFSET ?", cut, n-1).Scan(&until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	if _, err := conn.ExecContext(ctx, "DELETE FROM results WHERE check_id IN (SELECT id FROM checks) AND time <= ?", until); err != nil {
		return 0, err
	}
	deleted, err := conn.ExecContext(ctx, "DELETE FROM samples WHERE time <= ?", until)
	if err != nil {
		return 0, err
	}
	return deleted.RowsAffected()
}

// forget removes checks and series that were last recorded on a day that
// ended before the time. Whoever holds the id of one in memory has seen it
// today, so it is not among them.
func (p *pruner) forget(cut int64) error {
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

func (sqliteFile) shrink(p *pruner) error {
	if bound := p.bound(); bound > 0 {
		if err := p.shrink(bound); err != nil {
			return err
		}
	}
	if err := p.giveBack(); err != nil {
		return err
	}
	return p.bringIn()
}

// space is what the database takes, in bytes.
type space struct{ file, used, page int64 }

func (p *pruner) space() (s space, err error) {
	err = p.db.with(p.ctx, func() error {
		return p.db.inTx(p.ctx, toRead, func(ctx context.Context, conn *sql.Conn) (err error) {
			s, err = spaceNow(ctx, conn)
			return err
		})
	})
	return s, err
}

func spaceNow(ctx context.Context, conn *sql.Conn) (s space, err error) {
	var pages, free int64
	row := conn.QueryRowContext(ctx, "SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
	err = row.Scan(&pages, &free, &s.page)
	s.file, s.used = pages*s.page, (pages-free)*s.page
	return s, err
}

// bound is what the database itself may take, 0 where it has no bound.
func (p *pruner) bound() int64 {
	if p.db.opt.MaxSize <= 0 {
		return 0
	}
	return max(p.db.opt.MaxSize, leastSize) - logRoom
}

// shrink removes the oldest until the database is a tenth below its bound, so
// that it does not have to be done again at once.
func (p *pruner) shrink(bound int64) error {
	s, err := p.space()
	if err != nil || s.used <= bound {
		return err
	}
	goal := bound - bound/10
	for removed := int64(1); removed > 0 && s.used > goal; {
		n := int64(pruneBatch)
		if s.used-goal < 1<<20 {
			n /= 10 // not much more than needed, even where little takes much room
		}
		err := p.step(func(ctx context.Context, conn *sql.Conn) (err error) {
			if removed, err = lighten(ctx, conn, p.db.opt.Now().UnixMilli(), n); err == nil {
				s, err = spaceNow(ctx, conn)
			}
			return err
		})
		if err != nil {
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
		tooLarge := p.bound() > 0 && s.file > p.bound()
		if free < vacuumBatch*s.page || free < s.file/4 && !tooLarge {
			return nil
		}
		err = p.step(func(ctx context.Context, conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", vacuumBatch))
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
