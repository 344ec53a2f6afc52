package history

import (
	"context"
	"database/sql"
	"reflect"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// keepLogOnClose tells SQLite not to bring the log into the database when the
// connection is closed. The driver offers no way to say so; its connection's
// handle is read by reflection, and where a later driver has none of that name
// closing is slower and nothing else changes. A test notices.
func keepLogOnClose(ctx context.Context, db *sql.DB) bool {
	conn, err := db.Conn(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	done := false
	_ = conn.Raw(func(driverConn any) error { // it returns what the function does: nothing
		v := reflect.ValueOf(driverConn)
		if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
			return nil
		}
		handle := v.Elem().FieldByName("db")
		if handle.Kind() != reflect.Uintptr || handle.Uint() == 0 {
			return nil
		}
		tls := libc.NewTLS()
		defer tls.Close()
		arguments := tls.Alloc(2 * 8) // one slot of 8 bytes for each, whatever its type
		defer tls.Free(2 * 8)
		code := lib.Xsqlite3_db_config(tls, uintptr(handle.Uint()), lib.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
			libc.VaList(arguments, int32(1), uintptr(0)))
		done = code == lib.SQLITE_OK
		return nil
	})
	return done
}
