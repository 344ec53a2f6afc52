package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The directions in which packages of Vitals may import each other. A package
// that needs another's data declares a small interface where it is used.
var house = []struct {
	pkg     string // a package, or a folder with /... for all below it
	may     []string
	because string
}{
	{"vitals/checks", nil, "everything speaks its words, so it can know nobody"},
	{"vitals/checks/...", []string{"vitals/checks"}, "a check looks at one thing and knows no other part"},
	{"vitals/alerting/...", []string{"vitals/checks", "vitals/alerting"}, "the engine is pure: state and observations in, transitions out"},
	{"vitals/schedule", []string{"vitals/checks"}, "what a schedule runs is handed to it"},
	{"vitals/report", []string{"vitals/checks", "vitals/alerting"}, "a format only needs what it prints"},
	{"vitals/configs", []string{"vitals/checks", "vitals/checks/...", "vitals/alerting", "vitals/alerting/notify", "vitals/schedule"}, "it fills the options that others own and starts nothing"},
	{"vitals/internal/history", []string{"vitals/checks", "vitals/alerting", "vitals/schedule"}, "the store keeps results; it does not make them"},
	{"vitals/internal/server", []string{"vitals/checks", "vitals/report", "vitals/alerting", "vitals/internal/history"}, "routes answer from what they are handed; only cmd wires"},
	{"vitals/internal/proxy", []string{"vitals/checks"}, "requests pass through it even when all else fails"},
	{"vitals/internal/demo", nil, "the platform is somebody else's application"},
}

// banned are modules that must not come in by anybody's hand, but for the
// small packages below them that promql itself needs.
var banned = []struct {
	path, because string
	but           []string
}{
	{"github.com/prometheus/prometheus/tsdb", "history is ours; tsdb brings packages that cannot be had", []string{
		"github.com/prometheus/prometheus/tsdb/chunkenc",
		"github.com/prometheus/prometheus/tsdb/chunks",
		"github.com/prometheus/prometheus/tsdb/fileutil",
	}},
	{"github.com/prometheus/prometheus/rules", "it pulls in tsdb and the cloud discovery packages", nil},
	{"gopkg.in/natefinch/lumberjack.v2", "it leaks a goroutine and is not kept up; timberjack is", nil},
	{"github.com/mattn/go-sqlite3", "it needs cgo; the binary is static", nil},
}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

func TestImportsPointInward(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath != "vitals/cmd/vitals" && slices.Contains(p.Imports, "vitals/cmd") {
			t.Errorf("%s imports vitals/cmd: only main does; cmd wires and is wired by nobody", p.ImportPath)
		}
		if slices.Contains(p.Imports, "vitals/internal/testenv") {
			t.Errorf("%s imports vitals/internal/testenv outside a test", p.ImportPath)
		}
		for _, rule := range house {
			if !within(p.ImportPath, rule.pkg) {
				continue
			}
			for _, imported := range p.Imports {
				if strings.HasPrefix(imported, "vitals/") && !slices.ContainsFunc(rule.may, func(m string) bool { return within(imported, m) }) && !sameTree(p.ImportPath, imported, rule.pkg) {
					t.Errorf("%s imports %s, but %s", p.ImportPath, imported, rule.because)
				}
			}
		}
	}
}

func TestNothingBannedComesIn(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, dep := range p.Deps {
			for _, b := range banned {
				if (dep == b.path || strings.HasPrefix(dep, b.path+"/")) && !slices.Contains(b.but, dep) {
					t.Errorf("%s depends on %s: %s", p.ImportPath, dep, b.because)
				}
			}
		}
	}
}

func TestOnlyConfigsUsesViper(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath != "vitals/configs" && slices.Contains(p.Imports, "github.com/spf13/viper") {
			t.Errorf("%s imports viper: its traps are handled once, in configs", p.ImportPath)
		}
	}
}

// within tells whether a package is meant by a rule. "a/..." means what lies
// below a, not a itself.
func within(pkg, rule string) bool {
	if tree, ok := strings.CutSuffix(rule, "/..."); ok {
		return strings.HasPrefix(pkg, tree+"/")
	}
	return pkg == rule
}

// sameTree lets a check's folder have folders of its own.
func sameTree(pkg, imported, rule string) bool {
	return strings.HasSuffix(rule, "/...") && strings.HasPrefix(imported, pkg+"/")
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "vitals/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}
