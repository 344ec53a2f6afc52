package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"vitals/checks"
)

func output(t *testing.T, format string, doc Document) []byte {
	t.Helper()
	f, err := Lookup(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Document(&b, doc, View{Location: india}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNoFormatLetsControlSequencesThrough(t *testing.T) {
	for _, f := range Formats() {
		for name, doc := range documents() {
			for _, r := range string(output(t, f.Name, doc)) {
				if r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\u202e' {
					t.Errorf("%s of %s has %U", f.Name, name, r)
				}
			}
		}
	}
}

func TestJSONKeepsItsSchema(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("output.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled := c.MustCompile("output.json")
	for name, doc := range documents() {
		text := output(t, "json", doc)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if err := compiled.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if key := repeatedKey(t, text); key != "" {
			t.Errorf("%s: the key %q stands twice in one object", name, key)
		}
		broken := strings.Replace(string(text), `"status"`, `"state"`, 1)
		value, _ = jsonschema.UnmarshalJSON(strings.NewReader(broken))
		if compiled.Validate(value) == nil {
			t.Errorf("%s: the schema does not miss the status", name)
		}
	}
}

// repeatedKey returns a key that an object has twice, which decoders into maps
// hide; "" when there is none.
func repeatedKey(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // what comes next is a value
	}
	var open []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		if key, ok := token.(string); ok && len(open) > 0 && open[len(open)-1].keys != nil && !open[len(open)-1].value {
			if open[len(open)-1].keys[key] {
				return key
			}
			open[len(open)-1].keys[key], open[len(open)-1].value = true, true
			continue
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			open[len(open)-1].value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		}
	}
}

func TestYAMLSaysTheSameAsJSON(t *testing.T) {
	for name, doc := range documents() {
		var j, y any
		if err := json.Unmarshal(output(t, "json", doc), &j); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(output(t, "yaml", doc), &y); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := json.Marshal(y)
		if err != nil {
			t.Fatal(err)
		}
		var back any
		_ = json.Unmarshal(again, &back)
		a, _ := json.Marshal(j)
		b, _ := json.Marshal(back)
		if !bytes.Equal(a, b) {
			t.Errorf("%s:\njson %s\nyaml %s", name, a, b)
		}
	}
}

func TestJUnitIsWellFormedAndCounts(t *testing.T) {
	var suites junitSuites
	if err := xml.Unmarshal(output(t, "junit", documents()["mixed.2"]), &suites); err != nil {
		t.Fatal(err)
	}
	// Both are unhealthy in mixed.2 and critical; one that is not does not fail.
	if s := suites.Suite; s.Tests != 6 || s.Failures != 2 || s.Errors != 1 || len(s.Cases) != 6 {
		t.Errorf("%d tests, %d failures, %d errors, %d cases", s.Tests, s.Failures, s.Errors, len(s.Cases))
	}
	if err := xml.Unmarshal(output(t, "junit", documents()["hostile.2"]), &suites); err != nil {
		t.Error(err)
	}
	suites = junitSuites{}
	if err := xml.Unmarshal(output(t, "junit", documents()["notcritic.1"]), &suites); err != nil {
		t.Fatal(err)
	}
	if s := suites.Suite; s.Failures != 0 || !strings.HasPrefix(s.Cases[0].Out, "unhealthy: refuses connections\n") {
		t.Errorf("what only degrades the whole: %d failures, %q", s.Failures, s.Cases[0].Out)
	}
}

// A TAP reader takes what follows an unescaped # for a directive, and an
// indented block between --- and ... for YAML.
func TestTAPIsRead(t *testing.T) {
	point := regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^\\#]|\\[\\#])+)$`)
	for name, doc := range documents() {
		lines := strings.Split(strings.TrimSuffix(string(output(t, "tap", doc)), "\n"), "\n")
		if lines[0] != "TAP version 14" || lines[1] != fmt.Sprintf("1..%d", len(doc.Results)) {
			t.Fatalf("%s begins with %q", name, lines[:2])
		}
		n, diagnostic := 0, []string(nil)
		for _, line := range lines[2:] {
			switch {
			case line == "  ---":
				diagnostic = []string{}
			case line == "  ...":
				var fields map[string]string
				if err := yaml.Unmarshal([]byte(strings.Join(diagnostic, "\n")), &fields); err != nil || fields["status"] != doc.Results[n-1].Status.String() {
					t.Errorf("%s: %v in %q", name, err, diagnostic)
				}
				diagnostic = nil
			case diagnostic != nil:
				diagnostic = append(diagnostic, line)
			default:
				n++
				if m := point.FindStringSubmatch(line); m == nil || m[2] != strconv.Itoa(n) || (m[1] == "") != (doc.Results[n-1].Status < checks.Unhealthy && doc.Results[n-1].Status != checks.Unknown || !doc.Results[n-1].Critical) {
					t.Errorf("%s: %q is not test %d of %s", name, line, n, doc.Results[n-1].Status)
				}
			}
		}
		if n != len(doc.Results) {
			t.Errorf("%s: %d of %d tests", name, n, len(doc.Results))
		}
	}
}

func TestPrometheusIsParsed(t *testing.T) {
	for name, doc := range documents() {
		p := expfmt.NewTextParser(model.LegacyValidation)
		families, err := p.TextToMetricFamilies(bytes.NewReader(output(t, "prometheus", doc)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := len(families["vitals_check_status"].GetMetric()); got != len(doc.Results) {
			t.Errorf("%s: %d statuses of %d checks", name, got, len(doc.Results))
		}
	}
}

func TestCSVIsReadBack(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(output(t, "csv", documents()["hostile.2"]))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if !strings.HasPrefix(rows[1][3], "'=cmd") {
		t.Errorf("a spreadsheet would run %q", rows[1][3])
	}
}

func TestCSVIsNoFormula(t *testing.T) {
	for in, want := range map[string]string{"=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "  =1": "'  =1", "＝1": "'＝1", "": "", "a=1": "a=1", "é": "é"} {
		list := checks.Table{Columns: []checks.Column{{Name: "x"}, {Name: "n", Kind: checks.KindInteger}}, Rows: [][]any{{in, int64(-1)}}}
		var b bytes.Buffer
		if err := listCSV(&b, list, View{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(b.String(), "x,n\n"); got != want+",-1\n" && got != `"`+want+`",-1`+"\n" {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestNagiosKeepsTheBarForPerfdata(t *testing.T) {
	for name, doc := range documents() {
		first, _, _ := strings.Cut(string(output(t, "nagios", doc)), "\n")
		if n := strings.Count(first, "|"); n > 1 {
			t.Errorf("%s has %d bars: %s", name, n, first)
		}
		want := map[checks.Status]string{checks.Healthy: "OK", checks.Degraded: "WARNING", checks.Unhealthy: "CRITICAL", checks.Unknown: "UNKNOWN"}[doc.Status]
		if !strings.HasPrefix(first, want+": ") {
			t.Errorf("%s: %s", name, first)
		}
	}
}

// The runner takes a line for a command when it begins with two colons.
func TestGitHubCannotBeMadeToRunCommands(t *testing.T) {
	for line := range strings.Lines(string(output(t, "github", documents()["hostile.2"]))) {
		if strings.HasPrefix(line, "::") && !strings.HasPrefix(line, "::error title=vitals ") {
			t.Errorf("an outside text became a command: %s", line)
		}
	}
}

func TestHumanWords(t *testing.T) {
	for want, got := range map[string]string{
		"0 s": HumanDuration(0), "850 µs": HumanDuration(850 * time.Microsecond), "1.5 ms": HumanDuration(1500 * time.Microsecond), "12 ms": HumanDuration(12 * time.Millisecond),
		"1.3 s": HumanDuration(1300 * time.Millisecond), "2 min 5 s": HumanDuration(125 * time.Second), "3 d 4 h": HumanDuration(76 * time.Hour), "1 h": HumanDuration(time.Hour), "1 ms": HumanDuration(999700 * time.Nanosecond), "1 s": HumanDuration(999700 * time.Microsecond), "1 min": HumanDuration(59970 * time.Millisecond), "-1 h": HumanDuration(-time.Hour),
		"45.2 MB": HumanValue(checks.KindBytes, int64(45200000), nil), "12": HumanValue(checks.KindInteger, int64(12), nil),
		"80.1 %": HumanValue(checks.KindPercent, 80.0623, nil), "—": HumanValue(checks.KindBytes, nil, nil), "yes": HumanValue(checks.KindBool, true, nil),
		"2026-11-23 10:00:00": HumanValue(checks.KindTime, moment, india), "never": HumanValue(checks.KindTime, time.Time{}, nil),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestGuideDocuments(t *testing.T) {
	redis := documents()["healthy.0"].Results[1]
	text, err := json.Marshal(CacheStats(redis))
	want := `{"cache_stats":{"hits":15420,"misses":3840,"hit_rate_percent":80.1,"memory_used_mb":45,"keys_count":1250,"uptime_days":7}}`
	if err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	pool := checks.OK("", checks.Int("pool_size", 100), checks.Int("checked_in_connections", 85), checks.Int("checked_out_connections", 15), checks.Int("overflow_connections", 0), checks.Int("invalid_connections", 0))
	text, err = json.Marshal(PoolStatus(pool))
	want = `{"pool_size":100,"checked_in_connections":85,"checked_out_connections":15,"overflow_connections":0,"invalid_connections":0}`
	if err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[31m\u202e\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if Clean(c) != c {
			t.Errorf("cleaning %q twice gives something else", s)
		}
		for _, r := range c {
			if unicode.IsControl(r) || reorders(r) {
				t.Errorf("%q keeps %U", s, r)
			}
		}
	})
}
