package postgres

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/testenv"
)

// TestOnAServerThatIsBroken breaks a server of its own in every way that needs
// one.
func TestOnAServerThatIsBroken(t *testing.T) {
	sockets, err := os.MkdirTemp("", "vitals-sockets-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	if err := os.Chmod(sockets, 0o777); err != nil {
		t.Fatal(err)
	}
	pg := testenv.StartPostgres(t, testenv.PostgresOptions{
		Settings: map[string]string{"max_connections": "8", "superuser_reserved_connections": "3", "unix_socket_directories": sockets},
		HBA:      []string{"host all blocked 127.0.0.1/32 reject", "local all all scram-sha-256"},
	})
	pg.Exec(t, "CREATE ROLE app LOGIN PASSWORD 'apple pie'; CREATE ROLE blocked LOGIN PASSWORD 'x'")
	app := with(t, pg.URL, url.UserPassword("app", "apple pie"))

	t.Run("pg_hba", func(t *testing.T) {
		res := run(t, options(with(t, pg.URL, url.UserPassword("blocked", secret))))[0]
		expect(t, res, checks.Unhealthy, `no line of pg_hba.conf lets user "blocked" into database "postgres"`)
	})
	t.Run("socket", func(t *testing.T) {
		address := with(t, app, nil, func(u *url.URL) { u.Host, u.RawQuery = "", fmt.Sprintf("host=%s&port=%d", sockets, pg.Port) })
		expect(t, run(t, options(address))[0], checks.Healthy, "answers")
		address = with(t, address, url.UserPassword("app", secret))
		expect(t, run(t, options(address))[0], checks.Unhealthy, fmt.Sprintf("PostgreSQL at %s/.s.PGSQL.%d refuses the password", sockets, pg.Port))
	})
	t.Run("too many connections", func(t *testing.T) { tooManyConnections(t, pg, app) })
	t.Run("the connection is kept", func(t *testing.T) { connectionIsKept(t, pg, app) })
	t.Run("a kept connection that hangs", func(t *testing.T) { keptConnectionHangs(t, pg, app) })
	t.Run("a server that hangs", func(t *testing.T) { serverHangs(t, pg, app) })
	t.Run("TLS", func(t *testing.T) { overTLS(t, pg, app) })
	t.Run("standby", func(t *testing.T) { standby(t, pg) })
	t.Run("shutting down", func(t *testing.T) { shuttingDown(t, pg, app) })
	t.Run("stopped and started", func(t *testing.T) { stoppedAndStarted(t, pg, app) })
}

func tooManyConnections(t *testing.T, pg *testenv.PostgresServer, app string) {
	pg.Exec(t, untilNoSession("app"))
	for range 5 {
		session(t, app)
	}
	o := options(app, func(o *Options) { o.Pool.Size = 5 })
	results := run(t, o)
	expect(t, results[0], checks.Unhealthy, "has no connection left: too many clients")
	expect(t, results[1], checks.Unknown, "the pool could not be counted: ")
}

// vitalsSessions are the start times of the sessions that Vitals has.
func vitalsSessions(t *testing.T, app string) string {
	t.Helper()
	conn := session(t, app)
	defer conn.Close(t.Context())
	return exec(t, conn, "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name = 'vitals' AND usename = current_user")
}

func connectionIsKept(t *testing.T, pg *testenv.PostgresServer, app string) {
	pg.Exec(t, untilNoSession("app"))
	list := options(app, func(o *Options) { o.Pool.Size = 5 }).Checks()
	defer closeAll(list)
	for range 3 {
		for _, res := range again(t, list) {
			expect(t, res, checks.Healthy, "")
		}
	}
	first := vitalsSessions(t, app)
	if first == "" || strings.Contains(first, " ") {
		t.Fatalf("two checks in three rounds have the sessions %q, want one", first)
	}
	pg.Exec(t, "SELECT pg_terminate_backend("+first+")")
	for _, res := range again(t, list) {
		expect(t, res, checks.Healthy, "")
	}
	if second := vitalsSessions(t, app); second == first || second == "" || strings.Contains(second, " ") {
		t.Errorf("after the session was ended: %q, before %q", second, first)
	}
	closeAll(list)
	eventually(t, "the end of the session", func() bool { return vitalsSessions(t, app) == "" })
	// A closed check still works, and keeps nothing.
	expect(t, again(t, list)[0], checks.Healthy, "answers")
	eventually(t, "the end of the session", func() bool { return vitalsSessions(t, app) == "" })
}

