package configs

import (
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// kindKey is the key that says which options an element of a kindKinds list
// has.
const kindKey = "kind"

var (
	textType = reflect.TypeFor[string]()
	intType  = reflect.TypeFor[int]()
)

// family is a sort of list whose elements are of several kinds, each with
// options of its own.
type family struct {
	element reflect.Type
	what    string // what an element is
	kinds   func() []kindOf
	wrap    func(kind string, options any) any      // makes an element
	unwrap  func(element any) (kind string, of any) // takes it apart
}

// kindOf is one kind of a family.
type kindOf struct {
	Name, Help, Example string
	New                 func() any // a pointer to options that hold their defaults
}

// families are the lists of several kinds that the configuration has.
func families() []family { return []family{channelFamily(), probeFamily()} }

func familyOf(t reflect.Type) (family, bool) {
	for _, f := range families() {
		if f.element == t {
			return f, true
		}
	}
	return family{}, false
}

// make returns a new element of a kind and its options, false for a kind that
// is not known.
func (f family) make(kind string) (options any, ok bool) {
	for _, k := range f.kinds() {
		if k.Name == kind {
			return k.New(), true
		}
	}
	return nil, false
}

// kindSpec is one kind of a kindKinds list.
type kindSpec struct {
	kindOf
	what string
	made *spec
}

// section is what an element of the kind may hold, made when first needed.
func (k *kindSpec) section() *spec {
	if k.made == nil {
		k.made = sectionOf(reflect.ValueOf(k.New()).Elem(), "", false)
		word := &spec{key: kindKey, path: kindKey, kind: kindText, typ: textType, def: k.Name, tag: reflect.StructTag(`help:"what sort of ` + k.what + ` this is"`)}
		k.made.fields = append([]*spec{word}, k.made.fields...)
	}
	return k.made
}

// kinds lists the kinds of a kindKinds list.
func (s *spec) kinds() []*kindSpec {
	if s.sorts == nil {
		for _, k := range s.family.kinds() {
			s.sorts = append(s.sorts, &kindSpec{kindOf: k, what: s.family.what})
		}
	}
	return s.sorts
}

func (s *spec) kindNames() []string {
	var names []string
	for _, k := range s.kinds() {
		names = append(names, k.Name)
	}
	return names
}

// kindOf finds which section an element is. It returns nil when the element
// does not say, or says something unknown; both are reported.
func (w *walker) kindOf(s *spec, n *yaml.Node, path string, depth int) *spec {
	names := s.kindNames()
	value := lookUp(n, kindKey)
	if value == nil {
		if real := w.spend(n, depth); real == nil || isNull(real) {
			w.problem(n, path, "is empty; it needs a %s: %s", kindKey, orList(names))
		} else if real.Kind != yaml.MappingNode {
			w.problem(n, path, "expected a section with a %s, got %s", kindKey, vaguely(real))
		} else {
			w.problem(n, path, "has no %s; use %s", kindKey, orList(names))
		}
		return nil
	}
	for _, k := range s.kinds() {
		if k.Name == value.Value && value.Kind == yaml.ScalarNode {
			return k.section()
		}
	}
	if value.Kind != yaml.ScalarNode || !plainKey(value.Value) {
		w.problem(value, join(path, kindKey), "expected %s", orList(names))
	} else {
		w.problem(value, join(path, kindKey), "%s is not known; use %s%s", strconv.Quote(value.Value), orList(names), didYouMean(value.Value, names))
	}
	return nil
}

// lookUp finds a key's value in a mapping, through aliases and merge keys, and
// returns nil when it is not there.
func lookUp(n *yaml.Node, key string) *yaml.Node {
	budget := maxDepth * maxDepth // an alias can lead in circles
	return lookUpWithin(n, key, &budget)
}

func lookUpWithin(n *yaml.Node, key string, budget *int) *yaml.Node {
	n = dereferenced(n)
	if *budget--; n.Kind != yaml.MappingNode || *budget < 0 {
		return nil
	}
	var merged *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], dereferenced(n.Content[i+1])
		switch {
		case k.Value == key && k.Kind == yaml.ScalarNode:
			return v
		case k.ShortTag() == "!!merge" && v.Kind == yaml.MappingNode:
			merged = lookUpWithin(v, key, budget)
		case k.ShortTag() == "!!merge":
			for _, one := range v.Content {
				if merged == nil {
					merged = lookUpWithin(one, key, budget)
				}
			}
		}
	}
	return merged
}

// dereferenced follows an alias. An alias of an alias does not exist in YAML.
func dereferenced(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}
