package probe

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestPerfdata(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"a=1":                            "a=1",
		"a=1 b=2":                        "a=1 b=2",
		"'a b'=1":                        "a b=1",
		"'it''s'=1s":                     "it's=1s",
		"'a=b'=1":                        "a=b=1",
		"/=2643MB;5948;5958;0;5968":      "/=2643MB",
		"a=1,5ms":                        "a=1.5ms",
		"a=-0.5%":                        "a=-0.5%",
		"a=1e+06B b=2E3":                 "a=1e+06B b=2000",
		"a=U b=1":                        "a=U b=1",
		"a=1;2;3;4;5 b=6":                "a=1 b=6",
		"  a=1\t\n b=2 ":                 "a=1 b=2",
		"nonsense a=1":                   "a=1",
		"=1 b=2":                         "b=2",
		"''=1 b=2":                       "b=2",
		"'open=1 b=2":                    "",
		"'a'x=1 b=2":                     "b=2",
		"a= b=2":                         "b=2",
		"a=x b=2":                        "b=2",
		"a=1.2.3 b=2":                    "b=2",
		"a=NaN b=Inf c=2":                "c=2",
		"a=5minutes":                     "a=5minutes",
		"größe=1":                        "größe=1",
		"a=99999999999999999999999999GB": "a=1e+26GB",
	} {
		var got []string
		for _, m := range parsePerfdata(text) {
			if m.unknown {
				got = append(got, m.label+"=U")
			} else if m.value == math.Trunc(m.value) && math.Abs(m.value) < 1e6 {
				got = append(got, fmt.Sprintf("%s=%d%s", m.label, int(m.value), m.unit))
			} else {
				got = append(got, fmt.Sprintf("%s=%g%s", m.label, m.value, m.unit))
			}
		}
		if all := strings.Join(got, " "); all != want {
			t.Errorf("%q is read as %q, want %q", text, all, want)
		}
	}
}

func TestFactsOfMeasures(t *testing.T) {
	for text, want := range map[string]string{
		"a=1500ms":                "a_seconds=1.5s",
		"a=5us":                   "a_seconds=5µs",
		"a=2KB":                   "a_bytes=2048",
		"a=2MiB":                  "a_bytes=2097152",
		"a=2Mb":                   "a=2",
		"a=7c":                    "a=7",
		"a=50%":                   "a_percent=50",
		"a=U":                     "a=<nil>",
		"a=1e300s":                "a=1e+300",
		"a=1e300PB":               "a=<nil>",
		"'/'=1":                   "root=1",
		"'/var/log'=1":            "var_log=1",
		"'C:\\ Label'=1":          "c_label=1",
		"'5 min'=1":               "value_5_min=1",
		"'--'=1":                  "value=1",
		"'Total Connections'=12c": "total_connections=12",
	} {
		for _, m := range parsePerfdata(text) {
			f := m.fact()
			if got := fmt.Sprintf("%s=%v", f.Key(), f.Value); got != want {
				t.Errorf("%s becomes %s, want %s", text, got, want)
			}
		}
	}
}

func FuzzPerfdata(f *testing.F) {
	for _, seed := range []string{
		"a=1", "'a b'=1s;2;3;4;5 c=U", "time=0.1s;;;0 'x''y'=5%;@1:2;~:3", "/=2643MB;5948;5958;0;5968", "'=1", "a=1e", "a=1e+", "a=,", "''", "x='", "a=9e999s",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range parsePerfdata(text) {
			if m.label == "" {
				t.Errorf("%q: a value without a label", text)
			}
			if math.IsNaN(m.value) || math.IsInf(m.value, 0) {
				t.Errorf("%q: the value %g", text, m.value)
			}
			fact := m.fact()
			for _, r := range fact.Name {
				if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_') {
					t.Errorf("%q: a fact called %q", text, fact.Name)
				}
			}
			if v, ok := fact.Float(); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Errorf("%q: the fact %g", text, v)
			}
		}
		splitOutput(text)
	})
}
