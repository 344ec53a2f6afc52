package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"vitals/internal/testenv"
)

// compose is the part of a compose file that the tests look at.
type compose struct {
	Services map[string]struct {
		Image       string
		Build       any
		Ports       []string
		Volumes     []string
		Environment map[string]string
	}
	Volumes map[string]any
}

// TestTheStack holds configs/compose.yaml against what it promises: every
// program of the contract, at a version that is written down, on loopback, and
// with no password that somebody could guess.
func TestTheStack(t *testing.T) {
	dir := filepath.Join(testenv.Repo(t), "configs")
	var c compose
	if err := yaml.Unmarshal(read(t, dir, "compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vitals", "prometheus", "alertmanager", "grafana", "elasticsearch", "logstash", "kibana", "jaeger"} {
		if _, there := c.Services[name]; !there {
			t.Errorf("%s is missing", name)
		}
	}
	pinned, secret := regexp.MustCompile(`:v?\d+\.\d+\.\d+$`), regexp.MustCompile(`PASSWORD|TOKEN|SECRET`)
	for name, s := range c.Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %q has no version", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: the port %s is open to everybody", name, p)
			}
		}
		for key, value := range s.Environment {
			if secret.MatchString(key) && !strings.Contains(value, ":?") {
				t.Errorf("%s: %s is %q, which is no password that somebody must choose", name, key, value)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(v, "${") {
				from = strings.TrimSuffix(v[strings.Index(v, ":-")+2:strings.Index(v, "}")], "}")
			}
			if _, named := c.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, from)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTheStackIsAccepted gives its files to the programs that read them.
func TestTheStackIsAccepted(t *testing.T) {
	dir := filepath.Join(testenv.Repo(t), "configs", "stack")
	testenv.CheckRules(t, string(read(t, dir, "rules.yml")))
	testenv.CheckAlertmanagerConfig(t, string(read(t, dir, "alertmanager.yml")))
	for file, args := range map[string][]string{"rules.yml": {"dashboard", "rules"}, "grafana/vitals.json": {"dashboard", "grafana", "--datasource", "prometheus"}} {
		if now := run(t.TempDir(), args...); now != string(read(t, dir, file)) {
			t.Errorf("%s is not what vitals %s prints: make docs writes it anew", file, strings.Join(args, " "))
		}
	}
	for _, file := range []string{"prometheus.yml", "grafana/provisioning/datasources/vitals.yaml", "grafana/provisioning/dashboards/vitals.yaml"} {
		var any map[string]any
		if err := yaml.Unmarshal(read(t, dir, file), &any); err != nil || len(any) == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	config := string(read(t, dir, "prometheus.yml"))
	if strings.Contains(config, "vitals:8080") {
		testenv.StartPrometheus(t, testenv.PrometheusOptions{Config: strings.ReplaceAll(config, "/etc/prometheus/rules/*.yml", "none.yml")})
	}
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
