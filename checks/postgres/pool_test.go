package postgres

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
	"vitals/internal/testenv"
)

// client opens a session of an application and leaves it in the state that
// the SQL leads to.
func client(t *testing.T, address, application, sql string) *pgconn.PgConn {
	t.Helper()
	conn := session(t, with(t, address, nil, func(u *url.URL) {
		q := u.Query()
		q.Set("application_name", application)
		u.RawQuery = q.Encode()
	}))
	switch {
	case strings.HasPrefix(sql, "SELECT pg_sleep"):
		inBackground(t, conn, sql)
	case sql != "":
		conn.Exec(t.Context(), sql).ReadAll() // the failing one is meant to fail
	}
	return conn
}

// inBackground runs what takes until the end of the test.
func inBackground(t *testing.T, conn *pgconn.PgConn, sql string) {
	var done sync.WaitGroup
	done.Go(func() { conn.Exec(t.Context(), sql).ReadAll() })
	t.Cleanup(done.Wait) // before the session is closed; the context has ended by then
}

func pooled(size, overflow int, application, user string) func(*Options) {
	return func(o *Options) {
		o.Pool.Size, o.Pool.MaxOverflow, o.Pool.Application, o.Pool.User = size, overflow, application, user
	}
}

// poolOf runs the pool check alone.
func poolOf(t *testing.T, o *Options) checks.Result {
	t.Helper()
	results := run(t, o)
	return results[len(results)-1]
}

