package postgres

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"vitals/checks"
	"vitals/internal/testenv"
)

// at is an address for a server that is not the right one.
func at(hostport string) string {
	return "postgres://app:" + url.QueryEscape(secret) + "@" + hostport + "/shop"
}

func TestFailuresOfTheNetwork(t *testing.T) {
	mail := serve(t, func(conn net.Conn) {
		io.WriteString(conn, "220 mail.example.org ESMTP ready when you are, and some more words\r\n")
		io.Copy(io.Discard, conn)
	})
	for _, c := range []struct {
		name, address, summary string
		slow                   bool // takes the whole timeout
	}{
		{"refused", at(testenv.Refused(t)), "refuses connections: nothing listens there", false},
		{"no such host", at("no-such-host.invalid:5432"), "cannot be found: DNS", false},
		{"black hole", at(testenv.BlackHole(t)), "accepts connections but said nothing within 500ms", true},
		{"black hole without TLS", at(testenv.BlackHole(t)) + "?sslmode=disable", "accepts connections but said nothing within 500ms", true},
		{"black hole with TLS", at(testenv.BlackHole(t)) + "?sslmode=require", "accepts connections but said nothing within 500ms", true},
		{"black hole, two servers", at(testenv.BlackHole(t) + "," + testenv.BlackHole(t)), "accepts connections but said nothing within 500ms", true},
		{"dropped packets", at(testenv.Dropping(t)), "cannot be reached: nothing came back within 500ms", true},
		{"hangs up", at(hangingUp(t)), "closes connections during login without a word", false},
		{"hangs up without TLS", at(hangingUp(t)) + "?sslmode=disable", "closes connections during login without a word", false},
		{"a mail server", at(mail), "does not speak PostgreSQL's protocol", false},
		{"a mail server without TLS", at(mail) + "?sslmode=disable", "does not speak PostgreSQL's protocol", false},
		{"no socket", "postgres://app:" + url.QueryEscape(secret) + "@/shop?host=" + t.TempDir(), "is not running: there is no such socket", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			results := run(t, options(c.address, within(500*time.Millisecond), func(o *Options) { o.Pool.Size = 5 }))
			res := results[0]
			expect(t, res, checks.Unhealthy, c.summary)
			expectFacts(t, res, map[string]any{"type": "PostgreSQL", "connection_test": "failed"})
			if res.Error == "" || strings.Contains(res.Error, "\n") {
				t.Errorf("error: %q", res.Error)
			}
			if c.slow && res.Duration < 400*time.Millisecond {
				t.Errorf("took %s", res.Duration)
			}
			// The pool says that it cannot tell, not that the pool is down.
			expect(t, results[1], checks.Unknown, "the pool could not be counted: ")
		})
	}
}

// hangingUp accepts connections, reads a little and closes them.
func hangingUp(t *testing.T) string {
	return serve(t, func(conn net.Conn) { io.ReadFull(conn, make([]byte, 8)) })
}

func serve(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				talk(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// TestWordsOfTheServer has a server that only says why it lets nobody in: each
// sentence that PostgreSQL 13 to 18 has for it, and another language.
func TestWordsOfTheServer(t *testing.T) {
	for _, c := range []struct{ code, message, summary string }{
		{"57P03", "the database system is starting up", "is starting up and takes no connections yet"},
		{"57P03", "the database system is shutting down", "is shutting down"},
		{"57P03", "the database system is in recovery mode", "is recovering and takes no connections yet"},
		{"57P03", "the database system is not yet accepting connections", "is recovering and takes no connections yet"},
		{"57P03", "the database system is not accepting connections", "is recovering and takes no connections yet"},
		{"57P03", "das Datenbanksystem startet", "takes no connections at the moment"},
		{"53300", "sorry, too many clients already", "has no connection left"},
		{"57P01", "terminating connection due to administrator command", "ended the connection before it answered"},
		{"28000", `no pg_hba.conf entry for host "1.2.3.4", user "app", database "shop", no encryption`, `no line of pg_hba.conf lets user "app" into database "shop"`},
		{"28000", `role "app" does not exist`, `has no user "app"`},
		{"28000", "Peer-Authentifizierung fehlgeschlagen", `does not let user "app" log in`},
		{"08P01", "server login has been failing, try again later", "refuses: server login has been failing"},
		{"XX000", "something else", "refuses the connection"},
	} {
		t.Run(c.message, func(t *testing.T) {
			address := serve(t, func(conn net.Conn) {
				backend := pgproto3.NewBackend(conn, conn)
				if _, err := backend.ReceiveStartupMessage(); err == nil {
					backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: c.code, Message: c.message})
					backend.Flush()
				}
			})
			expect(t, run(t, options(at(address)+"?sslmode=disable"))[0], checks.Unhealthy, c.summary)
		})
	}
}

