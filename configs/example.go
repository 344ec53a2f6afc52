package configs

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

const exampleHead = `# The configuration of Vitals, with every key and its default. Take out the "#"
# before a key to set it; what stays as it is needs no line here.
#
# Also read: "vitals init" writes a shorter file from what it finds on this
# machine, "vitals config check" tells all that is wrong with one, and "vitals
# config show" what is in force and where it comes from.
#
# A file is looked for as --config FILE, $VITALS_CONFIG, ./vitals.yaml,
# ~/.config/vitals/vitals.yaml and /etc/vitals/vitals.yaml; the first one counts.
# Every key that is not inside a list can also be set in the environment, which
# then counts: database.url is VITALS_DATABASE_URL. DATABASE_URL and REDIS_URL
# are understood too.
#
# Durations have units: 500ms, 30s, 5m, 1h30m, 30d, 2w. Sizes too: 10MB (decimal),
# 10MiB (binary). A secret can be in a file of its own: url_file in place of url.
# Relative paths are relative to this file. Keys at the top that begin with "x-"
# are free, for YAML anchors.
`

// WriteExample writes the commented default file: every key with its default
// and its help. It is made from the same structs that reading uses, and loads
// as it is.
func WriteExample(w io.Writer) error {
	e := &exampler{}
	e.text.WriteString(exampleHead)
	for _, f := range rootSpec().fields {
		if !f.isGroup() {
			fmt.Fprintf(&e.text, "\n# %s\n#%s: %s\n", sentence(f.help()), f.key, f.exampleValue())
			continue
		}
		fmt.Fprintf(&e.text, "\n# %s\n%s:\n", sentence(f.help()), f.key)
		e.group(f)
	}
	_, err := io.WriteString(w, e.text.String())
	return err
}

// exampler writes keys, each on a line with its help behind it.
type exampler struct{ text strings.Builder }

// helpColumn is where help begins, if the key and its value leave room.
const helpColumn = 38

func (e *exampler) line(text, help string) {
	e.text.WriteString(text)
	if help != "" {
		fmt.Fprintf(&e.text, "%s  # %s", strings.Repeat(" ", max(0, helpColumn-len(text))), help)
	}
	e.text.WriteString("\n")
}

func (e *exampler) group(s *spec) {
	switch {
	case s.kind == kindSection:
		e.section(s, "  ")
	case s.kind == kindList:
		e.element(s.elem(), "  #", "- ")
	default:
		for i, k := range s.kinds() {
			if i > 0 {
				e.text.WriteString("\n")
			}
			e.kind(k)
		}
	}
}

// section writes a section with its keys commented and its own sections not,
// so that a single "#" taken out is enough.
func (e *exampler) section(s *spec, indent string) {
	for _, f := range s.fields {
		if f.path == "database.name" || f.path == "redis.name" {
			continue // only those in lists have one
		}
		if f.kind == kindSection {
			e.line(indent+f.key+":", f.help())
			e.section(f, indent+"  ")
		} else {
			e.field(f, indent+"#", "")
		}
	}
}

// kind writes one kind of a list: an example, then all its keys.
func (e *exampler) kind(k *kindSpec) {
	fmt.Fprintf(&e.text, "  # %s: %s\n", k.Name, sentence(k.Help))
	for line := range strings.Lines(strings.TrimSpace(k.Example)) {
		e.line("  #"+strings.TrimRight(line, "\n"), "")
	}
	fmt.Fprintf(&e.text, "  # All keys of %s, with their defaults:\n", k.Name)
	e.element(k.section(), "  #", "- ")
}

// element writes an element of a list. Everything of it is commented; the dash
// stands behind the "#". The keys that every check has are named only.
func (e *exampler) element(s *spec, prefix, dash string) {
	var common []string
	for _, f := range s.fields {
		if f.common && f.isZero() {
			common = append(common, f.key)
			continue
		}
		e.field(f, prefix, dash)
		dash = strings.Repeat(" ", len(dash))
	}
	if common != nil {
		e.line(prefix+dash+"# and "+strings.Join(common, ", "), "")
	}
}

// field writes one commented key.
func (e *exampler) field(f *spec, prefix, dash string) {
	switch f.kind {
	case kindSection:
		e.line(prefix+dash+f.key+":", f.help())
		e.element(f, prefix+strings.Repeat(" ", len(dash))+"  ", "")
	case kindList:
		e.line(prefix+dash+f.key+":", f.help())
		e.element(f.elem(), prefix+strings.Repeat(" ", len(dash)), "- ")
	default:
		e.line(prefix+dash+f.key+": "+f.exampleValue(), f.help())
		if f.kind == kindSecret {
			e.line(prefix+strings.Repeat(" ", len(dash))+f.key+fileSuffix+`: ""`, "file that holds it, in place of "+f.key)
		}
	}
}

func (s *spec) isGroup() bool {
	return s.kind == kindSection || s.kind == kindList || s.kind == kindKinds
}

// isZero tells whether the default is what the type has anyway.
func (s *spec) isZero() bool {
	v := reflect.ValueOf(s.def)
	return !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

func (s *spec) exampleValue() string {
	if s.def == nil {
		return ""
	}
	return s.yaml(s.def)
}

// sentence makes a help text one: a capital at its beginning, a full stop at
// its end.
func sentence(help string) string {
	if help == "" {
		return ""
	}
	return strings.ToUpper(help[:1]) + help[1:] + "."
}
