package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
	"vitals/internal/testenv"
)

// secret is the password in every address here that is not the right one: it
// must turn up in no result.
const secret = "hunter2+marked"

const timeout = 2 * time.Second

// options are those of a test: the defaults with an address.
func options(address string, change ...func(*Options)) *Options {
	o := DefaultOptions()
	o.URL, o.Timeout = checks.Secret(address), timeout
	for _, c := range change {
		c(&o)
	}
	return &o
}

func users(table string) func(*Options) { return func(o *Options) { o.UsersTable = table } }

func within(d time.Duration) func(*Options) { return func(o *Options) { o.Timeout = d } }

// run runs the checks of the options as everything else does, holds them to
// their deadline, and closes them.
func run(t *testing.T, o *Options) []checks.Result {
	t.Helper()
	if problems := o.Problems(); problems != nil {
		t.Fatal(problems)
	}
	list := o.Checks()
	defer closeAll(list)
	return again(t, list)
}

// again runs checks that stay open.
func again(t *testing.T, list []checks.Check) []checks.Result {
	t.Helper()
	results := (&checks.Runner{}).Run(t.Context(), list)
	for i, res := range results {
		if limit := list[i].Timeout + 100*time.Millisecond; res.Duration > limit {
			t.Errorf("%s took %s, promised %s", res.Check, res.Duration, limit)
		}
		if text := fmt.Sprintf("%+v", res); strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			t.Errorf("the password is in %s", text)
		}
	}
	return results
}

func closeAll(list []checks.Check) {
	for _, c := range list {
		c.Close()
	}
}

// expect compares status and a part of the summary.
func expect(t *testing.T, res checks.Result, status checks.Status, part string) {
	t.Helper()
	if res.Status != status || !strings.Contains(res.Summary, part) {
		t.Errorf("got %s %q (%s), want %s and %q", res.Status, res.Summary, res.Error, status, part)
	}
	if res.Status != checks.Healthy && res.Hint == "" {
		t.Errorf("%q says nothing about what to do", res.Summary)
	}
}

func expectFacts(t *testing.T, res checks.Result, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if f, ok := res.Fact(name); !ok || f.Value != value {
			t.Errorf("%s: fact %s: got %v (there: %t), want %v", res.Check, name, f.Value, ok, value)
		}
	}
}

// with changes parts of an address; a nil user is kept.
func with(t *testing.T, address string, user *url.Userinfo, change ...func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if user != nil {
		u.User = user
	}
	for _, c := range change {
		c(u)
	}
	return u.String()
}

