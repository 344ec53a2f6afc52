package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/checks"
	"vitals/internal/testenv"
)

// Eight that open an empty database at once all find a whole history, and what
// two record at the same time about the same things is all there.
func TestOnPostgresManyAtOnce(t *testing.T) {
	address := testenv.Postgres(t).NewDatabase(t)
	const openers, rounds = 8, 20
	dbs := make([]*DB, openers)
	var wg sync.WaitGroup
	for i := range dbs {
		wg.Go(func() {
			db, err := Open(context.Background(), Options{URL: address, BusyTimeout: 30 * time.Second})
			if err != nil {
				t.Error(err)
				return
			}
			dbs[i] = db
			for n := range rounds {
				when := t0.Add(time.Duration(n) * time.Second)
				if err := db.Record(context.Background(), []checks.Result{at("shared", when), at(fmt.Sprint("own-", i), when), at("also shared", when)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	defer func() {
		for _, db := range dbs {
			_ = db.Close()
		}
	}()
	recent, err := dbs[0].Recent(t.Context(), 10_000)
	if err != nil || len(recent["shared"]) != openers*rounds || len(recent["also shared"]) != openers*rounds || len(recent) != openers+2 {
		t.Errorf("%d checks and %d results of the one that all recorded, %v; want %d and %d", len(recent), len(recent["shared"]), err, openers+2, openers*rounds)
	}
	size, err := dbs[1].Size(t.Context())
	if err != nil || size < 100_000 || size > 20<<20 {
		t.Errorf("the size is %d, %v", size, err)
	}
	// One that asked before others added series sees them.
	e := NewEngine(dbs[3], EngineOptions{})
	for n := range 3 {
		record(t, dbs[n], at(fmt.Sprint("late-", n), t0))
		if a, err := e.Instant(t.Context(), "count(probe_seconds)", t0.Add(time.Second*19)); err != nil || a.Vector[0].Value.Value != float64(openers+3+n) {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// Values that SQL has no word for, and texts that PostgreSQL does not take.
func TestOnPostgresOddValues(t *testing.T) {
	db := open(t, Options{})
	r := at("odd\x00name", t0)
	want := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, math.MaxFloat64, -0.1}
	for i, v := range want {
		r = r.Measure("odd", v, "i", fmt.Sprint(i), "text", "a\x00b?'"+strings.Repeat("long", 3000))
	}
	r.Status, r.Summary = checks.Degraded, "a NUL \x00 and a ? and a '"
	record(t, db, r)
	record(t, db, r) // known now
	series, err := db.Samples(t.Context(), "odd", nil, t0, t0)
	if err != nil || len(series) != len(want) {
		t.Fatalf("%d series, %v", len(series), err)
	}
	for i, s := range series {
		if v := s.Samples[0].Value; v != want[i] && !(math.IsNaN(v) && math.IsNaN(want[i])) {
			t.Errorf("%v came back as %v", want[i], v)
		}
	}
	if last, err := db.Last(t.Context()); err != nil || len(last) != 1 || !strings.Contains(last[0].Summary, "and a ? and a '") {
		t.Errorf("%+v, %v", last, err)
	}
	e := NewEngine(db, EngineOptions{})
	if a, err := e.Instant(t.Context(), "odd", t0); err != nil || len(a.Vector) != len(want) {
		t.Errorf("%d elements, %v", len(a.Vector), err)
	}
}

// A server that is restarted is a pause, not an error, for whoever comes after.
func TestOnPostgresRestarted(t *testing.T) {
	pg := testenv.StartPostgres(t, testenv.PostgresOptions{})
	db := open(t, Options{URL: pg.NewDatabase(t)})
	e := NewEngine(db, EngineOptions{})
	ask := func() error {
		_, err := e.Instant(t.Context(), "probe_seconds", t0)
		return err
	}
	record(t, db, at("database", t0))
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		pg.Stop()
		pg.Start()
		if err := ask(); err != nil {
			t.Error(err)
		}
		record(t, db, at("database", t0))
		// What is kept safely takes with it all that was recorded before.
		if err := db.AddSilence(t.Context(), silenceFor("x")); err != nil {
			t.Error(err)
		}
	}
	pg.Stop()
	for what, err := range map[string]error{
		"recording": db.Record(t.Context(), []checks.Result{at("database", t0)}), "reading": second(db.Last(t.Context())), "asking": ask(),
	} {
		if KindOf(err) != Unreachable || !strings.Contains(err.Error(), "cannot be reached (") || strings.Contains(err.Error(), "vitals@") {
			t.Errorf("%s: %d, %v", what, KindOf(err), err)
		}
	}
	pg.Start()
	recent, err := db.Recent(t.Context(), 10)
	if err != nil || len(recent["database"]) != 3 {
		t.Errorf("%v, %v; want three results", recent, err)
	}
}

func second[T any](_ T, err error) error { return err }

// Behind PgBouncer in transaction mode no statement meets the session of the one
// before it.
func TestOnPostgresBehindPgBouncer(t *testing.T) {
	pg := testenv.Postgres(t)
	direct, err := url.Parse(pg.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	bouncer := testenv.StartPgBouncer(t, pg)
	direct.Host = bouncer.Addr
	o := Options{URL: direct.String(), BusyTimeout: 30 * time.Second}
	a, b := open(t, o), open(t, o)
	var wg sync.WaitGroup
	for i, db := range []*DB{a, b, a, b, a, b} {
		wg.Go(func() {
			for n := range 10 {
				name := fmt.Sprintf("check-%d", i)
				if err := db.Record(context.Background(), []checks.Result{at(name, t0.Add(time.Duration(n)*time.Second))}); err != nil {
					t.Error(err)
				}
				if _, err := db.Step(context.Background(), countUp); err != nil {
					t.Error(err)
				}
				if _, err := NewEngine(db, EngineOptions{}).Instant(context.Background(), "sum(probe_seconds)", t0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	state, err := a.AlertState(t.Context())
	if err != nil || state.Alerts[0].Value != 60 {
		t.Errorf("%+v, %v", state.Alerts, err)
	}
	if err := b.Prune(t.Context()); err != nil {
		t.Error(err)
	}
	if held := pg.Value(t, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = '"+direct.Path[1:]+"')"); held != "0" {
		t.Errorf("%s locks are still held", held)
	}
}

// Every way in which a server can be wrong has its kind and its sentence, and
// none tells the password.
func TestOnPostgresWrong(t *testing.T) {
	pg := testenv.Postgres(t)
	home := pg.NewDatabase(t)
	name := home[strings.LastIndex(home, "/")+1 : strings.Index(home, "?")]
	guest := "guest_" + name
	pg.Exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'sesame'; CREATE ROLE one_%s LOGIN PASSWORD 'sesame' CONNECTION LIMIT 0", guest, name))
	t.Cleanup(func() { pg.Exec(t, fmt.Sprintf("DROP ROLE %s; DROP ROLE one_%s", guest, name)) })
	with := func(user, password, database string) string {
		u, _ := url.Parse(home)
		u.User = url.UserPassword(user, password)
		u.Path = "/" + database
		return u.String()
	}
	foreign := pg.NewDatabase(t)
	execIn(t, foreign, "CREATE SCHEMA vitals; CREATE TABLE vitals.things (id int)")
	newer := pg.NewDatabase(t)
	open(t, Options{URL: newer})
	execIn(t, newer, "UPDATE vitals.vitals_schema SET version = 1000")
	taken := pg.NewDatabase(t)
	open(t, Options{URL: taken})
	takenName := taken[strings.LastIndex(taken, "/")+1 : strings.Index(taken, "?")]
	tests := map[string]struct {
		url  string
		kind Kind
		says string
		hint string
	}{
		"nobody listens": {"postgres://x:sesame@127.0.0.1:1/x", Unreachable, "cannot be reached (", "checks go on"},
		"no such host":   {"postgres://x:sesame@nowhere.invalid/x", Unreachable, "cannot be reached (", ""},
		"no address":     {"postgres://x:sesame@[::1/x", Refused, "history.url cannot be read", "postgres://user"},
		"wrong password": {with("postgres", "sesame", name), Refused, "does not let postgres in", "history.url"},
		"no user":        {with("nobody", "sesame", name), Refused, "does not let nobody in", ""},
		"no database":    {with("postgres", "vitals", "nothing"), Refused, "no database of that name", "CREATE DATABASE"},
		"no right":       {with(guest, "sesame", name), Refused, "may not make the schema vitals", `GRANT CREATE ON DATABASE "` + name + `" TO "` + guest + `"`},
		"another's":      {with(guest, "sesame", takenName), Refused, "may not do this", "ALTER SCHEMA vitals OWNER TO"},
		"too many":       {with("one_"+name, "sesame", name), Crowded, "no connection left", "max_connections"},
		"foreign":        {foreign, Foreign, "not Vitals' history", "database of its own"},
		"newer":          {newer, Newer, "newer vitals (schema 1000", "newer vitals"},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			db, err := Open(t.Context(), Options{URL: tt.url, BusyTimeout: 300 * time.Millisecond})
			var e *Error
			if !errors.As(err, &e) {
				_ = db.Close()
				t.Fatalf("got %v", err)
			}
			if e.Kind != tt.kind || !strings.Contains(e.Error(), tt.says) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("kind %d: %s. %s", e.Kind, e, e.Hint)
			}
			if strings.Contains(e.Error()+e.Hint, "sesame") || strings.Contains(e.Error()+e.Hint, "vitals@") {
				t.Errorf("it tells the password: %s. %s", e, e.Hint)
			}
		})
	}
}

func execIn(t *testing.T, address, text string) {
	t.Helper()
	(&testenv.PostgresServer{URL: address}).Exec(t, text)
}

// Who has the right may be another than the owner of the database.
func TestOnPostgresWithItsOwnRole(t *testing.T) {
	pg := testenv.Postgres(t)
	home := pg.NewDatabase(t)
	u, _ := url.Parse(home)
	role := "keeper_" + u.Path[1:]
	pg.Exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'sesame'; GRANT CREATE ON DATABASE %s TO %s", role, u.Path[1:], role))
	t.Cleanup(func() {
		execIn(t, home, "DROP SCHEMA vitals CASCADE")
		pg.Exec(t, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM %s; DROP ROLE %s", u.Path[1:], role, role))
	})
	u.User = url.UserPassword(role, "sesame")
	db := open(t, Options{URL: u.String(), MaxSize: 1, Retention: time.Hour})
	record(t, db, at("database", t0))
	if err := db.Prune(t.Context()); err != nil {
		t.Error(err)
	}
}

// A standby lets read and says what it does not let.
func TestOnPostgresStandby(t *testing.T) {
	pg := testenv.StartPostgres(t, testenv.PostgresOptions{})
	address := pg.NewDatabase(t)
	record(t, open(t, Options{URL: address}), at("database", t0))
	replica := pg.Standby(t, nil)
	u, _ := url.Parse(address)
	u.Host = fmt.Sprintf("127.0.0.1:%d", replica.Port)
	var db *DB
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if db, err = Open(t.Context(), Options{URL: u.String()}); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	defer db.Close()
	if last, err := db.Last(t.Context()); err != nil || len(last) != 1 {
		t.Errorf("%v, %v", last, err)
	}
	err := db.Record(t.Context(), []checks.Result{at("database", t0)})
	if KindOf(err) != ReadOnly || !strings.Contains(err.Error(), "only lets us read") {
		t.Errorf("recording: %d, %v", KindOf(err), err)
	}
	err = db.AddSilence(t.Context(), silenceFor("x"))
	if KindOf(err) != ReadOnly {
		t.Errorf("keeping: %d, %v", KindOf(err), err)
	}
}

// One that hangs in the middle of a transaction keeps others waiting no longer
// than they want to wait.
func TestOnPostgresLocked(t *testing.T) {
	o := placed(t, Options{Path: "locked"})
	a := open(t, Options{URL: o.URL})
	b := open(t, Options{URL: o.URL, BusyTimeout: 100 * time.Millisecond})
	release, holding := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- a.durably(context.Background(), func(*tx) error {
			close(holding)
			<-release
			return nil
		})
	}()
	<-holding
	began := time.Now()
	err := b.AddSilence(t.Context(), silenceFor("x"))
	if KindOf(err) != Locked || !strings.Contains(err.Error(), "locked by another process for longer than 100ms") || time.Since(began) > 5*time.Second {
		t.Errorf("%d, %v after %s", KindOf(err), err, time.Since(began))
	}
	record(t, b, at("database", t0)) // recording waits for no such lock
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func silenceFor(id string) alerting.Silence {
	return alerting.Silence{ID: id, Until: time.Now().Add(time.Hour)}
}
