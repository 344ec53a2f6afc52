package configs_test

import (
	"testing"
)

// What is switched off may be half finished, and what depends on it still
// loads: otherwise nobody could switch one check off for a night.
func TestDisabledParts(t *testing.T) {
	cfg := mustLoad(t, `
database:
  disabled: true
  url: mysql://app@db/app
databases:
  - name: replica
    url: replica.db
    disabled: true
redis:
  disabled: true
memory:
  disabled: true
  depends_on: [nothing]
cpu:
  depends_on: [database, database@replica, redis, memory, file_system]
load:
  disabled: false
probes:
  - kind: tcp
    name: off
    address: 127.0.0.1:1
    disabled: true
  - kind: tcp
    name: "on"
    address: 127.0.0.1:1
    depends_on: [probe.off]
`)
	names := map[string]bool{}
	for _, c := range cfg.Checks() {
		names[c.Name] = true
	}
	for _, off := range []string{"database", "database@replica", "redis", "memory", "probe.off"} {
		if names[off] {
			t.Errorf("%s is made although it is disabled", off)
		}
	}
	for _, on := range []string{"cpu", "probe.on"} {
		if !names[on] {
			t.Errorf("%s is missing", on)
		}
	}
}

func TestChecksStandInAStableOrder(t *testing.T) {
	text := "database: {url: a.db}\ndatabases: [{name: b, url: b.db}, {name: a, url: a.db}]\nprobes:\n- {kind: tcp, name: z, address: 'x:1'}\n- {kind: tcp, name: a, address: 'x:1'}\n"
	var first string
	for range 5 {
		var got string
		for _, c := range mustLoad(t, text).Checks() {
			got += c.Name + " "
		}
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("%s\nthen\n%s", first, got)
		}
	}
}
