package redis_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

// scripted is a server that answers each command with what the test says, as
// only broken, managed or very old servers do.
func scripted(t testing.TB, answers map[string]string) string {
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
			go serveScript(c, answers)
		}
	}()
	return l.Addr().String()
}

func serveScript(c net.Conn, answers map[string]string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		var words []string
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
		for range n {
			_, _ = r.ReadString('\n')
			word, _ := r.ReadString('\n')
			words = append(words, strings.ToUpper(strings.TrimSpace(word)))
		}
		answer, ok := answers[strings.Join(words[:min(2, len(words))], " ")]
		if !ok {
			answer, ok = answers[words[0]]
		}
		if !ok {
			answer = "-ERR unknown command '" + words[0] + "'\r\n"
		}
		fmt.Fprint(c, answer)
	}
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func TestOtherServers(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		status  checks.Status
		says    string
		facts   map[string]any
	}{
		"Valkey 8": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":7\r\n", "INFO": bulk("# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\nrole:master\r\nused_memory:1000000\r\n")},
			checks.Healthy, "Valkey 8.1.0 answers in", map[string]any{"server": "Valkey", "version": "8.1.0", "keys_count": int64(7)},
		},
		"Valkey 7.2, which has no version of its own": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":7\r\n", "INFO": bulk("redis_version:7.2.4\r\nserver_name:valkey\r\n")},
			checks.Healthy, "Valkey 7.2.4", map[string]any{"server": "Valkey", "memory_used": nil, "role": nil},
		},
		"no HELLO, as before Redis 6": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":7\r\n", "INFO": bulk("redis_version:5.0.14\r\nrole:master\r\nused_memory:1\r\nmaxmemory:0\r\n")},
			checks.Healthy, "Redis 5.0.14", map[string]any{"connected_clients": nil},
		},
		"managed, without INFO and DBSIZE": {
			map[string]string{"PING": "+PONG\r\n"},
			checks.Healthy, "INFO is not available", map[string]any{"memory_used": nil, "keys_count": nil, "version": nil},
		},
		"INFO that is not understood": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":1\r\n", "INFO": bulk("used_memory:lots\r\n:\r\n#\r\nrole\r\n\r\n")},
			checks.Healthy, "1 keys", map[string]any{"memory_used": nil},
		},
		"the last save failed": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":1\r\n", "INFO": bulk("role:master\r\nrdb_last_bgsave_status:err\r\n")},
			checks.Degraded, "could not save its data", nil,
		},
		"the append-only file cannot be written": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":1\r\n", "INFO": bulk("role:master\r\naof_last_write_status:err\r\naof_last_bgrewrite_status:err\r\n")},
			checks.Degraded, "append-only file", nil,
		},
		"still copying": {
			map[string]string{"PING": "+PONG\r\n", "DBSIZE": ":1\r\n", "INFO": bulk("role:slave\r\nmaster_host:m\r\nmaster_port:1\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n")},
			checks.Unhealthy, "still copying the data of its master m:1", map[string]any{"role": "replica", "master_link_status": "down"},
		},
		"a Sentinel": {
			map[string]string{"PING": "+PONG\r\n", "INFO": bulk("redis_mode:sentinel\r\n")},
			checks.Unknown, "is a Sentinel", nil,
		},
		"loading": {
			map[string]string{"PING": "-LOADING Redis is loading the dataset in memory\r\n", "DBSIZE": "-LOADING\r\n", "INFO": bulk("loading:1\r\nloading_loaded_perc:43.20\r\nloading_eta_seconds:12\r\n")},
			checks.Unhealthy, "43.20 % are read, 12s left", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, byURL(t, "redis://"+scripted(t, c.answers)))
			want(t, got, c.status, c.says)
			for name, value := range c.facts {
				if v := fact(t, got, name); v != value {
					t.Errorf("%s is %v, want %v", name, v, value)
				}
			}
		})
	}
}

