package configs

import (
	"encoding/json"
	"strings"
)

// Schema is the JSON Schema (draft 2020-12) of the configuration file, for
// editors and for checks in a pipeline. It is made from the same structs that
// reading uses; what only reading can tell, such as names used twice, is not
// in it.
func Schema() []byte {
	top := rootSpec().schema()
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "Vitals configuration"
	top["patternProperties"] = map[string]any{"^x-.": true}
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil // maps of texts, numbers and maps always marshal
	}
	return append(text, '\n')
}

type object = map[string]any

func (s *spec) schema() object {
	out := s.shape()
	if s.help() != "" {
		out["description"] = s.help()
	}
	return out
}

func (s *spec) shape() object {
	switch s.kind {
	case kindSection:
		return s.sectionSchema()
	case kindList:
		element := s.elem().schema()
		element["type"] = "object" // an element is not empty
		return object{"type": []string{"array", "null"}, "items": element}
	case kindKinds:
		return s.kindsSchema()
	case kindTexts:
		return s.withDefault(object{"type": []string{"array", "null"}, "items": s.textSchema()})
	case kindInts:
		return s.withDefault(object{"type": []string{"array", "null"}, "items": object{"type": "integer"}})
	case kindBool:
		return s.withDefault(object{"type": []string{"boolean", "null"}})
	case kindInt:
		return s.withDefault(object{"type": []string{"integer", "null"}})
	case kindNumber:
		return s.withDefault(object{"type": []string{"number", "null"}})
	case kindDuration:
		return s.withDefault(unitSchema(`-?([0-9.]+ *(ns|us|µs|ms|s|m|h|d|w))+|0`, "30s"))
	case kindSize:
		return s.withDefault(unitSchema(`[0-9.]+ *(?:[kKmMgGtT]?[iI]?[bB])|0`, "10MB"))
	}
	out := s.textSchema()
	if s.isPlain() {
		return s.withDefault(out)
	}
	out["type"] = []string{"string", "null"}
	if words := s.oneOf(); words != nil {
		out["enum"] = append(anySlice(words), nil)
	}
	return s.withDefault(out)
}

func (s *spec) textSchema() object {
	if s.isPlain() {
		return object{"type": []string{"string", "number", "boolean", "null"}}
	}
	return object{"type": "string"}
}

// unitSchema is for what YAML may take for a number only when it is 0.
func unitSchema(pattern, example string) object {
	return object{
		"anyOf": []any{
			object{"type": "string", "pattern": "^ *(" + pattern + ") *$"},
			object{"const": 0},
			object{"type": "null"},
		},
		"examples": []any{example},
	}
}

func (s *spec) withDefault(out object) object {
	switch s.kind {
	case kindSecret:
		return out
	case kindDuration, kindSize:
		if s.def != nil {
			out["default"] = s.text(s.def)
		}
		return out
	}
	if s.def != nil {
		out["default"] = s.def
	}
	return out
}

func (s *spec) sectionSchema() object {
	properties := object{}
	for _, f := range s.fields {
		properties[f.key] = f.schema()
		if f.kind == kindSecret && s.field(f.key+fileSuffix) == nil {
			properties[f.key+fileSuffix] = object{
				"type":        []string{"string", "null"},
				"description": "file that holds " + f.key + "; relative to this configuration",
			}
		}
	}
	return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func (s *spec) kindsSchema() object {
	var each []any
	for _, k := range s.kinds() {
		section := k.section().schema()
		section["type"] = "object"
		section["required"] = []string{kindKey}
		section["properties"].(object)[kindKey] = object{"const": k.Name, "description": k.Help}
		each = append(each, object{
			"if":   object{"properties": object{kindKey: object{"const": k.Name}}, "required": []string{kindKey}},
			"then": section,
		})
	}
	return object{"type": []string{"array", "null"}, "items": object{
		"type": "object", "required": []string{kindKey},
		"properties": object{kindKey: object{"enum": anySlice(s.kindNames())}},
		"allOf":      each,
	}}
}

func anySlice(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// Option is one key of the configuration, for documentation.
type Option struct {
	Key      string // dotted; elements of lists as probes[http].timeout or databases[].url
	Type     string // in words: a duration such as 30s
	Default  string // as it would be written, "" for none
	Help     string
	Variable string // the environment variable that sets it, "" for none
	Secret   bool   // there is a sibling key, and a variable, that names a file
}

// Reference lists every key of the configuration, in the order of the file.
func Reference() []Option { return rootSpec().reference("") }

func (s *spec) reference(path string) []Option {
	var out []Option
	for _, f := range s.fields {
		at := join(path, f.key)
		switch f.kind {
		case kindSection:
			out = append(out, f.reference(at)...)
		case kindList:
			out = append(out, f.elem().reference(at+"[]")...)
		case kindKinds:
			for _, k := range f.kinds() {
				out = append(out, k.section().reference(at+"["+k.Name+"]")...)
			}
		default:
			out = append(out, f.option(at))
		}
	}
	return out
}

func (s *spec) option(path string) Option {
	o := Option{Key: path, Type: strings.TrimPrefix(strings.TrimPrefix(s.expected(), "a "), "an "), Help: s.help(), Secret: s.kind == kindSecret}
	if s.def != nil && s.kind != kindSecret {
		o.Default = s.yaml(s.def)
	}
	if s.env {
		o.Variable = s.variable()
	}
	return o
}
