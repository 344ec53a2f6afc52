package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitals/alerting/notify"
	"vitals/configs"
)

func alertingPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/alerting.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// blocks are the code blocks of a page in a language.
func blocks(page, language string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

// load loads a configuration, with the files of /etc/vitals that it names.
func load(t *testing.T, text string) (*configs.Config, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range regexp.MustCompile(`(\w+)_file: /etc/vitals/([\w-]+)`).FindAllStringSubmatch(text, -1) {
		write(m[2], map[string]string{"url": "https://hooks.example.com/x", "token": "12345:abc"}[m[1]]+"\n")
		if m[1] != "url" && m[1] != "token" {
			write(m[2], "some-secret\n")
		}
	}
	write("vitals.yaml", strings.ReplaceAll(text, "/etc/vitals/", dir+"/"))
	return configs.Load(configs.Source{Dir: dir, Home: dir})
}

func TestTheExamplesOfTheAlertingPageLoad(t *testing.T) {
	all := blocks(alertingPage(t), "yaml")
	if len(all) < 5 {
		t.Fatalf("only %d examples found", len(all))
	}
	for _, text := range all {
		if strings.HasPrefix(text, "tests:") {
			continue // of rules: the next test
		}
		if _, err := load(t, text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

func TestTheRuleTestOfTheAlertingPageHolds(t *testing.T) {
	dir := t.TempDir()
	found := false
	for _, text := range blocks(alertingPage(t), "yaml") {
		if !strings.HasPrefix(text, "tests:") {
			continue
		}
		found = true
		if err := os.WriteFile(filepath.Join(dir, "rules_test.yml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if exit, out, errOut := runSplit(dir, "alert", "rules", "--test", "rules_test.yml"); exit != 0 {
			t.Errorf("exit %d\n%s%s", exit, out, errOut)
		}
	}
	if !found {
		t.Error("the page has no test of a rule")
	}
}

func TestTheAlertingPageHasEveryKindOfChannel(t *testing.T) {
	page := alertingPage(t)
	for _, k := range notify.Kinds() {
		var indented strings.Builder
		for line := range strings.Lines(k.Example) {
			indented.WriteString("  " + line)
		}
		if !strings.Contains(page, indented.String()) {
			t.Errorf("the example of %s is not in docs/alerting.md:\n%s", k.Name, indented.String())
		}
	}
}

// Every command line that the page shows is one that vitals understands.
func TestTheCommandsOfTheAlertingPageExist(t *testing.T) {
	lines := 0
	for _, text := range blocks(alertingPage(t), "sh") {
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			words := strings.Fields(line)
			if len(words) == 0 || words[0] != "vitals" {
				continue
			}
			lines++
			if exit, out, errOut := runSplit(t.TempDir(), append(words[1:], "--help")...); exit != 0 || !strings.Contains(out, "Usage:") {
				t.Errorf("%s: exit %d\n%s", line, exit, errOut)
			}
		}
	}
	if lines < 5 {
		t.Errorf("only %d command lines found", lines)
	}
}

// What `vitals alert test` proposes where there is no channel must work.
func TestTheProposedChannelLoads(t *testing.T) {
	_, _, said := runSplit(t.TempDir(), "alert", "test")
	_, text, found := strings.Cut(said, "channels:")
	text, _, ended := strings.Cut(text, "\n\ndocs/")
	if !found || !ended {
		t.Fatalf("nothing is proposed:\n%s", said)
	}
	if _, err := load(t, "channels:"+text+"\n"); err != nil {
		t.Error(err)
	}
}
