package probe

import (
	"reflect"
	"strings"
	"testing"
)

func TestPaths(t *testing.T) {
	for text, want := range map[string]string{ // "" for what is no path
		"$":                       "$",
		"$.a.b[0].c":              "$['a']['b'][0]['c']",
		"a.b[0].c":                "$['a']['b'][0]['c']",
		"[0]":                     "$[0]",
		"$[-1]":                   "$[-1]",
		"$['a.b']":                "$['a.b']",
		`$["it's"]`:               `$['it\'s']`,
		`$['it\'s']['\\']`:        `$['it\'s']['\\']`,
		"$['']":                   "$['']",
		"$.ä ö":                   "$['ä ö']",
		"":                        "",
		"$.":                      "",
		"$..a":                    "",
		"$.a[":                    "",
		"$.a[x]":                  "",
		"$.a[1:2]":                "",
		"$.*":                     "",
		"$.a[*]":                  "",
		"$x":                      "",
		"$['a'":                   "",
		"$['a":                    "",
		"$.a[0]b":                 "",
		"$[99999999999999999999]": "",
	} {
		path, err := parsePath(text)
		if err != nil {
			if want != "" || strings.Contains(err.Error(), "strconv") {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
			continue
		}
		if got := written(path); got != want {
			t.Errorf("%q is read as %s, want %q", text, got, want)
		}
	}
}

func written(path []step) string {
	var text strings.Builder
	text.WriteString("$")
	for _, s := range path {
		text.WriteString(s.String())
	}
	return text.String()
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"$.a.b[0].c", "a['x.y'][-1]", `$["it's"]`, `$['\\']`, "$[", "$.", "[0][0]"} {
		f.Add(seed, `{"a": {"b": [{"c": 1}]}}`)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		path, err := parsePath(text)
		if err != nil {
			return
		}
		again, err := parsePath(written(path))
		if err != nil || !reflect.DeepEqual(path, again) && len(path)+len(again) > 0 {
			t.Errorf("%q is written as %q, which is read as %v (%v), not %v", text, written(path), again, err, path)
		}
		document, err := readJSON([]byte(body))
		if err != nil {
			return
		}
		if value, missing := walk(document, path); missing == "" {
			shownJSON(value)
			if !equalJSON(value, textOf(value)) {
				t.Errorf("%s in %q is not equal to itself", text, body)
			}
		}
	})
}
