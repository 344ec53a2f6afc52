package configs

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Show writes the configuration in force as YAML, each value followed by where
// it comes from. Secrets are hidden, and of addresses only host and database
// are shown, so it can be pasted into a ticket; for the same reason it cannot
// be used as a file where it holds secrets.
func (c *Config) Show(w io.Writer) error {
	s := shower{cfg: c}
	s.fields(rootSpec(), reflect.ValueOf(c).Elem(), "", "", "")
	_, err := io.WriteString(w, s.text.String())
	return err
}

type shower struct {
	cfg  *Config
	text strings.Builder
}

// fields writes the fields of a struct. The first line is indented by first,
// the others by indent, so that an element of a list can begin with a dash.
func (s *shower) fields(sp *spec, v reflect.Value, path, first, indent string) {
	for _, f := range sp.fields {
		value, ok := fieldOf(v, f.key)
		at := join(path, f.key)
		switch {
		case !ok:
			continue
		case f.kind == kindSection:
			fmt.Fprintf(&s.text, "%s%s:\n", first, f.key)
			s.fields(f, reflect.Indirect(value), at, indent+"  ", indent+"  ")
		case f.kind == kindList || f.kind == kindKinds:
			s.list(f, value, at, first, indent)
		default:
			s.leaf(f, value, at, first)
		}
		first = indent
	}
}

func (s *shower) list(sp *spec, v reflect.Value, path, first, indent string) {
	if v.Len() == 0 {
		fmt.Fprintf(&s.text, "%s%s: []  # %s\n", first, sp.key, s.origin(path))
		return
	}
	fmt.Fprintf(&s.text, "%s%s:\n", first, sp.key)
	for i := range v.Len() {
		at, element, section := index(path, i), v.Index(i), (*spec)(nil)
		dash, indent := indent+"  - ", indent+"    "
		if sp.kind == kindKinds {
			kind, options := sp.family.unwrap(element.Interface())
			section = sp.kindSection(kind)
			fmt.Fprintf(&s.text, "%skind: %s  # %s\n", dash, kind, s.origin(at+"."+kindKey))
			dash, element = indent, reflect.ValueOf(options).Elem()
		} else {
			section = sp.elem()
		}
		s.fields(section, element, at, dash, indent)
	}
}

func (s *shower) leaf(f *spec, v reflect.Value, path, first string) {
	origin := s.origin(path)
	if v = reflect.Indirect(v); !v.IsValid() {
		fmt.Fprintf(&s.text, "%s%s:  # %s\n", first, f.key, origin)
		return
	}
	if short := shortened(v.Interface()); short != "" {
		fmt.Fprintf(&s.text, "%s%s: %s  # %s, shortened\n", first, f.key, flowYAML(short), origin)
		return
	}
	fmt.Fprintf(&s.text, "%s%s: %s  # %s\n", first, f.key, f.yaml(v.Interface()), origin)
}

// origin says where a value comes from.
func (s *shower) origin(path string) string {
	at, ok := s.cfg.places[path]
	switch {
	case !ok:
		return "default"
	case at.via != "":
		return at.String() + ", read from " + at.via
	}
	return at.String()
}

func (s *spec) kindSection(kind string) *spec {
	for _, k := range s.kinds() {
		if k.Name == kind {
			return k.section()
		}
	}
	return &spec{kind: kindSection}
}

// fieldOf finds the field of a struct that a key stands for.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		name, flags, _ := strings.Cut(v.Type().Field(i).Tag.Get("mapstructure"), ",")
		if strings.Contains(flags, "squash") {
			if inner, ok := fieldOf(v.Field(i), key); ok {
				return inner, true
			}
		} else if name == key && name != "" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// yaml writes a leaf's value as YAML on one line.
func (s *spec) yaml(value any) string {
	switch s.kind {
	case kindDuration, kindSize, kindBool, kindInt, kindNumber:
		return s.text(value)
	}
	return flowYAML(value)
}

// flowYAML writes texts, or lists of them and of numbers, on one line.
func flowYAML(value any) string {
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return `""`
	}
	n.Style = yaml.FlowStyle
	if n.Kind == yaml.ScalarNode {
		n.Style = 0
		if strings.ContainsAny(n.Value, "\n\r") || n.Value == "" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	text, err := yaml.Marshal(&n)
	if err != nil {
		return `""`
	}
	return strings.TrimSuffix(string(text), "\n")
}