func TestMemoryLimit(t *testing.T) {
	full := testenv.StartRedis(t)
	full.Do(t, "SET", "a", strings.Repeat("x", 2_000_000))
	full.Do(t, "CONFIG", "SET", "maxmemory", "3mb") // about 3 MB are in use
	url := "redis://" + full.Addr
	got := ask(t, byURL(t, url))
	want(t, got, checks.Degraded, "of its memory limit (")
	if f, _ := got.Fact("memory_used_percent"); f.Limits == nil || f.Limits.Degraded != 90 {
		t.Errorf("limits %v, want 90", f.Limits)
	}
	want(t, ask(t, check(t, func(o *redis.Options) { o.URL, o.MemoryUnhealthyPercent = checks.Secret(url), 91 })), checks.Unhealthy, "memory limit")
	want(t, ask(t, check(t, func(o *redis.Options) { o.URL, o.MemoryDegradedPercent = checks.Secret(url), 0 })), checks.Healthy, "Redis")
	full.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	want(t, ask(t, byURL(t, url)), checks.Healthy, "Redis")
}

func TestReplica(t *testing.T) {
	master := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := testenv.StartRedis(t, "--replicaof", host+" "+port)
	c := byURL(t, "redis://"+replica.Addr)
	got := eventually(t, c, checks.Healthy, "a replica of "+master.Addr)
	if v := fact(t, got, "master_link_status"); v != "up" {
		t.Errorf("link %v", v)
	}
	if v := fact(t, eventually(t, byURL(t, "redis://"+master.Addr), checks.Healthy, "Redis"), "connected_replicas"); v != int64(1) {
		t.Errorf("the master has %v replicas", v)
	}
	master.Stop()
	eventually(t, c, checks.Unhealthy, "link to "+master.Addr+" is down")
	replica.Do(t, "CONFIG", "SET", "replica-serve-stale-data", "no")
	eventually(t, c, checks.Unhealthy, "may not serve old data")
}

func TestWritesRefused(t *testing.T) {
	s := testenv.StartRedis(t, "--save", "3600 1")
	admin := goredis.NewClient(&goredis.Options{Addr: s.Addr})
	defer admin.Close()
	dir := admin.ConfigGet(t.Context(), "dir").Val()["dir"]
	s.Do(t, "SET", "a", "1")
	if err := os.Mkdir(dir+"/dump.rdb", 0o700); err != nil { // nothing can be renamed onto it
		t.Fatal(err)
	}
	c := byURL(t, "redis://"+s.Addr)
	s.Do(t, "BGSAVE")
	eventually(t, c, checks.Unhealthy, "refuses all writes")
	s.Do(t, "CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
	want(t, ask(t, c), checks.Degraded, "could not save its data")
}

func TestBusyScript(t *testing.T) {
	s := testenv.StartRedis(t, "--busy-reply-threshold", "50")
	admin := goredis.NewClient(&goredis.Options{Addr: s.Addr, MaxRetries: -1})
	defer admin.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		admin.Eval(t.Context(), "while true do end", nil)
	}()
	eventually(t, byURL(t, "redis://"+s.Addr), checks.Unhealthy, "busy with a script")
	s.Do(t, "SCRIPT", "KILL")
	<-ended
	want(t, ask(t, byURL(t, "redis://"+s.Addr)), checks.Healthy, "Redis")
}

// A firewall may forget an idle connection without a word: what was kept from
// the last run then swallows everything, and the server is well.
func TestKeptConnectionForgotten(t *testing.T) {
	s := testenv.StartRedis(t)
	through := &forgetful{t: t, to: s.Addr}
	c := byURL(t, "redis://"+through.listen())
	want(t, ask(t, c), checks.Healthy, "Redis")
	through.forget()
	started := time.Now()
	want(t, run(t, c, 600*time.Millisecond), checks.Healthy, "Redis")
	if d := time.Since(started); d > 600*time.Millisecond {
		t.Errorf("took %s", d)
	}
}
