package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// dashboardPage runs `vitals dashboard page` in a folder.
func dashboardPage(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	app := &App{Out: &out, Err: &out, Dir: dir, Home: dir, Now: time.Now, Env: []string{"HOME=" + dir, "VITALS_DATA_DIR=" + filepath.Join(dir, "data")}, OutWidth: func() int { return 0 }}
	app.flags.output = "table"
	app.config = sync.OnceValues(app.loadConfig)
	c := newDashboardPage(app)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestThePageAsAFile(t *testing.T) {
	dir := t.TempDir()
	config := "memory: {disabled: true}\ncpu: {disabled: true}\nload: {disabled: true}\ndisk: {disabled: true}\nnetwork: {disabled: true}\nprobes: [{name: ab, kind: command, command: ['true']}, {name: gone, kind: command, command: ['false']}]\n"
	if err := os.WriteFile(filepath.Join(dir, "vitals.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if page, err := dashboardPage(t, dir); err != nil || !strings.Contains(page, "Nothing is known yet") {
		t.Errorf("before the first check: %v\n%s", err, page)
	}
	for range 2 {
		app := &App{Args: []string{"check", "-q"}, Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Dir: dir, Home: dir, Now: time.Now, Env: []string{"HOME=" + dir, "VITALS_DATA_DIR=" + filepath.Join(dir, "data")}, OutWidth: func() int { return 0 }}
		MainContext(context.Background(), app)
	}
	if _, err := dashboardPage(t, dir, "--file", "status.html"); err != nil {
		t.Fatal(err)
	}
	if _, err := dashboardPage(t, dir, "--file", "status.html"); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("written over a file: %v", err)
	}
	if _, err := dashboardPage(t, dir, "--file", "status.html", "--force"); err != nil {
		t.Error(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "status.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"probe.gone is failing", "probe.ab", "Last 2 results: 2 unhealthy", "0.00 %", "100 %", "Of the last 90 days 1 are known"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(string(page), "<script") || strings.Contains(string(page), `href="/`) {
		t.Error("a file asks a server for something")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "status.html.new-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