// states opens six sessions of shop and two of another application.
func states(t *testing.T, address string, owner *pgconn.PgConn) {
	t.Helper()
	for _, sql := range []string{"", "", "SELECT pg_sleep(60)", "BEGIN; SELECT 1", "BEGIN; SELECT 1/0"} {
		client(t, address, "shop", sql)
	}
	for range 2 {
		client(t, address, "other", "BEGIN; SELECT 1")
	}
	eventually(t, "the active session", func() bool {
		return exec(t, owner, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'shop' AND state = 'active'") == "1"
	})
}

func TestPoolCountsSessions(t *testing.T) {
	address, owner := shop(t)
	states(t, address, owner)
	res := poolOf(t, options(address, pooled(10, 0, "shop", "")))
	expect(t, res, checks.Healthy, "3 of 10 pool connections checked out")
	expectFacts(t, res, map[string]any{"pool_size": int64(10), "checked_in_connections": int64(2), "checked_out_connections": int64(3),
		"overflow_connections": int64(0), "invalid_connections": int64(1), "pool_used": 30.0})
	for name, want := range map[string]float64{"db_connections_active": 1, "db_connections_checked_out": 3} {
		found := false
		for _, s := range res.Samples {
			found = found || s.Name == name && s.Value == want
		}
		if !found {
			t.Errorf("no sample %s of %g: %v", name, want, res.Samples)
		}
	}
	expectFacts(t, poolOf(t, options(address, pooled(10, 0, "other", ""))), map[string]any{"checked_out_connections": int64(2)})
	expectFacts(t, poolOf(t, options(address, pooled(10, 0, "shop", "postgres"))), map[string]any{"checked_out_connections": int64(3)})
	expectFacts(t, poolOf(t, options(address, pooled(10, 0, "shop", "nobody"))), map[string]any{"checked_out_connections": int64(0)})
	// The owner's own session is idle; with no filter it counts.
	expectFacts(t, poolOf(t, options(address, pooled(10, 0, "", ""))), map[string]any{"checked_out_connections": int64(5), "checked_in_connections": int64(3)})

	for _, c := range []struct {
		size, overflow int
		status         checks.Status
		overflowing    int64
	}{{4, 0, checks.Healthy, 1}, {4, 10, checks.Healthy, 1}, {3, 0, checks.Unhealthy, 2}, {3, 1, checks.Degraded, 2}, {3, -1, checks.Degraded, 2}, {1, 2, checks.Unhealthy, 4}} {
		res := poolOf(t, options(address, pooled(c.size, c.overflow, "shop", "")))
		expect(t, res, c.status, "pool connections checked out")
		expectFacts(t, res, map[string]any{"overflow_connections": c.overflowing})
	}
	at75 := func(o *Options) { o.Pool.DegradedPercent = 75 }
	expect(t, poolOf(t, options(address, pooled(4, 0, "shop", ""), at75)), checks.Degraded, "3 of 4")
}

func TestPoolSaysWhatIsHiddenFromIt(t *testing.T) {
	address, owner := shop(t)
	states(t, address, owner)
	role, plain := plainRole(t, address, owner)
	res := poolOf(t, options(plain, pooled(20, 0, "shop", "")))
	expect(t, res, checks.Healthy, "0 of 20 pool connections checked out; 5 sessions hidden") // even all five are few
	expectFacts(t, res, map[string]any{"pool_size": int64(20), "hidden_connections": int64(5), "checked_out_connections": nil, "checked_in_connections": nil})
	if len(res.Samples) != 0 {
		t.Errorf("samples of what is not known: %v", res.Samples)
	}
	res = poolOf(t, options(plain, pooled(5, 0, "shop", "")))
	expect(t, res, checks.Unknown, "5 of the pool's 5 sessions are hidden from Vitals: 0 to 5 of 5 connections are checked out")
	if !strings.Contains(res.Hint, `GRANT pg_read_all_stats TO "`+role+`"`) {
		t.Errorf("hint: %s", res.Hint)
	}
	exec(t, owner, `GRANT pg_read_all_stats TO "`+role+`"`)
	expect(t, poolOf(t, options(plain, pooled(5, 0, "shop", ""))), checks.Healthy, "3 of 5")
}

func TestPgBouncer(t *testing.T) {
	pg := testenv.Postgres(t)
	b := testenv.StartPgBouncer(t, pg)
	address, owner := shop(t)
	exec(t, owner, "CREATE VIEW slow AS SELECT pg_sleep(60)::text")
	through := with(t, address, nil, func(u *url.URL) { u.Host = b.Addr })

	t.Run("the database through it", func(t *testing.T) { throughPgBouncer(t, through) })
	t.Run("its pools", func(t *testing.T) { poolsOfPgBouncer(t, b, address, through) })

	b.Stop()
	res := poolOf(t, options(address, func(o *Options) { o.PgBouncer = checks.Secret(b.AdminURL) }))
	expect(t, res, checks.Unhealthy, "PgBouncer at "+b.Addr+" refuses connections: nothing listens there")
}

func throughPgBouncer(t *testing.T, through string) {
	list := options(through, users("users")).Checks()
	defer closeAll(list)
	for range 3 {
		res := again(t, list)[0]
		expect(t, res, checks.Healthy, "answers")
		expectFacts(t, res, map[string]any{"users_count": int64(3)})
	}
	expect(t, run(t, options(through, users("people")))[0], checks.Unknown, "there is no table people")
	expect(t, run(t, options(through, users("slow"), within(500*time.Millisecond)))[0], checks.Unknown, "counting slow took too long")
	// The sessions behind it are the application's too: nothing may stick.
	for range 3 {
		conn := session(t, through)
		for name, want := range map[string]string{"statement_timeout": "0", "lock_timeout": "0", "transaction_read_only": "off"} {
			if got := exec(t, conn, "SHOW "+name); got != want {
				t.Errorf("%s is %s afterwards, want %s", name, got, want)
			}
		}
		exec(t, conn, "BEGIN") // so that the next takes another session
		defer conn.Close(t.Context())
	}
	wrong := with(t, through, url.UserPassword("postgres", secret))
	expect(t, run(t, options(wrong))[0], checks.Unhealthy, "PostgreSQL at ")
	missing := with(t, through, nil, func(u *url.URL) { u.Path = "/no_such_database" })
	expect(t, run(t, options(missing))[0], checks.Unhealthy, "no_such_database")
}

func poolsOfPgBouncer(t *testing.T, b *testenv.PgBouncer, address, through string) {
	bounced := func(o *Options) { o.PgBouncer = checks.Secret(b.AdminURL) }
	list := options(address, bounced).Checks()
	defer closeAll(list)
	if len(list) != 2 || list[1].Name != "database.pool" {
		t.Fatalf("got %d checks", len(list))
	}
	for range 2 {
		client(t, through, "shop", "BEGIN; SELECT 1")
	}
	res := again(t, list)[1]
	expect(t, res, checks.Healthy, "2 clients active and 0 waiting, over 2 server connections in use")
	expectFacts(t, res, map[string]any{"checked_out_connections": int64(2), "clients_waiting": int64(0)})
	size, _ := res.Fact("pool_size")
	if len(res.Tables) != 1 || res.Tables[0].Name != "pools" || len(res.Tables[0].Rows) == 0 || size.Value.(int64) < 3 {
		t.Fatalf("got %+v, pool_size %v", res.Tables, size.Value)
	}
	client(t, through, "shop", "BEGIN; SELECT 1")
	expect(t, again(t, list)[1], checks.Degraded, "3 of 3 server connections in use in PgBouncer's pool of ")
	for range 21 {
		inBackground(t, session(t, through), "SELECT 1") // waits
	}
	eventually(t, "21 waiting clients", func() bool { return strings.Contains(again(t, list)[1].Summary, "21 clients waiting") })
	expect(t, again(t, list)[1], checks.Degraded, "21 clients waiting for a connection in PgBouncer's pool of ")

	// Together with the application's own pool: both are told, the worse wins.
	both := poolOf(t, options(address, bounced, pooled(10, 0, "nothing", "")))
	expect(t, both, checks.Degraded, "21 clients waiting")
	expect(t, both, checks.Degraded, "; 0 of 10 pool connections checked out")
	expectFacts(t, both, map[string]any{"pool_size": int64(10), "checked_out_connections": int64(0), "clients_waiting": int64(21)})

	wrong := with(t, b.AdminURL, url.UserPassword("stats", secret))
	refused := func(o *Options) { o.PgBouncer = checks.Secret(wrong) }
	expect(t, poolOf(t, options(address, refused)), checks.Unknown, "PgBouncer at ")
	alone := poolOf(t, options("", bounced))
	expect(t, alone, checks.Degraded, "21 clients waiting")
}

// TestLongWaits judges what would take a quarter of a minute to bring about.
func TestLongWaits(t *testing.T) {
	p := &pool{options: DefaultOptions().Pool}
	for _, c := range []struct {
		pool   bouncerPool
		status checks.Status
		part   string
	}{
		{bouncerPool{database: "shop", user: "app", waiting: 1, longest: 15*time.Second + 100*time.Millisecond}, checks.Unhealthy, "1 client waiting for a connection in PgBouncer's pool of shop for user app, for up to 15.1s"},
		{bouncerPool{waiting: 1, longest: 15 * time.Second}, checks.Healthy, "1 waiting"},
		{bouncerPool{waiting: 0, longest: time.Minute}, checks.Healthy, "0 waiting"},
		{bouncerPool{waiting: 20}, checks.Healthy, "20 waiting"},
		{bouncerPool{waiting: 21}, checks.Degraded, "21 clients waiting"},
		{bouncerPool{size: 10, active: 7}, checks.Healthy, "7 server connections in use"},
		{bouncerPool{size: 10, active: 8}, checks.Degraded, "8 of 10 server connections in use"},
	} {
		res := p.judgeBouncer([]bouncerPool{{}, c.pool})
		expect(t, res, c.status, c.part)
	}
}
