package configs

import (
	"reflect"
	"strings"
	"time"

	"vitals/checks"
)

// kind is what may stand at a place of the configuration.
type kind uint8

const (
	kindText kind = iota
	kindSecret
	kindBool
	kindInt
	kindNumber
	kindDuration
	kindSize
	kindTexts   // a list of texts
	kindInts    // a list of whole numbers
	kindSection // keys of its own
	kindList    // a list of sections
	kindKinds   // a list of sections whose keys depend on their `kind`
)

// spec describes one place of the configuration: what may stand there, its
// default and its help. It is made from the option structs, so that reading,
// the environment, the schema, the reference and the default file agree.
type spec struct {
	key    string // the last part
	path   string // from the root, dotted; inside lists relative to the element
	kind   kind
	typ    reflect.Type // of the value the decoder wants
	def    any          // a leaf's default; nil when there is none
	tag    reflect.StructTag
	env    bool // reached by the environment: not inside a list
	common bool // one of the settings that every check has

	fields  []*spec // of a section, in order
	element *spec   // see elem
	family  family  // of kindKinds
	sorts   []*kindSpec
}

// help is one line for people.
func (s *spec) help() string { return s.tag.Get("help") }

// isPath tells whether a relative value is relative to where it was written.
func (s *spec) isPath() bool { return s.tag.Get("path") == "true" }

// isPlain tells whether numbers, true, false and null are taken as the text
// they are written as.
func (s *spec) isPlain() bool { return s.tag.Get("plain") == "true" }

// isAddress tells whether the secret is the address of a database.
func (s *spec) isAddress() bool { return s.tag.Get("address") == "database" }

// oneOf lists the only texts allowed, nil for any.
func (s *spec) oneOf() []string {
	if words := s.tag.Get("oneof"); words != "" {
		return strings.Split(words, ",")
	}
	return nil
}

// elem is the section that each element of a list is. It is made when it is
// first needed: most files have no lists.
func (s *spec) elem() *spec {
	if s.element == nil {
		v := reflect.New(s.typ.Elem()).Elem()
		if def := elementDefaults(v.Type()); def != nil {
			v.Set(reflect.ValueOf(def))
		}
		s.element = sectionOf(v, "", false)
	}
	return s.element
}

func (s *spec) field(key string) *spec {
	for _, f := range s.fields {
		if f.key == key {
			return f
		}
	}
	return nil
}

// keys are the words a section knows, the _file siblings of secrets included.
func (s *spec) keys() []string {
	var out []string
	for _, f := range s.fields {
		out = append(out, f.key)
		if f.kind == kindSecret {
			out = append(out, f.key+fileSuffix)
		}
	}
	return out
}

// leaves calls do for every leaf that is not inside a list.
func (s *spec) leaves(do func(*spec)) {
	for _, f := range s.fields {
		switch f.kind {
		case kindSection:
			f.leaves(do)
		case kindList, kindKinds:
		default:
			do(f)
		}
	}
}

// variable is the environment variable that sets a leaf.
func (s *spec) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

// rootSpec describes the whole file.
func rootSpec() *spec {
	root := sectionOf(reflect.ValueOf(Default()).Elem(), "", true)
	return root
}

// sectionOf describes a struct that holds its defaults.
func sectionOf(v reflect.Value, path string, env bool) *spec {
	s := &spec{path: path, key: path[strings.LastIndexByte(path, '.')+1:], kind: kindSection, typ: v.Type(), env: env}
	addFields(s, v)
	return s
}

func addFields(s *spec, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case strings.Contains(flags, "squash"):
			first := len(s.fields)
			addFields(s, v.Field(i))
			for _, added := range s.fields[first:] {
				added.common = added.common || f.Type == commonType
			}
		case !f.IsExported() || name == "" || name == "-":
		default:
			path := name
			if s.path != "" {
				path = s.path + "." + name
			}
			s.fields = append(s.fields, fieldSpec(f, v.Field(i), path, s.env))
		}
	}
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[checks.Secret]()
	commonType   = reflect.TypeFor[checks.Common]()
)

func fieldSpec(f reflect.StructField, v reflect.Value, path string, env bool) *spec {
	s := leafSpec(v.Type(), f.Tag)
	if s == nil { // a section or a list of them
		s = groupSpec(v, path, env)
	} else if def := reflect.Indirect(v); def.IsValid() {
		s.def = def.Interface()
	}
	s.path, s.key, s.env, s.tag = path, path[strings.LastIndexByte(path, '.')+1:], env, f.Tag
	return s
}

// leafSpec returns nil for what is not a leaf.
func leafSpec(t reflect.Type, tag reflect.StructTag) *spec {
	if t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Struct {
		t = t.Elem()
	}
	s := &spec{typ: t}
	switch {
	case t == durationType:
		s.kind = kindDuration
	case t == secretType:
		s.kind = kindSecret
	case t.Kind() == reflect.Int64 && tag.Get("unit") == "bytes":
		s.kind = kindSize
	case t.Kind() == reflect.String:
		s.kind = kindText
	case t.Kind() == reflect.Bool:
		s.kind = kindBool
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		s.kind = kindInt
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		s.kind = kindNumber
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		s.kind = kindTexts
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Int:
		s.kind = kindInts
	default:
		return nil
	}
	return s
}

func groupSpec(v reflect.Value, path string, env bool) *spec {
	t := v.Type()
	if t.Kind() != reflect.Slice {
		return sectionOf(reflect.Indirect(v), path, env)
	}
	if f, ok := familyOf(t.Elem()); ok {
		return &spec{kind: kindKinds, typ: t, family: f}
	}
	return &spec{kind: kindList, typ: t}
}
