package history

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// stamp: ids may be committed in another order than they were given, so that the
// count and the highest do not tell all.
func (*server) stamp() string {
	return "SELECT count(*), coalesce(max(id), 0), coalesce(sum(id), 0)::bigint FROM series"
}

func (*server) among(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return "= ANY ('{" + b.String() + "}'::bigint[])"
}

const pgInt8 = 20 // the oid of bigint

// scan reads what the server sends in its own, binary form: a sample costs less
// than to read it as text.
func (*server) scan(ctx context.Context, conn *sql.Conn, query string, from, to int64, take func(first, second int64, x float64) error) error {
	return conn.Raw(func(raw any) error {
		c, ok := raw.(*pgConn)
		if !ok {
			return fmt.Errorf("the driver's %T takes no queries", raw)
		}
		values := [][]byte{strconv.AppendInt(nil, from, 10), strconv.AppendInt(nil, to, 10)}
		rows := c.Conn.Conn().PgConn().ExecParams(ctx, numbered(query, len(values)), values, []uint32{pgInt8, pgInt8}, nil, []int16{1})
		for rows.NextRow() {
			row := rows.Values()
			if len(row) != 3 || len(row[0]) != 8 || len(row[1]) != 8 || len(row[2]) != 8 && row[2] != nil {
				_, _ = rows.Close()
				return fmt.Errorf("a query answered with other columns than two whole numbers and a float: %s", query)
			}
			x := math.NaN()
			if row[2] != nil {
				x = math.Float64frombits(binary.BigEndian.Uint64(row[2]))
			}
			first, second := binary.BigEndian.Uint64(row[0]), binary.BigEndian.Uint64(row[1])
			if err := take(int64(first), int64(second), x); err != nil { //nolint:gosec // they are signed numbers
				_, _ = rows.Close() // reads the rest, which the query bounds
				return err
			}
		}
		_, err := rows.Close()
		return err
	})
}
