package cmd_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitals/internal/testenv"
)

// quiet leaves out what a busy test machine would say.
const quiet = "memory: {disabled: true}\ncpu: {disabled: true}\nload: {disabled: true}\ndisk: {disabled: true}\nnetwork: {disabled: true}\n"

func writeConfig(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHealthHasTheGuidesShape(t *testing.T) {
	pg, redis := testenv.Postgres(t), testenv.Redis(t)
	dir := t.TempDir()
	url := pg.NewDatabase(t)
	writeConfig(t, dir, fmt.Sprintf("timezone: Asia/Kolkata\ndatabase: {url: %q, users_table: pg_catalog.pg_class}\nredis: {url: 'redis://%s'}\nfile_system: {paths: [.]}\n", url, redis.Addr))
	code, body := get(t, startServe(t, dir)+"/health")
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil || code != 200 {
		t.Fatalf("%d %v\n%s", code, err, body)
	}
	for part, keys := range map[string]string{
		"database":    "healthy type connection_test users_count response_time_ms",
		"redis":       "healthy response_time_ms memory_used_mb",
		"file_system": "healthy accessible uploads_size_mb",
		"memory":      "healthy status total_mb available_mb percent_used",
	} {
		object, _ := doc[part].(map[string]any)
		for key := range strings.FieldsSeq(keys) {
			if _, ok := object[key]; !ok {
				t.Errorf("%s has no %s: %v", part, key, object)
			}
		}
	}
	for _, key := range []string{"status", "timestamp", "response_time_ms", "uptime_seconds", "checks"} {
		if _, ok := doc[key]; !ok {
			t.Errorf("no %s", key)
		}
	}
	if at, _ := doc["timestamp"].(string); !strings.HasSuffix(at, "+05:30") {
		t.Errorf("timestamp %s is not in the configured zone", at)
	}
}

// TestAThousandAskersCostOneProbe counts what reaches the server while 1,000
// requests a moment ask for /health.
func TestAThousandAskersCostOneProbe(t *testing.T) {
	redis := testenv.StartRedis(t)
	dir := t.TempDir()
	writeConfig(t, dir, quiet+"redis: {url: 'redis://"+redis.Addr+"'}\nserve: {interval: 1h, health_max_age: 1s}\n")
	base := startServe(t, dir)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	pings := func() (n int) {
		_, _ = fmt.Sscanf(after(redis.Do(t, "INFO", "commandstats"), "cmdstat_ping:calls="), "%d", &n)
		return n
	}
	before, started := pings(), time.Now()
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			for range 3 {
				res, err := client.Get(base + "/health")
				if err != nil || res.StatusCode != 200 {
					failed.Add(1)
				}
				if err == nil {
					res.Body.Close()
				}
			}
		})
	}
	wg.Wait()
	limit := int(time.Since(started).Seconds()) + 2
	if n := pings() - before; n > limit || failed.Load() > 0 {
		t.Errorf("3,000 requests in %s: %d probes (at most %d allowed), %d failures", time.Since(started), n, limit, failed.Load())
	}
}

func after(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	return rest
}

func TestAdminRoutesNeedTheToken(t *testing.T) {
	pg := testenv.Postgres(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("a-long-enough-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writeConfig(t, dir, quiet+fmt.Sprintf("database: {url: %q, pool: {application_name: app, size: 5}}\nserve: {token_file: token}\n", pg.URL))
	route := startServe(t, dir) + "/admin/db-pool-status"
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "Basic a-long-enough-token": 401, "Bearer a-long-enough-token": 200, "bearer a-long-enough-token": 200} {
		req, err := http.NewRequest(http.MethodGet, route, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", header)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var pool map[string]any
		err = json.NewDecoder(res.Body).Decode(&pool)
		res.Body.Close()
		if res.StatusCode != want || err != nil {
			t.Errorf("%q: %d %v, want %d", header, res.StatusCode, err, want)
		}
		if want == 200 && (pool["pool_size"] != 5.0 || pool["checked_out_connections"] != 0.0) {
			t.Errorf("pool %v", pool)
		}
	}
}

func TestServeSpeaksTLS(t *testing.T) {
	dir := t.TempDir()
	testenv.Certificate(t, dir, "one.example")
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nserve: {tls_cert_file: cert.pem, tls_key_file: key.pem}\n")
	address := strings.TrimPrefix(startServe(t, dir), "http://")
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if name := conn.ConnectionState().PeerCertificates[0].Subject.CommonName; name != "one.example" {
		t.Errorf("certificate of %s", name)
	}
	if c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestServeDoesNotStartWithACertificateThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\nserve: {tls_cert_file: none.pem, tls_key_file: key.pem}\n")
	exit, _, errOut := runSplit(dir, "serve", "--listen", freeAddress(t))
	if exit != 78 || !strings.Contains(errOut, "tls_cert_file") || !strings.Contains(errOut, "none.pem") {
		t.Errorf("exit %d\n%s", exit, errOut)
	}
}

// TestABrokenHistoryChangesNoAnswer gives serve a data folder that is a file.
func TestABrokenHistoryChangesNoAnswer(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	writeConfig(t, dir, quiet+"probes: [{name: yes, kind: command, command: ['true']}]\n")
	exit, out, errOut := runSplit(dir, "check")
	if exit != 0 || !strings.Contains(out, "HEALTHY") || !strings.Contains(errOut, "not kept in history") {
		t.Errorf("exit %d\n%s\n%s", exit, out, errOut)
	}
	if code, body := get(t, startServe(t, dir)+"/health"); code != 200 || !strings.Contains(body, `"status": "healthy"`) {
		t.Errorf("%d\n%s", code, body)
	}
}

func TestTwoServersInOneProcess(t *testing.T) {
	for _, name := range []string{"left", "right"} {
		dir := t.TempDir()
		writeConfig(t, dir, quiet+"probes: [{name: "+name+", kind: command, command: ['true']}]\n")
		base := startServe(t, dir)
		if code, body := get(t, base+"/health"); code != 200 || !strings.Contains(body, "probe."+name) {
			t.Errorf("%s: %d\n%s", name, code, body)
		}
	}
}
