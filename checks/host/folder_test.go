package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

func folders(paths ...string) *FileSystemOptions {
	o := DefaultFileSystemOptions()
	o.Paths = paths
	return &o
}

func TestFolderIsWrittenAndLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "circle")); err != nil {
		t.Fatal(err)
	}
	r := ask(t, folders(dir))
	if r.Status != checks.Healthy || number(t, r, "uploads_size") != 3000 || number(t, r, "accessible") != 1 || !r.Critical {
		t.Errorf("%v %s %v", r.Status, r.Summary, r.Facts)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d entries left, %v", len(entries), err)
	}
}

func TestFolderTroubleIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := t.TempDir()
	for path, says := range map[string]string{
		filepath.Join(good, "none"): "is missing",
		file:                        "is not a folder",
		"/proc":                     "/proc ",
	} {
		r := ask(t, folders(good, path))
		if r.Status != checks.Unhealthy || !strings.Contains(r.Summary, says) || r.Hint == "" || strings.Contains(r.Summary, good+" ") {
			t.Errorf("%s: %v %q, hint %q", path, r.Status, r.Summary, r.Hint)
		}
	}
}

func TestLeftoversOfKilledRunsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Minute} {
		path := filepath.Join(dir, probePrefix+name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now(), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	ask(t, folders(dir))
	if _, err := os.Stat(filepath.Join(dir, probePrefix+"old")); !os.IsNotExist(err) {
		t.Errorf("an old probe file stays: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, probePrefix+"new")); err != nil {
		t.Errorf("the probe file of another run was taken away: %v", err)
	}
}

func TestSizesAreCountedOnceAndBounded(t *testing.T) {
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache", "sizes.json")
	for i := range 20 {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, "f"), []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour)
	if first.Bytes != 100 || first.Files != 20 || !first.Complete {
		t.Errorf("counted %+v", first)
	}
	if err := os.WriteFile(filepath.Join(dir, "late"), []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour); again.Bytes != 100 {
		t.Errorf("another process counted again: %+v", again)
	}
	if later := newSizes(cache).get(t.Context(), dir, time.Minute, 0); later.Bytes != 105 {
		t.Errorf("an old size is used: %+v", later)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if cut := newSizes("").get(ended, dir, time.Minute, time.Hour); cut.Complete {
		t.Errorf("time was up, yet the count is complete: %+v", cut)
	}
	if err := os.WriteFile(cache, []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if anew := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour); anew.Bytes != 105 {
		t.Errorf("with a broken cache: %+v", anew)
	}
}

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		options checks.Options
		key     string
	}{
		"empty path":        {folders(" "), "paths[0]"},
		"above 100":         {&MemoryOptions{DegradedPercent: 120}, "degraded_percent"},
		"turned round":      {&MemoryOptions{DegradedPercent: 90, UnhealthyPercent: 80}, "degraded_percent"},
		"no sample":         {&CPUOptions{}, "sample"},
		"pattern":           {&DiskOptions{Include: []string{"["}}, "include[0]"},
		"no name":           {&ProcessOptions{Match: "x"}, "name"},
		"nothing named":     {&ProcessOptions{Name: "x"}, "match"},
		"two ways":          {&ProcessOptions{Name: "x", PID: 1, Match: "x"}, "match"},
		"no expression":     {&ProcessOptions{Name: "x", Match: "("}, "match"},
		"max below min":     {&ProcessOptions{Name: "x", PID: 1, MinCount: 3, MaxCount: 2}, "max_count"},
		"negative rate":     {&NetworkOptions{ErrorsPerSecond: -1}, "errors_per_second"},
		"negative load":     {&LoadOptions{Degraded: -1}, "degraded"},
		"negative duration": {&FileSystemOptions{SizeTimeout: -1}, "size_timeout"},
	} {
		got := c.options.Problems()
		if len(got) != 1 || got[0].Key != c.key || got[0].Message == "" {
			t.Errorf("%s: %v, want one of %s", name, got, c.key)
		}
	}
	for _, k := range Kinds() {
		if o := k.New(); k.Name != "processes" && o.Problems() != nil {
			t.Errorf("the defaults of %s: %v", k.Name, o.Problems())
		}
		if k.Help == "" || !strings.HasPrefix(k.Example, k.Name+":") {
			t.Errorf("%s: help %q, example %q", k.Name, k.Help, k.Example)
		}
	}
}
