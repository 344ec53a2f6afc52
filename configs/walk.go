package configs

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The walk reads a file's YAML tree beside the spec. That is where strictness
// and line numbers come from; viper then only merges what is right. Every
// problem is reported and the rest is still read.

// maxNodes bounds what aliases may expand to, and maxDepth how deep they nest:
// nine lines of YAML can otherwise name a billion values.
const (
	maxNodes = 200_000
	maxDepth = 20
)

// layer is what one source of configuration says.
type layer struct {
	values map[string]any   // nested, for viper
	places map[string]Place // dotted key → where it was set
}

func newLayer() *layer {
	return &layer{values: map[string]any{}, places: map[string]Place{}}
}

type walker struct {
	file     string // as shown to people
	dir      string // what relative paths are relative to
	problems *problems
	layer    *layer
	nodes    int
	overflow bool
}

func (w *walker) place(n *yaml.Node) Place {
	return Place{File: w.file, Line: n.Line, column: n.Column}
}

func (w *walker) problem(n *yaml.Node, key, format string, args ...any) {
	w.problems.add(w.place(n), key, format, args...)
}

// root reads the whole file.
func (w *walker) root(s *spec, n *yaml.Node) {
	if n == nil {
		return
	}
	if value, ok := w.section(s, n, "", 0); ok {
		w.layer.values = value
	}
}

// spend counts a node and follows aliases. It returns nil for a node with a
// tag, and when the bounds are reached; both are reported.
func (w *walker) spend(n *yaml.Node, depth int) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil && depth < maxDepth {
		n, depth = n.Alias, depth+1
	}
	w.nodes++
	if n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != tagText {
		w.problem(n, "", "a value here has a tag (!name), which has no meaning in this file")
		return nil
	}
	if w.nodes <= maxNodes && depth < maxDepth {
		return n
	}
	if !w.overflow {
		w.overflow = true
		w.problem(n, "", "the aliases (*name) expand to too much")
	}
	return nil
}

// section reads a mapping with the keys of the spec. False means that the
// place is empty (null) or wrong.
func (w *walker) section(s *spec, n *yaml.Node, path string, depth int) (map[string]any, bool) {
	fields, ok := w.fields(s, n, path, depth)
	if !ok {
		return nil, false
	}
	w.layer.places[path] = w.place(n)
	out := map[string]any{}
	for _, f := range fields {
		w.field(s, f, path, depth, out)
	}
	w.secretFiles(s, fields, path, out)
	return out, true
}

// field is one key of a mapping with its value.
type field struct{ key, value *yaml.Node }

// fields lists the keys of a mapping, merge keys (<<) applied, duplicates
// reported.
func (w *walker) fields(s *spec, n *yaml.Node, path string, depth int) ([]field, bool) {
	at := n
	if n = w.spend(n, depth); n == nil || isNull(n) {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		w.problem(at, path, "expected %s, got %s", s.expected(), vaguely(n))
		return nil, false
	}
	var own, merged []field
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, w.merged(s, value, path, depth+1)...)
			continue
		}
		if first, twice := seen[key.Value]; twice {
			w.problem(key, join(path, key.Value), "is here twice; first on line %d", first)
			continue
		}
		seen[key.Value] = key.Line
		own = append(own, field{key, value})
	}
	for _, f := range merged {
		if _, ok := seen[f.key.Value]; !ok {
			seen[f.key.Value] = f.key.Line
			own = append(own, f)
		}
	}
	return own, true
}

// merged lists the keys that a merge key brings: of one mapping or of several,
// where the first that has a key wins.
func (w *walker) merged(s *spec, n *yaml.Node, path string, depth int) []field {
	target := w.spend(n, depth)
	if target == nil {
		return nil
	}
	if target.Kind != yaml.SequenceNode {
		fields, _ := w.fields(s, target, path, depth)
		return fields
	}
	var out []field
	for _, one := range target.Content {
		fields, _ := w.fields(s, one, path, depth)
		out = append(out, fields...)
	}
	return out
}

// field reads one key of a section into out.
func (w *walker) field(s *spec, f field, path string, depth int, out map[string]any) {
	key := f.key.Value
	target := s.field(key)
	switch {
	case f.key.Kind != yaml.ScalarNode:
		w.problem(f.key, path, "expected a key, got %s", vaguely(f.key))
	case target == nil && path == "" && len(key) > 2 && key[:2] == "x-":
		// A place for anchors, as in Compose files.
	case target == nil:
		if !s.isSecretFile(key) {
			w.unknownKey(s, f.key, path)
		}
	default:
		value, ok := w.value(target, f.value, join(path, key), depth+1)
		if ok {
			out[key] = value
		}
		if ok && target.isGroup() {
			w.layer.places[join(path, key)] = w.place(f.key)
		}
	}
}

// plainKey is what a key may look like to be repeated in an error: something
// else may be a secret with its colon in the wrong place.
func plainKey(key string) bool {
	for i, c := range []byte(key) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_.-", rune(c))) {
			return false
		}
	}
	return key != "" && len(key) <= 40
}

func (w *walker) unknownKey(s *spec, key *yaml.Node, path string) {
	if !plainKey(key.Value) {
		w.problem(key, path, "a line here has no known key before its colon; possible are %s", orList(s.keys()))
		return
	}
	hint := ""
	if !w.problems.full() {
		hint = s.keyHint(key.Value)
	}
	w.problem(key, join(path, key.Value), "unknown key%s", hint)
}

// keyHint tells what a person probably meant by an unknown key of a section.
func (s *spec) keyHint(key string) string {
	first, rest, dotted := strings.Cut(key, ".")
	if f := s.field(first); dotted && f != nil && f.isGroup() {
		return fmt.Sprintf("; write %q on a line of its own and below it, indented, %q", first+":", rest+":")
	}
	if hint := didYouMean(key, s.keys()); hint != "" {
		return hint
	}
	var homes []string
	for _, f := range s.fields {
		if f.kind == kindSection && f.field(key) != nil {
			homes = append(homes, f.path+"."+key)
		}
	}
	if len(homes) == 1 {
		return `; did you mean "` + homes[0] + `"?`
	}
	return "; possible here are " + orList(s.keys())
}

// value reads whatever the spec wants. False means empty (null) or wrong.
func (w *walker) value(s *spec, n *yaml.Node, path string, depth int) (any, bool) {
	switch s.kind {
	case kindSection:
		value, ok := w.section(s, n, path, depth)
		return value, ok
	case kindList, kindKinds, kindTexts, kindInts:
		return w.list(s, n, path, depth)
	}
	at := n
	if n = w.spend(n, depth); n == nil || isNull(n) && (!s.isPlain() || n.Value == "") {
		return nil, false
	}
	if n.Kind != yaml.ScalarNode {
		w.problem(at, path, "expected %s, got %s", s.expected(), vaguely(n))
		return nil, false
	}
	value, wrong := s.scalarValue(n)
	if wrong != "" {
		w.problem(at, path, "%s", wrong)
		return nil, false
	}
	w.layer.places[path] = w.place(at)
	return w.keep(s, value), true
}

// keep notes secrets and makes paths absolute.
func (w *walker) keep(s *spec, value any) any { return keep(s, value, w.dir, w.problems) }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tagNull }

// vaguely describes a node by its form alone.
func vaguely(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case tagInt, tagReal:
		return "a number"
	case tagBool:
		return n.Value
	case tagNull:
		return "nothing"
	}
	return "a text"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
