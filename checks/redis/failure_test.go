package redis_test

import (
	"bytes"
	"fmt"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

// says is a server that greets everybody with the same bytes and hangs up.
func says(t testing.TB, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 4096))
				fmt.Fprint(c, text)
			}()
		}
	}()
	return l.Addr().String()
}

func TestFailuresInTime(t *testing.T) {
	const timeout = 300 * time.Millisecond
	hole := testenv.BlackHole(t)
	for name, c := range map[string]struct{ url, says string }{
		"refused":          {"redis://" + testenv.Refused(t), "refuses connections"},
		"refused TLS":      {"rediss://" + testenv.Refused(t), "refuses connections"},
		"black hole":       {"redis://" + hole, "said nothing within 300ms"},
		"black hole TLS":   {"rediss://" + hole, "did not agree on TLS within 300ms"},
		"dropping":         {"redis://" + testenv.Dropping(t), "nothing came back within 300ms"},
		"no such host":     {"redis://no-such-host.invalid", "cannot be found"},
		"hangs up":         {"redis://" + says(t, ""), "closed the connection"},
		"a web server":     {"redis://" + says(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak Redis"},
		"a TLS server":     {"redis://" + says(t, "\x15\x03\x01\x00\x02\x02\x16"), "expects TLS"},
		"not a TLS server": {"rediss://" + says(t, "-ERR unknown command\r\n"), "does not speak TLS"},
		"half an answer":   {"redis://" + says(t, "*14\r\n$6\r\nserver"), "closed the connection"},
		"too many clients": {"redis://" + says(t, "-ERR max number of clients reached\r\n"), "too many clients"},
		"protected":        {"redis://" + says(t, "-DENIED Redis is running in protected mode because…\r\n"), "protected mode"},
		"loading":          {"redis://" + says(t, strings.Repeat("-LOADING Redis is loading the dataset in memory\r\n", 4)), "loading its data"},
		"cluster down":     {"redis://" + says(t, strings.Repeat("-CLUSTERDOWN The cluster is down\r\n", 4)), "cluster that is down"},
		"unheard of":       {"redis://" + says(t, strings.Repeat("-ERR frobnicated\r\n", 4)), "ERR frobnicated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			got := run(t, byURL(t, c.url), timeout)
			want(t, got, checks.Unhealthy, c.says)
			if d := time.Since(started); d > timeout+100*time.Millisecond {
				t.Errorf("took %s, allowed are %s and 100 ms", d, timeout)
			}
			if got.Error == "" {
				t.Error("no error text")
			}
		})
	}
}

// Nothing that fails may write to the logger that go-redis shares with the
// whole process.
func TestFailuresAreQuiet(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	t.Cleanup(func() { log.SetOutput(log.Default().Writer()) })
	c := byURL(t, "redis://"+testenv.Refused(t))
	for range 30 {
		want(t, ask(t, c), checks.Unhealthy, "refuses")
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", &logged)
	}
}

func TestPasswords(t *testing.T) {
	s := testenv.StartRedis(t, "--requirepass", "ri/ght+pa=ss")
	admin := goredis.NewClient(&goredis.Options{Addr: s.Addr, Password: "ri/ght+pa=ss"})
	defer admin.Close()
	for _, rights := range [][]any{
		{"ACL", "SETUSER", "app", "on", ">apps-own", "+@all", "~*"},
		{"ACL", "SETUSER", "pinger", "on", ">ping-only", "+ping", "+dbsize"},
		{"ACL", "SETUSER", "teller", "on", ">tell-only", "+info"},
		{"ACL", "SETUSER", "enough", "on", ">just-enough", "+ping", "+info", "+dbsize"},
		{"ACL", "SETUSER", "nobody", "on", ">nothing-at-all"},
	} {
		if err := admin.Do(t.Context(), rights...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	at := func(userinfo string) string { return "redis://" + userinfo + "@" + s.Addr }
	for name, c := range map[string]struct {
		url    string
		status checks.Status
		says   string
		hint   string
	}{
		"right, encoded":    {at(":ri%2Fght%2Bpa%3Dss"), checks.Healthy, "Redis", ""},
		"right, ACL user":   {at("app:apps-own"), checks.Healthy, "Redis", ""},
		"wrong":             {at(":MARKED-wrong"), checks.Unhealthy, "refuses the password", "Correct"},
		"wrong, ACL user":   {at("app:MARKED-wrong"), checks.Unhealthy, `refuses the password of user "app"`, "Correct"},
		"none":              {"redis://" + s.Addr, checks.Unhealthy, "wants a password and none is set", "password"},
		"may only ping":     {at("pinger:ping-only"), checks.Healthy, `were not judged, because user "pinger" may not use INFO`, "ACL SETUSER pinger +info"},
		"may only tell":     {at("teller:tell-only"), checks.Healthy, `may not use DBSIZE`, "ACL SETUSER teller +dbsize"},
		"documented rights": {at("enough:just-enough"), checks.Healthy, "0 keys", ""},
		"may do nothing":    {at("nobody:nothing-at-all"), checks.Unknown, "allows it nothing", "ACL SETUSER nobody +ping +info +dbsize"},
		"no such database":  {at("app:apps-own") + "/99", checks.Unhealthy, "has no database of this number", "Correct"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, byURL(t, c.url))
			want(t, got, c.status, c.says)
			if !strings.Contains(got.Hint, c.hint) {
				t.Errorf("hint %q, want %q in it", got.Hint, c.hint)
			}
			if all := got.Summary + got.Hint + got.Error; strings.Contains(all, "MARKED") {
				t.Errorf("shows the password: %s", all)
			}
		})
	}
	t.Run("the settings win over the address", func(t *testing.T) {
		want(t, ask(t, check(t, func(o *redis.Options) {
			o.URL, o.Username, o.Password = checks.Secret(at("x:y")), "app", "apps-own"
		})), checks.Healthy, "Redis")
	})
	t.Run("unmeasured", func(t *testing.T) {
		got := ask(t, byURL(t, at("pinger:ping-only")))
		if v := fact(t, got, "memory_used"); v != nil {
			t.Errorf("memory %v without INFO, want nil", v)
		}
		if v := fact(t, got, "keys_count"); v != int64(0) {
			t.Errorf("keys %v, want 0", v)
		}
	})
}

func TestPasswordWhereNoneIsNeeded(t *testing.T) {
	s := testenv.StartRedis(t)
	want(t, ask(t, byURL(t, "redis://app:MARKED@"+s.Addr)), checks.Unhealthy, `refuses the password of user "app"`)
}

func TestTooManyClients(t *testing.T) {
	s := testenv.StartRedis(t, "--maxclients", "10")
	kept := byURL(t, "redis://"+s.Addr)
	want(t, ask(t, kept), checks.Healthy, "Redis")
	for range 8 {
		c, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	eventually(t, kept, checks.Degraded, "90 % of its connections (9 of 10)")
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want(t, ask(t, byURL(t, "redis://"+s.Addr)), checks.Unhealthy, "too many clients")
}

// eventually asks until the answer is as wanted: servers take a moment to
// notice what a test has done to them.
func eventually(t testing.TB, c checks.Check, status checks.Status, says string) checks.Result {
	t.Helper()
	got := ask(t, c)
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until) && (got.Status != status || !strings.Contains(got.Summary, says)); got = ask(t, c) {
		time.Sleep(10 * time.Millisecond)
	}
	want(t, got, status, says)
	return got
}
