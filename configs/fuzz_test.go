package configs_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"vitals/configs"
)

// Whatever a file holds, Load answers with a configuration or with *Errors.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "vitals.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{
		"a: &a [*a]", "memory: &m {<<: *m}", "<<: [x, {timeout: 3s}]", "? [a]\n: b", "probes: [{kind: tcp, <<: 5}]", "probes: [*x]",
		"memory: {tags: !!set {a, b}}", "database: {url: 'sqlite:///'}", "!!binary x", "---\n---\n", "%YAML 1.2\n---\n", "\x00", "timeout: -0", "concurrency: 0x7fffffffffffffff",
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "vitals.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := configs.Load(configs.Source{File: path, Dir: dir})
		var all *configs.Errors
		if err != nil && (!errors.As(err, &all) || len(all.List) == 0 || cfg != nil) {
			t.Fatalf("%T: %v", err, err)
		}
		if err == nil {
			cfg.Checks()
			if err := cfg.Show(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
	})
}
