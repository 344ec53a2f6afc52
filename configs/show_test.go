package configs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitals/configs"
)

func TestShowNamesTheOriginOfEveryValue(t *testing.T) {
	dir := write(t, "vitals.yaml", `timeout: 5s
memory:
  tags: [a, "b: c"]
databases:
  - name: replica
    url: replica.db
probes:
  - kind: tcp
    name: port
    address: 127.0.0.1:1
`)
	cfg, err := configs.Load(configs.Source{
		Dir: dir, Env: []string{"VITALS_LOG_LEVEL=debug", "DATABASE_URL=postgres://a:secret@b/c?x=secret"}, Flags: map[string]any{"data_dir": "/data"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := cfg.Show(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"timeout: 5s  # vitals.yaml:1\n",
		"concurrency: 16  # default\n",
		"  tags: [a, 'b: c']  # vitals.yaml:3\n",
		"  level: debug  # environment VITALS_LOG_LEVEL\n",
		"  url: postgres://b/c  # environment DATABASE_URL, shortened\n",
		"databases:\n  - name: replica  # vitals.yaml:5\n    url: sqlite:" + filepath.Join(dir, "replica.db") + "  # vitals.yaml:6, shortened\n    expect: any  # default\n",
		"probes:\n  - kind: tcp  # vitals.yaml:8\n    name: port  # vitals.yaml:9\n    address: 127.0.0.1:1  # vitals.yaml:10\n",
		"redis_servers: []  # default\n",
		"  raw_retention: 14d  # default\n  retention: 400d  # default\n  max_size: 1GiB  # default\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if !regexp.MustCompile(`data_dir: \S*data  # flag --data-dir\n`).MatchString(b.String()) {
		t.Error("data_dir is not from its flag:", b.String())
	}
}

// Without secrets, what Show prints is a configuration that shows the same.
func TestWhatShowPrintsLoads(t *testing.T) {
	first := mustLoad(t, "timeout: 1h30m\nhistory: {max_size: 7MB}\nmemory: {tags: [a]}\nprobes:\n- {kind: dns, name: n, query: example.com, expect: ['1']}\n")
	var before strings.Builder
	if err := first.Show(&before); err != nil {
		t.Fatal(err)
	}
	// The parts without an address would be taken for forgotten ones.
	text := regexp.MustCompile(`(?m)^(database|redis):\n( .*\n)*`).ReplaceAllString(before.String(), "")
	second := mustLoad(t, text)
	var after strings.Builder
	if err := second.Show(&after); err != nil {
		t.Fatal(err)
	}
	origin := regexp.MustCompile(`  # .*`)
	if got, want := origin.ReplaceAllString(after.String(), ""), origin.ReplaceAllString(before.String(), ""); got != want {
		t.Errorf("read again:\n%s\nwant:\n%s", got, want)
	}
}
