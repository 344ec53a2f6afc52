package configs_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"vitals/configs"
)

var update = flag.Bool("update", false, "write the expected files anew")

// write makes a file in a new folder and returns the folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	writeIn(t, dir, name, text)
	return dir
}

func writeIn(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load reads text as ./vitals.yaml, with environment variables.
func load(t *testing.T, text string, env ...string) (*configs.Config, error) {
	t.Helper()
	return configs.Load(configs.Source{Dir: write(t, "vitals.yaml", text), Env: env, Home: t.TempDir()})
}

func mustLoad(t *testing.T, text string, env ...string) *configs.Config {
	t.Helper()
	cfg, err := load(t, text, env...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// fixture is one of testdata/bad: the files of a folder, the environment, the
// flags and the errors they must give.
type fixture struct {
	path     string
	archive  *txtar.Archive
	files    map[string]string
	accepted bool // the schema cannot tell
}

func badFixtures(t *testing.T) []fixture {
	t.Helper()
	paths, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no fixtures:", err)
	}
	var all []fixture
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{path: path, archive: archive, files: map[string]string{}}
		f.accepted = strings.HasPrefix(string(archive.Comment), "the schema accepts")
		for _, file := range archive.Files {
			f.files[file.Name] = string(file.Data)
		}
		all = append(all, f)
	}
	return all
}

// source lays the fixture out in a folder.
func (f fixture) source(t *testing.T) configs.Source {
	dir := t.TempDir()
	src := configs.Source{Dir: dir, Flags: map[string]any{}}
	for name, text := range f.files {
		switch name {
		case "want":
		case "env":
			src.Env = strings.Split(strings.TrimSpace(text), "\n")
		case "flags":
			for line := range strings.Lines(text) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				src.Flags[key] = value
			}
		default:
			writeIn(t, dir, name, text)
		}
	}
	return src
}

// settle compares what came with what the fixture wants, or writes it.
func (f fixture) settle(t *testing.T, got string) {
	t.Helper()
	if *update {
		for i := range f.archive.Files {
			if f.archive.Files[i].Name == "want" {
				f.archive.Files[i].Data = []byte(got)
			}
		}
		if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := f.files["want"]; got != want {
		t.Errorf("errors:\n%swant:\n%s", got, want)
	}
}

// errorLines are the messages of an error of Load, one a line.
func errorLines(t *testing.T, err error) string {
	t.Helper()
	var all *configs.Errors
	if !errors.As(err, &all) {
		t.Fatalf("the error is a %T, not *Errors: %v", err, err)
	}
	var b strings.Builder
	for _, one := range all.List {
		b.WriteString(one.Error() + "\n")
	}
	return b.String()
}
