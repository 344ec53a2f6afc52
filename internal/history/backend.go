package history

import (
	"context"
	"database/sql"
	"time"
)

// backend is what differs between the two databases that can hold a history.
// All the rest is written once, in SQL that both understand, with ? for
// arguments.
type backend interface {
	// begin opens the database, and makes or migrates what is kept there. It
	// leaves nothing open when it fails.
	begin(ctx context.Context) error
	close() error

	// with runs f, once more where a second time may do; see DB.with.
	with(ctx context.Context, f func() error) error
	inTx(ctx context.Context, a access, f func(ctx context.Context, conn *sql.Conn) error) error

	// now is the time by the clock that all who share the history share.
	now(t *tx) (time.Time, error)

	// openReaders makes DB.readers, unless they are there.
	openReaders() error
	// lost tells whether a view that could not be begun may be begun anew.
	lost(err error) bool
	// sees is the text that begins the one transaction of a view.
	sees() string
	// stamp is a query whose numbers change with the table of series: how many
	// there are, the highest id, and the sum of all ids, or -1 where the first
	// two tell all.
	stamp() string
	// among is the condition that a column has one of some values.
	among(ids []int64) string
	// scan calls take for the three columns, two whole numbers and a float, of
	// every row of a query with two arguments. NULL is NaN.
	scan(ctx context.Context, conn *sql.Conn, query string, from, to int64, take func(first, second int64, x float64) error) error

	// write keeps results, inside a transaction toWrite.
	write(w *writer, rows []row) error
	// shrink removes the oldest until the history is as small as it has to be,
	// and gives space back where that can be done.
	shrink(p *pruner) error
	size(ctx context.Context) (int64, error)
	explain(err error) error
}

// access is what a transaction is for.
type access uint8

const (
	toRead  access = iota // it sees one moment and changes nothing
	toWrite               // what it wrote may be lost when the power goes out, and is whole otherwise
	toPrune               // as toWrite, and what others write meanwhile it neither sees nor removes
	toKeep                // what it wrote is on the disk when it has ended, and it is the only one of its kind
)

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