// TestSilenceAfterLogin has a server that lets everybody in and then says no
// more.
func TestSilenceAfterLogin(t *testing.T) {
	silent := serve(t, func(conn net.Conn) { login(conn); io.Copy(io.Discard, conn) })
	o := options(at(silent)+"?sslmode=disable", within(500*time.Millisecond), func(o *Options) { o.Pool.Size = 5 })
	results := run(t, o)
	expect(t, results[0], checks.Unhealthy, "lets Vitals log in but did not answer SELECT 1 within 500ms")
	expect(t, results[1], checks.Unknown, "the pool could not be counted: ")

	closing := serve(t, func(conn net.Conn) { login(conn); io.ReadFull(conn, make([]byte, 1)) })
	expect(t, run(t, options(at(closing)+"?sslmode=disable"))[0], checks.Unhealthy, "closed the connection before it answered SELECT 1")
}

func login(conn net.Conn) {
	backend := pgproto3.NewBackend(conn, conn)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	backend.Flush()
}

func TestRefusedLogins(t *testing.T) {
	address, owner := shop(t)
	role, plain := plainRole(t, address, owner)
	wrong := with(t, address, url.UserPassword("postgres", secret))
	res := run(t, options(wrong))[0]
	expect(t, res, checks.Unhealthy, `refuses the password of user "postgres"`)
	if !strings.Contains(res.Error, "28P01") {
		t.Errorf("error: %s", res.Error)
	}
	nobody := with(t, address, url.UserPassword("nobody_at_all", secret))
	expect(t, run(t, options(nobody))[0], checks.Unhealthy, `refuses the password of user "nobody_at_all"`)
	missing := with(t, address, nil, func(u *url.URL) { u.Path = "/no_such_database" })
	expect(t, run(t, options(missing))[0], checks.Unhealthy, `has no database "no_such_database"`)

	exec(t, owner, "DO $$ BEGIN EXECUTE 'REVOKE CONNECT ON DATABASE ' || current_database() || ' FROM PUBLIC'; END $$")
	res = run(t, options(plain))[0]
	expect(t, res, checks.Unhealthy, fmt.Sprintf("does not let user %q into database", role))
	exec(t, owner, res.Hint) // the hint is true
	expect(t, run(t, options(plain))[0], checks.Healthy, "answers")
	exec(t, owner, untilNoSession(role))
	exec(t, owner, "ALTER ROLE "+role+" CONNECTION LIMIT 1")
	session(t, plain)
	expect(t, run(t, options(plain))[0], checks.Unhealthy, "has no connection left")
	exec(t, owner, "ALTER ROLE "+role+" NOLOGIN")
	expect(t, run(t, options(plain))[0], checks.Unhealthy, "does not let user")
}

// untilNoSession is SQL that waits, for five seconds at most, until a role has
// no session: a server lets go of one a moment after its client is gone.
func untilNoSession(role string) string {
	return "DO $$ BEGIN FOR i IN 1..500 LOOP PERFORM pg_stat_clear_snapshot(); " +
		"IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = '" + role + "') THEN RETURN; END IF; PERFORM pg_sleep(0.01); END LOOP; END $$"
}

func TestInterrupted(t *testing.T) {
	o := options(at(testenv.BlackHole(t)))
	list := o.Checks()
	defer closeAll(list)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	started := time.Now()
	res := list[0].Do(ctx)
	if res.Status != checks.Unknown || !strings.Contains(res.Summary, "interrupted") || time.Since(started) > time.Second {
		t.Errorf("got %s %q after %s", res.Status, res.Summary, time.Since(started))
	}
}

func TestAddressesThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct{ address, part string }{
		{"postgres://app:x@localhost/shop?sslmode=no-verify", "sslmode is invalid"},
		{"postgres://app:x@localhost/shop?sslmode=verify-full&sslrootcert=" + filepath.Join(os.TempDir(), "none.pem"), "CA file"},
		{"postgres://app:x@localhost/shop?target_session_attrs=sometimes", "target_session_attrs"},
	} {
		c.address = strings.Replace(c.address, ":x@", ":"+url.QueryEscape(secret)+"@", 1)
		res := run(t, options(c.address))[0]
		expect(t, res, checks.Unknown, "the address of PostgreSQL cannot be used: ")
		expect(t, res, checks.Unknown, c.part)
	}
}
