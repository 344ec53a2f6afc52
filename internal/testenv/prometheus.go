package testenv

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// PrometheusOptions say what a Prometheus is to be like.
type PrometheusOptions struct {
	// Config is its prometheus.yml; "" is one that scrapes nothing. It must not
	// have rule_files where Rules are given.
	Config string
	// Rules are the texts of rule files by the files' names, which end in .yml.
	Rules map[string]string
	Args  []string // further arguments, such as --query.lookback-delta=1m
}

// Prometheus is a running Prometheus on 127.0.0.1 that takes remote writes and
// has no data yet.
type Prometheus struct {
	URL     string // without a slash at its end
	process *process
}

// StartPrometheus starts Debian's Prometheus with a data folder of its own. It
// ends with the test. A configuration or a rule file that it refuses fails the
// test with what it said.
func StartPrometheus(t testing.TB, o PrometheusOptions) *Prometheus {
	t.Helper()
	dir, port := serverDir(t), freePort(t)
	config := o.Config
	if len(o.Rules) > 0 {
		config += "\nrule_files:\n"
		for name, text := range o.Rules {
			path := filepath.Join(dir, name)
			serverFile(t, path, text)
			config += fmt.Sprintf("  - %q\n", path)
		}
	}
	file := filepath.Join(dir, "prometheus.yml")
	serverFile(t, file, config)
	p := &Prometheus{URL: "http://" + local(port)}
	p.process = &process{
		t: t, name: tool(t, "prometheus"), args: append([]string{
			"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--storage.tsdb.retention.time=100y",
			"--web.listen-address=" + local(port), "--web.enable-remote-write-receiver", "--log.level=warn",
		}, o.Args...),
		ready: func() error { return answers(http.DefaultClient, p.URL+"/-/ready") },
	}
	p.process.start()
	t.Cleanup(p.process.stop)
	return p
}

// Log is what it has printed so far.
func (p *Prometheus) Log() string { return p.process.out.String() }

// Major is the first number of its version.
func (p *Prometheus) Major(t testing.TB) int {
	t.Helper()
	var build struct{ Version string }
	p.get(t, "/api/v1/status/buildinfo", nil, &build)
	var major int
	if _, err := fmt.Sscanf(build.Version, "%d.", &major); err != nil {
		t.Fatalf("Prometheus says that its version is %q", build.Version)
	}
	return major
}

// Promtool is the path of promtool, which checks and tests rule files.
func Promtool(t testing.TB) string {
	t.Helper()
	return tool(t, "promtool")
}

// CheckRules fails the test when promtool does not accept the text of a rule
// file, with what it says. Its lint counts: it finds the same rule twice.
func CheckRules(t testing.TB, text string) {
	t.Helper()
	runTool(t, Promtool(t), "rules.yml", text, "check", "rules", "--lint=all", "--lint-fatal")
}

// RunRuleTests runs a file of rule tests as promtool does, and fails the test
// when one of them fails. The files are texts by name; they lie in one folder,
// and name is the one with the tests.
func RunRuleTests(t testing.TB, files map[string]string, name string) {
	t.Helper()
	dir := t.TempDir()
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), Promtool(t), "test", "rules", name)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("promtool test rules %s: %v\n%s", name, err, out)
	}
}

// runTool runs a tool on a file that holds the text.
func runTool(t testing.TB, path, file, text string, args ...string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, append(slices.Clone(args), file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s\n%s", filepath.Base(path), strings.Join(args, " "), err, out, text)
	}
}

// tool is the path of a program that scripts/services installs.
func tool(t testing.TB, name string) string {
	t.Helper()
	variable(t, "VITALS_TEST_RUN") // sees to it that the programs are there
	path := program(name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: run scripts/services programs, which installs it or says how", name)
	}
	return path
}

// answers is nil once a server says 200 at an address.
func answers(client *http.Client, address string) error {
	c := *client
	c.Timeout = 2 * time.Second
	response, err := c.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection is used again
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	return nil
}
