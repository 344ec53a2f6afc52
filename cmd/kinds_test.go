package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitals/configs"
	"vitals/report"
)

// TestEveryKindIsExplained: each sort of check has help, an example that can
// be copied as it stands, and a place in the reference.
func TestEveryKindIsExplained(t *testing.T) {
	page, err := os.ReadFile("../docs/reference/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := checkKinds()
	if len(kinds) < 15 {
		t.Errorf("only %d kinds", len(kinds))
	}
	for i, k := range kinds {
		if k.help == "" || i > 0 && kinds[i-1].name >= k.name {
			t.Errorf("%s: help %q; the table must be sorted", k.name, k.help)
		}
		if !strings.Contains(string(page), "\n## "+k.name+"\n") {
			t.Errorf("%s is not in the reference: make docs", k.name)
		}
		dir := t.TempDir()
		example := strings.NewReplacer("/etc/vitals/", dir+"/").Replace(k.example)
		if err := os.WriteFile(filepath.Join(dir, "redis-password"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "vitals.yaml")
		if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := configs.Load(configs.Source{File: file, Dir: dir, Home: dir})
		if err != nil {
			t.Errorf("the example of %s cannot be used: %v\n%s", k.name, err, example)
			continue
		}
		for _, c := range cfg.Checks() {
			if c.Help == "" {
				t.Errorf("%s (of %s) has no help", c.Name, k.name)
			}
		}
	}
}

func TestEveryFormatIsExplained(t *testing.T) {
	page, err := os.ReadFile("../docs/reference/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Formats() {
		if f.Help == "" || f.ContentType == "" || !strings.Contains(string(page), "| `"+f.Name+"` |") {
			t.Errorf("%s: help %q, type %q; in the reference? make docs", f.Name, f.Help, f.ContentType)
		}
	}
}
