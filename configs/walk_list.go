package configs

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// list reads a list of any sort.
func (w *walker) list(s *spec, n *yaml.Node, path string, depth int) (any, bool) {
	at := n
	if n = w.spend(n, depth); n == nil || isNull(n) {
		return nil, false
	}
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode && s.kind == kindTexts && plainKey(n.Value) {
			hint = fmt.Sprintf("; write [%s]", n.Value)
		}
		w.problem(at, path, "expected %s, got %s%s", s.expected(), vaguely(n), hint)
		return nil, false
	}
	w.layer.places[path] = w.place(at)
	switch s.kind {
	case kindTexts:
		return scalars[string](w, &spec{kind: kindText, typ: textType, tag: s.tag}, n, path, depth)
	case kindInts:
		return scalars[int](w, &spec{kind: kindInt, typ: intType}, n, path, depth)
	}
	out := []any{}
	for i, one := range n.Content {
		if value, ok := w.element(s, one, fmt.Sprintf("%s[%d]", path, i), depth+1); ok {
			out = append(out, value)
		} else {
			out = append(out, nil) // keeps the numbers of the others right
		}
	}
	return out, true
}

func scalars[T any](w *walker, s *spec, n *yaml.Node, path string, depth int) (any, bool) {
	out := []T{}
	for i, one := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if isNull(one) {
			w.problem(one, at, "is empty")
		} else if value, ok := w.value(s, one, at, depth+1); ok {
			out = append(out, value.(T))
		}
	}
	return out, true
}

// element reads one element of a list of sections, its defaults filled in.
func (w *walker) element(s *spec, n *yaml.Node, path string, depth int) (any, bool) {
	var section *spec
	if s.kind == kindKinds {
		section = w.kindOf(s, n, path, depth)
	} else {
		section = s.elem()
	}
	if section == nil {
		return nil, false
	}
	if real := w.spend(n, depth); real != nil && isNull(real) {
		w.problem(n, path, "is empty")
		return nil, false
	}
	value, ok := w.section(section, n, path, depth)
	if !ok {
		return nil, false
	}
	if s.kind == kindList {
		fillDefaults(section, value) // a probe's options hold theirs
	}
	return value, true
}

// fillDefaults puts in what the file left out: defaults of a whole
// configuration do not reach into lists.
func fillDefaults(s *spec, value map[string]any) {
	for _, f := range s.fields {
		if f.kind == kindSection {
			inner, ok := value[f.key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				value[f.key] = inner
			}
			fillDefaults(f, inner)
		} else if _, ok := value[f.key]; !ok && f.def != nil {
			value[f.key] = f.def
		}
	}
}