// signal sends a signal to a process of the server, by the server itself.
func signal(t *testing.T, pg *testenv.PostgresServer, name, pid string) {
	t.Helper()
	pg.Exec(t, fmt.Sprintf("COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; kill -%s %s'", name, pid))
}

func keptConnectionHangs(t *testing.T, pg *testenv.PostgresServer, app string) {
	eventually(t, "the end of earlier sessions", func() bool { return vitalsSessions(t, app) == "" })
	list := options(app).Checks()
	defer closeAll(list)
	expect(t, again(t, list)[0], checks.Healthy, "answers")
	pid := vitalsSessions(t, app)
	defer signal(t, pg, "CONT", pid)
	signal(t, pg, "STOP", pid)
	res := again(t, list)[0]
	expect(t, res, checks.Healthy, "answers")
	if res.Duration < timeout/3 {
		t.Errorf("the hanging session was given %s", res.Duration)
	}
	if res = again(t, list)[0]; res.Duration > timeout/3 {
		t.Errorf("afterwards it still takes %s", res.Duration)
	}
}

// serverHangs stops the postmaster: the kernel still accepts connections.
func serverHangs(t *testing.T, pg *testenv.PostgresServer, app string) {
	pg.Exec(t, "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; (pid=$(head -1 postmaster.pid); kill -STOP $pid; sleep 1.5; kill -CONT $pid) >/dev/null 2>&1 &'")
	var res checks.Result
	eventually(t, "a failure", func() bool {
		res = run(t, options(app, within(500*time.Millisecond)))[0]
		return res.Status != checks.Healthy
	})
	expect(t, res, checks.Unhealthy, "accepts connections but said nothing within 500ms")
	eventually(t, "the server going on", func() bool { return run(t, options(app))[0].Status == checks.Healthy })
}

func standby(t *testing.T, pg *testenv.PostgresServer) {
	replica := pg.Standby(t, nil)
	role := func(expected string) func(*Options) { return func(o *Options) { o.Expect = expected } }
	res := run(t, options(replica.URL))[0]
	expect(t, res, checks.Healthy, "(standby)")
	expectFacts(t, res, map[string]any{"in_recovery": true, "read_only": true, "connection_test": "passed"})
	expect(t, run(t, options(replica.URL, role(ExpectStandby)))[0], checks.Healthy, "(standby)")
	expect(t, run(t, options(replica.URL, role(ExpectPrimary)))[0], checks.Unhealthy, "is a standby where the primary is expected")
	expect(t, run(t, options(pg.URL, role(ExpectPrimary)))[0], checks.Healthy, "answers")
	expect(t, run(t, options(pg.URL, role(ExpectStandby)))[0], checks.Unhealthy, "is a primary where a standby is expected")
	primaryOnly := with(t, replica.URL, nil, func(u *url.URL) { u.RawQuery = "sslmode=disable&target_session_attrs=primary" })
	expect(t, run(t, options(primaryOnly))[0], checks.Unhealthy, "target_session_attrs asks for")
	replica.Stop()

	quiet := pg.Standby(t, map[string]string{"hot_standby": "off"})
	expect(t, run(t, options(quiet.URL))[0], checks.Unhealthy, "takes no connections yet")
	quiet.Stop()
}

// shuttingDown begins a smart shutdown, which waits for the last session.
func shuttingDown(t *testing.T, pg *testenv.PostgresServer, app string) {
	list := options(app).Checks()
	defer closeAll(list)
	expect(t, again(t, list)[0], checks.Healthy, "answers")
	holding := session(t, app)
	pg.Exec(t, "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; kill -TERM $(head -1 postmaster.pid)'")
	eventually(t, "the shutdown", func() bool { return run(t, options(app))[0].Status == checks.Unhealthy })
	expect(t, run(t, options(app))[0], checks.Unhealthy, "is shutting down")
	holding.Close(t.Context())
	closeAll(list)
	eventually(t, "the end", func() bool { return strings.Contains(run(t, options(app))[0].Summary, "nothing listens there") })
	pg.Stop()
	pg.Start()
}

func stoppedAndStarted(t *testing.T, pg *testenv.PostgresServer, app string) {
	list := options(app, func(o *Options) { o.Pool.Size = 5 }).Checks()
	defer closeAll(list)
	expect(t, again(t, list)[0], checks.Healthy, "answers")
	pg.Stop()
	results := again(t, list)
	expect(t, results[0], checks.Unhealthy, "nothing listens there")
	expect(t, results[1], checks.Unknown, "the pool could not be counted")
	pg.Start()
	for _, res := range again(t, list) {
		expect(t, res, checks.Healthy, "")
	}
}
