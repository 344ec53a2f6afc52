package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"vitals/configs"
)

// Every way to get the configuration wrong has a fixture with the exact words
// that people then read.
func TestEveryErrorHasItsWords(t *testing.T) {
	for _, f := range badFixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(f.path), ".txtar"), func(t *testing.T) {
			cfg, err := configs.Load(f.source(t))
			if err == nil {
				t.Fatal("loads without an error")
			}
			if cfg != nil {
				t.Error("a configuration came back beside the error")
			}
			got := errorLines(t, err)
			if strings.Contains(got, "marked") {
				t.Errorf("a secret is shown: %s", got)
			}
			f.settle(t, got)
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "large.yaml", strings.Repeat("# nothing\n", 120_000))
	writeIn(t, dir, "utf16.yaml", "\xff\xfet\x00i\x00")
	writeIn(t, dir, "latin1.yaml", "timezone: UTC\n# caf\xe9\n")
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"nowhere.yaml": "nowhere.yaml: does not exist",
		"folder.yaml":  "folder.yaml: is a folder, not a file",
		"large.yaml":   "large.yaml: is larger than 1MiB",
		"utf16.yaml":   "utf16.yaml: is UTF-16: save it as UTF-8",
		"latin1.yaml":  "latin1.yaml:2: is not UTF-8 text",
	} {
		t.Run(file, func(t *testing.T) {
			for _, src := range []configs.Source{
				{Dir: dir, File: file},
				{Dir: dir, Env: []string{"VITALS_CONFIG=" + file}},
			} {
				_, err := configs.Load(src)
				if err == nil || err.Error() != want {
					t.Errorf("error %v, want %s", err, want)
				}
			}
		})
	}
}

func TestAFolderCalledVitalsYAMLIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "vitals.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := configs.Load(configs.Source{Dir: dir})
	if err == nil || err.Error() != "vitals.yaml: is a folder, not a file" {
		t.Error(err)
	}
}

func TestAnUnreadableFileIsAnError(t *testing.T) {
	dir := write(t, "vitals.yaml", "timeout: 3s\n")
	unreadable(t, filepath.Join(dir, "vitals.yaml"))
	_, err := configs.Load(configs.Source{Dir: dir})
	if err == nil {
		t.Fatal("an unreadable file was passed over")
	}
	if !strings.HasPrefix(err.Error(), "vitals.yaml: ") {
		t.Error(err)
	}
}

// unreadable makes a file one that cannot be read, also by root: a link that
// leads to itself, where permissions bind nobody.
func unreadable(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 && runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, path); err != nil {
		t.Fatal(err)
	}
}

func TestWhatLoadsWithoutSayingAnything(t *testing.T) {
	for name, text := range map[string]string{
		"empty":         "",
		"comments":      "# nothing\n",
		"marker":        "---\n",
		"marker, end":   "---\ntimeout: 3s\n...\n",
		"byte order":    "\ufefftimeout: 3s\n",
		"windows lines": "timeout: 3s\r\nserve:\r\n  listen: 127.0.0.1:1\r\n",
		"null":          "null\n",
		"null sections": "serve:\nhistory: ~\ndatabases:\nprobes: null\ntimeout:\n",
		"x- keys":       "x-anything: {at: [all]}\n",
		"json":          `{"timeout": "3s", "memory": {"tags": ["a"]}}`,
	} {
		t.Run(name, func(t *testing.T) { mustLoad(t, text) })
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	cfg := mustLoad(t, `
x-slow: &slow {timeout: 20s, interval: 5m}
x-mine: &mine {tags: [mine], interval: 6m}
memory:
  <<: *slow
cpu:
  <<: [*mine, *slow]
  timeout: 3s
load:
  tags: &tags [a, b]
disk:
  tags: *tags
`)
	for what, got := range map[string]bool{
		"memory takes all of slow":           cfg.Memory.Timeout.String() == "20s" && cfg.Memory.Interval.String() == "5m0s",
		"cpu's own key wins":                 cfg.CPU.Timeout.String() == "3s",
		"the first of several mappings wins": cfg.CPU.Interval.String() == "6m0s" && len(cfg.CPU.Tags) == 1,
		"an alias of a list":                 strings.Join(cfg.Disk.Tags, "") == "ab",
	} {
		if !got {
			t.Error("not so:", what)
		}
	}
}

// A file that is no configuration must not drown its reader, or the machine.
func TestAFileFullOfErrors(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "timeuot%d: x\n", i)
	}
	started := time.Now()
	_, err := load(t, b.String())
	if took := time.Since(started); took > 5*time.Second {
		t.Error("took", took)
	}
	lines := strings.Split(strings.TrimSpace(errorLines(t, err)), "\n")
	if len(lines) != 101 || lines[100] != "and 19900 more" {
		t.Error(len(lines), lines[len(lines)-1])
	}
}

func TestErrorsStandInTheOrderOfTheFile(t *testing.T) {
	_, err := load(t, "log: {colour: 1}\nserve: {listen: x}\nzzz: 1\ntimeout: 5\n", "VITALS_CONCURRENCY=x")
	lines := strings.Split(strings.TrimSpace(errorLines(t, err)), "\n")
	var at []string
	for _, line := range lines {
		place, _, _ := strings.Cut(line, ": ")
		at = append(at, place)
	}
	if got := strings.Join(at, " "); got != "vitals.yaml:1 vitals.yaml:2 vitals.yaml:3 vitals.yaml:4 environment VITALS_CONCURRENCY" {
		t.Error(got)
	}
	if head, _, _ := strings.Cut(err.Error(), "\n"); head != "the configuration has 5 errors:" {
		t.Error(head)
	}
}
