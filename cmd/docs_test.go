package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheExamplesOfThePagesLoad: what people copy from the documentation is a
// configuration that can be used.
func TestTheExamplesOfThePagesLoad(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range blocks(string(text), "yaml") {
			if strings.HasPrefix(example, "tests:") {
				continue // of rules, see TestTheExamplesOfTheAlertingPageLoad
			}
			found++
			if _, err := load(t, example); err != nil {
				t.Errorf("%s: %v\n%s", filepath.Base(page), err, example)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d examples were found", found)
	}
}