func session(t *testing.T, address string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

// eventually waits for what a server does a moment later.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

// shop is a database with three users and its owner's session.
func shop(t *testing.T) (address string, owner *pgconn.PgConn) {
	t.Helper()
	address = testenv.Postgres(t).NewDatabase(t)
	owner = session(t, address)
	exec(t, owner, "CREATE TABLE users(id int); INSERT INTO users VALUES (1), (2), (3)")
	return address, owner
}

// plainRole makes a role that may do what everybody may.
func plainRole(t *testing.T, address string, owner *pgconn.PgConn) (name, login string) {
	t.Helper()
	name = "plain_" + exec(t, owner, "SELECT current_database()")
	exec(t, owner, "CREATE ROLE "+name+" LOGIN PASSWORD 'plain'")
	t.Cleanup(func() {
		if _, err := owner.Exec(context.Background(), "DROP OWNED BY "+name+"; DROP ROLE "+name).ReadAll(); err != nil {
			t.Error(err)
		}
	})
	return name, with(t, address, url.UserPassword(name, "plain"))
}

func TestAnswers(t *testing.T) {
	address, owner := shop(t)
	res := run(t, options(address, users("users")))[0]
	expect(t, res, checks.Healthy, "PostgreSQL ")
	expectFacts(t, res, map[string]any{"type": "PostgreSQL", "connection_test": "passed", "users_count": int64(3),
		"users_count_estimated": false, "read_only": false, "in_recovery": false})
	version, _, _ := strings.Cut(exec(t, owner, "SHOW server_version"), " ")
	expectFacts(t, res, map[string]any{"version": version})
	if f, _ := res.Fact("response_time"); f.Value.(time.Duration) <= 0 || f.Value.(time.Duration) > res.Duration {
		t.Errorf("response_time is %v of %s", f.Value, res.Duration)
	}
	used, _ := res.Fact("connections_used")
	most, _ := res.Fact("connections_max")
	if used.Value.(int64) < 2 || most.Value.(int64) < used.Value.(int64) {
		t.Errorf("connections: %v of %v", used.Value, most.Value)
	}
	if len(res.Samples) != 3 {
		t.Errorf("samples: %v", res.Samples)
	}
}

func TestAddressesOfOtherLibraries(t *testing.T) {
	address, _ := shop(t)
	query := func(q string) string { return with(t, address, nil, func(u *url.URL) { u.RawQuery = q }) }
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	for _, a := range []string{
		"postgresql+asyncpg" + strings.TrimPrefix(query("ssl=disable"), "postgres"),
		"POSTGRES+psycopg2" + strings.TrimPrefix(query("keepalives=1&connect_timeout=3&gssencmode=disable"), "postgres"),
		query("schema=public&connection_limit=5&pool_timeout=2&pgbouncer=true"),
		query("pool_max_conns=4&default_query_exec_mode=exec"),
		query(""),
		fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s", u.Hostname(), u.Port(), u.User.Username(), password, u.Path[1:]),
		fmt.Sprintf("postgres://%s@127.0.0.1:%s,127.0.0.1:%s%s?sslmode=disable", u.User, testenv.Refused(t)[len("127.0.0.1:"):], u.Port(), u.Path),
	} {
		res := run(t, options(a, users("users")))[0]
		expect(t, res, checks.Healthy, "answers")
		expectFacts(t, res, map[string]any{"users_count": int64(3)})
	}
	for _, q := range []string{"sslcrl=/x", "ssl_min_protocol_version=TLSv1.3"} {
		res := run(t, options(query(q)))[0]
		expect(t, res, checks.Unknown, "is not supported")
	}
	expect(t, run(t, options(query("nonsense=1")))[0], checks.Unknown, "does not know a parameter")
}

func TestPasswordsFromElsewhere(t *testing.T) {
	address, _ := shop(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	without := with(t, address, url.User(u.User.Username()))
	expect(t, run(t, options(without))[0], checks.Unhealthy, "wants a password for user")
	file := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(file, []byte(strings.Join([]string{u.Hostname(), u.Port(), "*", u.User.Username(), password}, ":")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSFILE", file)
	expect(t, run(t, options(without))[0], checks.Healthy, "answers")
	if err := os.WriteFile(file, []byte("*:*:*:*:"+secret), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, run(t, options(without))[0], checks.Unhealthy, "refuses the password of user")
	t.Setenv("PGPASSWORD", password)
	expect(t, run(t, options(without))[0], checks.Healthy, "answers")
	t.Setenv("PGPASSWORD", secret)
	expect(t, run(t, options(without))[0], checks.Unhealthy, "refuses the password of user")
}

func TestUsersTable(t *testing.T) {
	address, owner := shop(t)
	exec(t, owner, `CREATE SCHEMA "odd.schema"; CREATE TABLE "odd.schema"."Us""ers; drop table users"(id int);
		INSERT INTO "odd.schema"."Us""ers; drop table users" VALUES (1);
		CREATE VIEW slow AS SELECT pg_sleep(60)::text;
		CREATE SEQUENCE numbers; CREATE VIEW writing AS SELECT nextval('numbers')`)
	res := run(t, options(address, users(`"odd.schema"."Us""ers; drop table users"`)))[0]
	expectFacts(t, res, map[string]any{"users_count": int64(1)})
	expectFacts(t, run(t, options(address, users("public.users")))[0], map[string]any{"users_count": int64(3)})

	for table, why := range map[string]string{
		"people":          "there is no table people",
		"Users":           "there is no table Users",
		"nowhere.users":   "there is no table nowhere.users",
		"writing":         "read-only transaction",
		"pg_catalog.none": "there is no table",
	} {
		res := run(t, options(address, users(table)))[0]
		expect(t, res, checks.Unknown, "answers, but users could not be counted: ")
		expect(t, res, checks.Unknown, why)
		expectFacts(t, res, map[string]any{"connection_test": "passed", "users_count": nil})
	}
	res = run(t, options(address, users("slow"), within(500*time.Millisecond)))[0]
	expect(t, res, checks.Unknown, "counting slow took too long")
	eventually(t, "the end of the slow statement", func() bool {
		return exec(t, owner, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vitals' AND state = 'active' AND datname = current_database()") == "0"
	})
	exec(t, owner, "BEGIN; LOCK users")
	expect(t, run(t, options(address, users("users")))[0], checks.Unknown, "another session has locked users")
}

func TestUsersAreEstimatedAboveTheLimit(t *testing.T) {
	address, owner := shop(t)
	exec(t, owner, `CREATE TABLE parts(id int) PARTITION BY RANGE (id); CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (100);
		CREATE TABLE high PARTITION OF parts FOR VALUES FROM (100) TO (200); INSERT INTO parts SELECT generate_series(50, 149);
		ANALYZE users; ANALYZE parts; DELETE FROM users WHERE id = 1; DELETE FROM parts WHERE id = 50`)
	limit := func(n int64) func(*Options) { return func(o *Options) { o.UsersExactLimit = n } }
	for _, c := range []struct {
		table     string
		limit     int64
		count     int64
		estimated bool
	}{{"users", 3, 2, false}, {"users", 2, 3, true}, {"parts", 100, 99, false}, {"parts", 99, 100, true}} {
		res := run(t, options(address, users(c.table), limit(c.limit)))[0]
		expectFacts(t, res, map[string]any{"users_count": c.count, "users_count_estimated": c.estimated})
	}
}

func TestPrivileges(t *testing.T) {
	address, owner := shop(t)
	role, plain := plainRole(t, address, owner)

	res := run(t, options(plain, users("users")))[0]
	expect(t, res, checks.Unknown, "no privilege to read users")
	if !strings.Contains(res.Hint, `GRANT SELECT ON "users" TO "`+role+`"`) {
		t.Errorf("hint: %s", res.Hint)
	}
	exec(t, owner, "CREATE SCHEMA closed; CREATE TABLE closed.users(id int)")
	res = run(t, options(plain, users("closed.users")))[0]
	expect(t, res, checks.Unknown, "no privilege on the schema of closed.users")
	// The hints are true.
	exec(t, owner, fmt.Sprintf(`GRANT SELECT ON "users" TO "%s"; GRANT USAGE ON SCHEMA "closed" TO "%[1]s"; GRANT SELECT ON "closed"."users" TO "%[1]s"`, role))
	expect(t, run(t, options(plain, users("users")))[0], checks.Healthy, "answers")
	expect(t, run(t, options(plain, users("closed.users")))[0], checks.Healthy, "answers")

	// Read-only for this role alone is how a careful administrator makes it;
	// for the whole database it is worth saying.
	exec(t, owner, "ALTER ROLE "+role+" SET default_transaction_read_only = on")
	expectFacts(t, run(t, options(plain))[0], map[string]any{"read_only": false})
	exec(t, owner, "ALTER ROLE "+role+" RESET default_transaction_read_only; DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$")
	res = run(t, options(plain))[0]
	expect(t, res, checks.Healthy, "(read-only)")
	expectFacts(t, res, map[string]any{"read_only": true, "in_recovery": false})
}

// TestAServerThatLacksWhatIsAsked takes away a function that a future server
// may not have.
func TestAServerThatLacksWhatIsAsked(t *testing.T) {
	address, owner := shop(t)
	_, plain := plainRole(t, address, owner)
	exec(t, owner, "REVOKE EXECUTE ON FUNCTION pg_stat_get_activity FROM PUBLIC")
	res := run(t, options(plain))[0]
	expect(t, res, checks.Healthy, "answers")
	expectFacts(t, res, map[string]any{"connections_used": nil, "connection_test": "passed"})
}

// TestNothingOfTheSessionChanges looks at what a question leaves behind in a
// session that others use after it, as behind a pooler.
func TestNothingOfTheSessionChanges(t *testing.T) {
	address, _ := shop(t)
	conn := session(t, address)
	d := &database{options: *options(address), users: table{name: "users"}}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if a, err := d.query(ctx, conn, func() {}, time.Now()); err != nil || a.usersErr != nil {
		t.Fatal(err, a.usersErr)
	}
	for name, want := range map[string]string{"statement_timeout": "0", "lock_timeout": "0", "transaction_read_only": "off"} {
		if got := exec(t, conn, "SHOW "+name); got != want {
			t.Errorf("%s is %s afterwards, want %s", name, got, want)
		}
	}
}

func BenchmarkDatabase(b *testing.B) {
	address := testenv.Postgres(b).NewDatabase(b)
	conn, err := pgconn.Connect(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(b.Context(), "CREATE TABLE users(id int); INSERT INTO users SELECT generate_series(1, 1000)").ReadAll(); err != nil {
		b.Fatal(err)
	}
	for name, keep := range map[string]bool{"kept": true, "fresh": false} {
		b.Run(name, func(b *testing.B) {
			c := options(address, users("users")).Checks()[0]
			defer c.Close()
			for b.Loop() {
				if res := c.Do(b.Context()); res.Status != checks.Healthy {
					b.Fatal(res)
				}
				if !keep {
					c.Close()
				}
			}
		})
	}
}
