package configs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"vitals/configs"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(configs.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("vitals.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("vitals.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is what an editor's YAML support hands to the schema. False means
// that the text is no YAML at all.
func asJSON(t *testing.T, text []byte) (any, bool) {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, false
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, false // an infinite number
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return value, true
}

func goodFixtures(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(paths) < 3 {
		t.Fatal("fixtures are missing:", paths, err)
	}
	return append(paths, "vitals.yaml")
}

func TestGoodFilesLoadAndPassTheSchema(t *testing.T) {
	schema := compiledSchema(t)
	for _, path := range goodFixtures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, err := configs.Load(configs.Source{File: path, Dir: "."}); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			value, ok := asJSON(t, text)
			if !ok {
				t.Fatal("no YAML")
			}
			if err := schema.Validate(value); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheSchemaRefusesWhatItCanTell(t *testing.T) {
	schema := compiledSchema(t)
	for _, f := range badFixtures(t) {
		value, ok := asJSON(t, []byte(f.files["vitals.yaml"]))
		if !ok {
			if !f.accepted {
				t.Errorf("%s is no YAML, so the schema cannot refuse it", f.path)
			}
			continue
		}
		err := schema.Validate(value)
		if f.accepted && err != nil {
			t.Errorf("%s: the schema refuses it, its first line says otherwise: %v", f.path, err)
		}
		if !f.accepted && err == nil {
			t.Errorf("%s: the schema accepts it", f.path)
		}
	}
}

// The schema, the reference and the option structs come from one source; this
// guards what a reader of the reference relies on.
func TestTheReferenceIsComplete(t *testing.T) {
	var keys []string
	for _, o := range configs.Reference() {
		keys = append(keys, o.Key)
		if o.Help == "" {
			t.Errorf("%s has no help", o.Key)
		}
		if strings.HasSuffix(o.Help, ".") || strings.ToUpper(o.Help[:min(1, len(o.Help))]) == o.Help[:min(1, len(o.Help))] && strings.HasPrefix(o.Help, "The ") {
			t.Errorf("%s: help begins small and ends without a full stop, like the others: %s", o.Key, o.Help)
		}
		if o.Type == "" {
			t.Errorf("%s has no type", o.Key)
		}
	}
	for _, want := range []string{"timeout", "database.url", "database.pool.size", "databases[].name", "probes[http].url", "probes[http].headers[].value", "serve.token"} {
		if !slices.Contains(keys, want) {
			t.Errorf("%s is not in the reference", want)
		}
	}
	unique := slices.Clone(keys)
	slices.Sort(unique)
	if len(slices.Compact(unique)) != len(keys) {
		t.Error("a key is in the reference twice")
	}
}
