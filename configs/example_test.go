package configs_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"vitals/configs"
)

// vitals.yaml is what people copy. It is made from the structs; -update makes
// it anew.
func TestTheDefaultFileIsInStep(t *testing.T) {
	var b bytes.Buffer
	if err := configs.WriteExample(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("vitals.yaml", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("vitals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, b.Bytes()) {
		t.Error("vitals.yaml is not what the structs say; run: go test ./configs -run DefaultFile -update")
	}
}

// Taking out the "#" before a key must leave a file that says the default.
func TestTheDefaultFileSaysTheDefaults(t *testing.T) {
	text, err := os.ReadFile("vitals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lists := regexp.MustCompile(`(?m)^(databases|redis_servers|processes|probes):\n(?:[ \n].*\n)*`)
	plain := lists.ReplaceAllString(string(text), "")
	plain = regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`).ReplaceAllString(plain, "$1$2")
	// These have no default that could be written down, or go with another key.
	plain = regexp.MustCompile(`(?m)^ *[a-z_]+_file: "".*\n`).ReplaceAllString(plain, "")
	plain = strings.Replace(plain, "database:\n", "database:\n  disabled: true\n", 1)
	plain = regexp.MustCompile(`(?ms)^(database|redis):\n.*?\n\n`).ReplaceAllString(plain, "")

	before, after := shownDefaults(t, ""), shownDefaults(t, plain)
	if before != after {
		t.Errorf("the file:\n%s\nwith its keys in force gives\n%s\nwant\n%s", plain, after, before)
	}
}

// shownDefaults is Show without the places.
func shownDefaults(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	writeIn(t, dir, "vitals.yaml", text)
	cfg, err := configs.Load(configs.Source{Dir: dir, Env: []string{"XDG_STATE_HOME=/state"}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := cfg.Show(&b); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`  # .*`).ReplaceAllString(b.String(), "")
}
