package cmd

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"vitals/configs"
)

// TestTheLogHidesSecretsOfAReload: what the new configuration brings is hidden
// at once, and what the old one brought stays hidden.
func TestTheLogHidesSecretsOfAReload(t *testing.T) {
	load := func(token string) *configs.Config {
		dir := t.TempDir()
		cfg, err := configs.Load(configs.Source{Dir: dir, Home: dir, Env: []string{"VITALS_SERVE_TOKEN=" + token, "VITALS_DATA_DIR=" + dir}})
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	before, after := load("the-first-long-token"), load("the-second-long-token")
	r := newSwappedRedactor(before)
	var out bytes.Buffer
	log, file := newLogger(before, r.redact, &out)
	defer file.Close()
	r.swap(before, after)
	log.Error("trouble", "text", "a the-first-long-token b", "error", errors.New("c the-second-long-token d"))
	if said := out.String(); strings.Contains(said, "long-token") || !strings.Contains(said, "trouble") {
		t.Errorf("the log says %s", said)
	}
}
