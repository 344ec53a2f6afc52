package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/cmd"
	"vitals/internal/testenv"
	"vitals/report"
)

// mark is part of every secret below, so that one search finds them all. The
// odd characters make it differ between its plain and its encoded forms.
const mark = "MARK3D"

func secretWord(name string) string { return mark + "/" + name + "+&=x" }

// leakCases are configurations of which every one fails somewhere, each with
// marked secrets in every place that takes one.
func leakCases(t *testing.T) map[string]string {
	pg, redis := testenv.Postgres(t), testenv.Redis(t)
	refused, hole := testenv.Refused(t), testenv.BlackHole(t)
	rejecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A careless application that repeats what it was sent.
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "no: %s %v", r.URL, r.Header)
	}))
	t.Cleanup(rejecting.Close)
	user := func(name string) string { return url.UserPassword("app", secretWord(name)).String() }
	query := url.QueryEscape(secretWord("query"))
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(secretWord("file")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"wrong password": fmt.Sprintf("database: {url: 'postgres://%s@127.0.0.1:%d/postgres'}\nredis: {url: 'redis://%s@%s'}\n", user("pg"), pg.Port, user("redis"), redis.Addr),
		"keyword string": fmt.Sprintf("database: {url: \"host=127.0.0.1 port=%d user=app password='%s' dbname=x\"}\n", pg.Port, secretWord("keyword")),
		"refused":        fmt.Sprintf("database: {url: 'postgres://%s@%s/app'}\nredis: {url: 'rediss://%s@%s/0'}\n", user("pg"), refused, user("redis"), refused),
		"black hole":     fmt.Sprintf("timeout: 300ms\ndatabase: {url: 'postgres://%s@%s/app'}\nredis: {url: 'redis://%s@%s/0'}\n", user("pg"), hole, user("redis"), hole),
		"no such host":   fmt.Sprintf("database: {url: 'postgres://%s@no-such-host.invalid/app'}\nredis: {url: 'redis://%s@no-such-host.invalid'}\n", user("pg"), user("redis")),
		"broken address": fmt.Sprintf("database: {url: 'postgres://app:%s@[::1/app'}\nredis: {url: 'redis://app:%s@:x:y'}\n", mark, mark),
		"unknown scheme": fmt.Sprintf("database: {url: 'mysql://%s@db/app'}\nredis: {url: 'http://%s@h'}\n", user("pg"), user("redis")),
		"wrong types":    fmt.Sprintf("database: {url: {password: %s}}\nserve: {token: [%s]}\nredis: {password: {x: %s}}\n", mark, mark, mark),
		"probe": fmt.Sprintf(`probes:
  - {name: query, kind: http, url: '%s/x?token=%s&password=%s'}
  - {name: userinfo, kind: http, url: 'http://%s@%s/'}
  - {name: gone, kind: http, url: 'http://%s@%s/?api_key=%s'}
  - {name: header, kind: http, url: '%s', headers: [{name: X-Api-Key, value: '%s'}], bearer_token: '%s'}
  - {name: basic, kind: http, url: '%s', basic_auth: {username: app, password: '%s'}}
`, rejecting.URL, query, query, user("u"), strings.TrimPrefix(rejecting.URL, "http://"), user("u"), refused, query, rejecting.URL, secretWord("header"), secretWord("bearer"), rejecting.URL, secretWord("basic")),
		"files": fmt.Sprintf("serve: {token_file: %q}\nredis: {url: 'redis://%s', password_file: %q}\n", tokenFile, redis.Addr, tokenFile),
	}
}

func TestNothingShowsASecret(t *testing.T) {
	for name, config := range leakCases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			var all bytes.Buffer
			for _, f := range report.Formats() {
				all.WriteString(run(dir, "check", "-o", f.Name, "-v"))
			}
			for _, args := range [][]string{{"config", "check"}, {"config", "show"}, {"check", "--list"}, {"wait", "--for", "300ms"}, {"cache", "stats"}, {"db", "pool"}} {
				all.WriteString(run(dir, args...))
			}
			all.WriteString(serveAndAsk(t, dir))
			written := filesBelow(t, dir, "vitals.yaml")
			if all.Len() < 200 {
				t.Fatalf("the commands hardly wrote anything, so nothing was tested:\n%s", &all)
			}
			assertNoMark(t, "output", all.String())
			for file, text := range written {
				assertNoMark(t, file, text)
			}
		})
	}
}

func assertNoMark(t *testing.T, where, text string) {
	t.Helper()
	if i := strings.Index(text, mark); i >= 0 {
		t.Errorf("%s shows a secret: …%q…", where, text[max(0, i-150):min(len(text), i+60)])
	}
}

// serveAndAsk runs `vitals serve` and asks every route.
func serveAndAsk(t *testing.T, dir string) string {
	out := &syncBuffer{}
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- cmd.MainContext(ctx, newApp(dir, out, "serve", "--listen", address)) }()
	client := http.Client{Timeout: 5 * time.Second}
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		select {
		case <-ended: // a configuration that cannot be used
			cancel()
			return out.String()
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, path := range []string{"/health", "/livez", "/readyz", "/cache-stats", "/admin/db-pool-status", "/metrics", "/", "/nowhere"} {
		for _, accept := range []string{"*/*", "application/health+json"} {
			req, _ := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
			req.Header.Set("Accept", accept)
			req.Header.Set("Authorization", "Bearer wrong")
			if res, err := client.Do(req); err == nil {
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				fmt.Fprintf(out, "%s %v\n%s\n", res.Status, res.Header, body)
			}
		}
	}
	cancel()
	<-ended
	return out.String()
}

// filesBelow reads everything that was written to a folder: history, logs.
func filesBelow(t *testing.T, dir, except string) map[string]string {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == except {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
