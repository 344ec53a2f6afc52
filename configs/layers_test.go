package configs_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"vitals/configs"
)

func TestEachLayerHidesTheOnesBelow(t *testing.T) {
	file := "concurrency: 2\ntimeout: 2s\nserve:\n  interval: 2m\n"
	for _, c := range []struct {
		name  string
		file  string
		env   []string
		flags map[string]any
		want  time.Duration
	}{
		{"default", "", nil, nil, 10 * time.Second},
		{"file", file, nil, nil, 2 * time.Second},
		{"environment", file, []string{"VITALS_TIMEOUT=3s"}, nil, 3 * time.Second},
		{"flag", file, []string{"VITALS_TIMEOUT=3s"}, map[string]any{"timeout": 4 * time.Second}, 4 * time.Second},
		{"flag as text", file, nil, map[string]any{"timeout": "1h"}, time.Hour},
		{"an empty variable is not set", file, []string{"VITALS_TIMEOUT="}, nil, 2 * time.Second},
		{"the last variable of a name counts", file, []string{"VITALS_TIMEOUT=3s", "VITALS_TIMEOUT=5s"}, nil, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.file != "" {
				writeIn(t, dir, "vitals.yaml", c.file)
			}
			cfg, err := configs.Load(configs.Source{Dir: dir, Env: c.env, Flags: c.flags})
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Timeout != c.want {
				t.Errorf("timeout %s, want %s", cfg.Timeout, c.want)
			}
			if c.file != "" && (cfg.Concurrency != 2 || cfg.Serve.Interval != 2*time.Minute) {
				t.Error("the other values of the file are lost:", cfg.Concurrency, cfg.Serve.Interval)
			}
			if cfg.Serve.ShutdownTimeout != 10*time.Second {
				t.Error("a default beside the file's values is lost:", cfg.Serve.ShutdownTimeout)
			}
		})
	}
}

func TestAddressesOfApplicationsStandBelowOwnVariables(t *testing.T) {
	file := "database:\n  url: file.db\n"
	const app, own = "DATABASE_URL=postgres://app@a/b", "VITALS_DATABASE_URL=postgres://own@a/b"
	for want, env := range map[string][]string{
		"file.db": nil, "app@": {app}, "own@": {own, app},
	} {
		cfg := mustLoad(t, file, env...)
		if got := cfg.Database.URL.Reveal(); !strings.Contains(got, want) {
			t.Errorf("with %v the address is %s, want %s", env, got, want)
		}
	}
	cfg := mustLoad(t, "", "REDIS_URL=redis://localhost:6379/1")
	if got := cfg.Redis.URL.Reveal(); got != "redis://localhost:6379/1" {
		t.Error("REDIS_URL:", got)
	}
}

