package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitals/checks"
)

// tree writes files below a temporary root: the machine a check is to see.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func ask(t *testing.T, o checks.Options) checks.Result {
	t.Helper()
	list := o.Checks()
	if len(list) != 1 {
		t.Fatalf("%d checks", len(list))
	}
	return (&checks.Runner{}).Run(t.Context(), list)[0]
}

func number(t *testing.T, r checks.Result, fact string) float64 {
	t.Helper()
	f, ok := r.Fact(fact)
	v, isNumber := f.Float()
	if !ok || !isNumber {
		t.Fatalf("no number %s in %v", fact, r.Facts)
	}
	return v
}

// wants complains unless a result has the status, and its summary the words.
func wants(t *testing.T, name string, r checks.Result, status checks.Status, words string) {
	t.Helper()
	if r.Status != status || !strings.Contains(r.Summary, words) {
		t.Errorf("%s: %v %q, error %q; want %v and %q", name, r.Status, r.Summary, r.Error, status, words)
	}
	if r.Status != checks.Healthy && r.Hint == "" {
		t.Errorf("%s: nothing is said of what to do", name)
	}
}

// change writes a file of a tree anew.
func change(t *testing.T, root, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
