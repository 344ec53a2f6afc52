package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.99, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{0, 10}, 0.9, 9},
	} {
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("%v of %v is %v, want %v", c.q, c.values, got, c.want)
		}
	}
}

// A program that could not do its work must not count as a fast one.
func TestAFailureIsNoMeasurement(t *testing.T) {
	for _, c := range []struct {
		script string
		worst  int
		fails  bool
	}{
		{"exit 0", 0, false},
		{"exit 2", 2, false},
		{"exit 3", 2, true},
		{"exit 1", 0, true},
		{"kill -9 $$", 3, true},
	} {
		_, err := program{path: "/bin/sh", args: []string{"-c", c.script}, worst: c.worst}.time(t.Context())
		if (err != nil) != c.fails {
			t.Errorf("%s with at worst %d: %v", c.script, c.worst, err)
		}
	}
}

func TestListening(t *testing.T) {
	for _, c := range []struct{ log, want string }{
		{"", ""},
		{"time=x level=INFO msg=starting\n", ""},
		{"msg=x\nmsg=listening address=127.0.0.1:4711 checks=8\n", "127.0.0.1:4711"},
		{`{"msg":"listening","address":"127.0.0.1:4711","checks":8}`, "127.0.0.1:4711"},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(c.log), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := listening(path); got != c.want {
			t.Errorf("%q: %q, want %q", c.log, got, c.want)
		}
	}
}

// The load tells an answer that is no 200, and too many probes.
func TestReportCountsWhatMissed(t *testing.T) {
	for _, c := range []struct {
		name   string
		l      load
		probes int
		want   int
	}{
		{"well", load{took: 10e9, statuses: map[int]int{200: 5}}, 11, 0},
		{"probed too often", load{took: 10e9, statuses: map[int]int{200: 5}}, 12, 1},
		{"a bad answer", load{took: 10e9, statuses: map[int]int{200: 5, 503: 1}}, 1, 1},
		{"no answer", load{took: 10e9, failures: map[string]int{"refused": 1}}, 12, 2},
	} {
		if got := c.l.report(c.probes); got != c.want {
			t.Errorf("%s: %d missed, want %d", c.name, got, c.want)
		}
	}
}