func TestWhereTheFileIsLookedFor(t *testing.T) {
	dir, home, xdg, other := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	writeIn(t, other, "asked.yaml", "environment: asked\n")
	writeIn(t, other, "variable.yaml", "environment: variable\n")
	writeIn(t, dir, "vitals.yaml", "environment: folder\n")
	writeIn(t, dir, "vitals.yml", "environment: short ending\n")
	writeIn(t, xdg, "vitals/vitals.yaml", "environment: xdg\n")
	writeIn(t, home, ".config/vitals/vitals.yaml", "environment: home\n")
	src := configs.Source{
		File: filepath.Join(other, "asked.yaml"), Dir: dir, Home: home,
		Env: []string{"VITALS_CONFIG=" + filepath.Join(other, "variable.yaml"), "XDG_CONFIG_HOME=" + xdg, "APPDATA=" + xdg},
	}
	next := []struct {
		want   string
		remove func()
	}{
		{"asked", func() { src.File = "" }},
		{"variable", func() { src.Env = src.Env[1:] }},
		{"folder", func() { remove(t, dir, "vitals.yaml") }},
		{"short ending", func() { remove(t, dir, "vitals.yml") }},
		{"xdg", func() { src.Env = nil }},
	}
	if runtime.GOOS != "windows" {
		next = append(next, struct {
			want   string
			remove func()
		}{"home", func() { remove(t, home, ".config/vitals/vitals.yaml") }})
	}
	for _, n := range next {
		cfg, err := configs.Load(src)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Environment != n.want || cfg.File() == "" {
			t.Errorf("read %q (%s), want %q", cfg.Environment, cfg.File(), n.want)
		}
		n.remove()
	}
	cfg, err := configs.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.File() != "" && !strings.HasPrefix(cfg.File(), "/etc/") {
		t.Error("found a file where there is none:", cfg.File())
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

func TestNothingConfiguredLooksAtTheMachine(t *testing.T) {
	cfg, err := configs.Load(configs.Source{Dir: t.TempDir(), Env: []string{"DATABASE_URL=postgres://app:secret-one@127.0.0.1:1/app"}})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range cfg.Checks() {
		names[c.Name] = true
	}
	for _, want := range []string{"database", "memory", "cpu", "disk", "load"} {
		if !names[want] {
			t.Errorf("no check %s among %v", want, names)
		}
	}
	if names["redis"] || names["file_system"] {
		t.Error("a check of what nobody configured:", names)
	}
}

func TestRelativePathsAreRelativeToWhereTheyWereWritten(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	writeIn(t, dir, "vitals.yaml", "data_dir: data\ndatabase:\n  url: sqlite:app.db\nserve:\n  token_file: token\n")
	writeIn(t, dir, "token", "a-token-long-enough\n")
	load := func(env ...string) *configs.Config {
		t.Helper()
		cfg, err := configs.Load(configs.Source{File: filepath.Join(dir, "vitals.yaml"), Dir: elsewhere, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	cfg := load()
	if want := filepath.Join(dir, "data", "history.db"); cfg.HistoryPath() != want {
		t.Error("history:", cfg.HistoryPath(), "want", want)
	}
	if want := filepath.Join(dir, "data", "logs"); cfg.LogDir() != want {
		t.Error("logs:", cfg.LogDir(), "want", want)
	}
	if want := "sqlite:" + filepath.Join(dir, "app.db"); cfg.Database.URL.Reveal() != want {
		t.Error("database:", cfg.Database.URL.Reveal(), "want", want)
	}
	if cfg.Serve.Token.Reveal() != "a-token-long-enough" {
		t.Error("token:", cfg.Serve.Token.Reveal())
	}
	cfg = load("VITALS_DATA_DIR=data", "DATABASE_URL=app.db")
	if want := filepath.Join(elsewhere, "data"); cfg.DataDir != want {
		t.Error("data_dir of the environment:", cfg.DataDir, "want", want)
	}
	if want := "sqlite:" + filepath.Join(elsewhere, "app.db"); cfg.Database.URL.Reveal() != want {
		t.Error("DATABASE_URL:", cfg.Database.URL.Reveal(), "want", want)
	}
}

func TestDataDirFollowsTheSystem(t *testing.T) {
	state := t.TempDir()
	env := []string{"XDG_STATE_HOME=" + state}
	if runtime.GOOS == "windows" {
		env = []string{"LOCALAPPDATA=" + state}
	}
	cfg, err := configs.Load(configs.Source{Dir: t.TempDir(), Home: t.TempDir(), Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(state, "vitals"); cfg.DataDir != want {
		t.Errorf("data_dir %s, want %s", cfg.DataDir, want)
	}
}

func TestTimeZone(t *testing.T) {
	if got := mustLoad(t, "timezone: Asia/Kolkata\n").Location().String(); got != "Asia/Kolkata" {
		t.Error(got)
	}
	if got := mustLoad(t, "").Location(); got != time.Local {
		t.Error(got)
	}
}

// Two instances in one process, and the same one again, share nothing.
func TestLoadingAtTheSameTime(t *testing.T) {
	dir := write(t, "vitals.yaml", "memory:\n  tags: [one]\ndatabases:\n- {name: a, url: a.db}\n")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			cfg, err := configs.Load(configs.Source{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			cfg.Memory.Tags[0] = "changed"
			cfg.Databases[0].Name = "changed"
			configs.Schema()
			if err := cfg.Show(&strings.Builder{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cfg, err := configs.Load(configs.Source{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Memory.Tags[0] != "one" || cfg.Databases[0].Name != "a" {
		t.Error("a change to one configuration reached another")
	}
}
