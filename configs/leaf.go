package configs

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The tags of YAML's own kinds of scalar.
const (
	tagText = "!!str"
	tagInt  = "!!int"
	tagReal = "!!float"
	tagBool = "!!bool"
	tagNull = "!!null"
	tagTime = "!!timestamp"
)

// scalarValue reads a YAML scalar as the kind wants it. The returned text is
// "" or what is wrong; it never quotes a secret.
func (s *spec) scalarValue(n *yaml.Node) (any, string) {
	tag := n.ShortTag()
	switch s.kind {
	case kindText, kindSecret:
		if tag != tagText && tag != tagTime && !s.isPlain() {
			return nil, s.notText(n)
		}
		return s.textValue(n.Value)
	case kindBool:
		if tag != tagBool {
			return nil, "expected true or false, got " + shown(n)
		}
		return n.Value[0] == 't' || n.Value[0] == 'T', ""
	case kindInt:
		if tag != tagInt {
			return nil, "expected a whole number, got " + shown(n)
		}
		var i int64
		if n.Decode(&i) != nil {
			return nil, fmt.Sprintf("%s is out of range", n.Value)
		}
		return s.intValue(i)
	case kindNumber:
		var f float64
		if tag != tagInt && tag != tagReal || n.Decode(&f) != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, "expected a number, got " + shown(n)
		}
		return f, ""
	case kindDuration, kindSize:
		if tag == tagBool {
			return nil, fmt.Sprintf("expected %s, got %s", s.expected(), shown(n))
		}
		return s.textValue(n.Value)
	}
	return nil, fmt.Sprintf("expected %s, got %s", s.expected(), shown(n))
}

// textValue reads a leaf from text: from the environment, a flag, or a scalar
// whose form YAML knows nothing of.
func (s *spec) textValue(text string) (any, string) {
	switch s.kind {
	case kindText:
		if words := s.oneOf(); words != nil && !slices.Contains(words, text) {
			return nil, fmt.Sprintf("%q is not known; use %s%s", text, orList(words), didYouMean(text, words))
		}
		return text, ""
	case kindSecret:
		return text, ""
	case kindBool:
		if text != "true" && text != "false" {
			return nil, fmt.Sprintf("expected true or false, got %q", text)
		}
		return text == "true", ""
	case kindInt:
		i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, fmt.Sprintf("expected a whole number, got %q", text)
		}
		return s.intValue(i)
	case kindNumber:
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Sprintf("expected a number, got %q", text)
		}
		return f, ""
	case kindDuration:
		d, err := ParseDuration(text)
		if err != nil {
			return nil, err.Error()
		}
		return d, ""
	case kindSize:
		n, err := ParseSize(text)
		if err != nil {
			return nil, err.Error()
		}
		return n, ""
	}
	return s.listValue(text)
}

// listValue reads a comma-separated list.
func (s *spec) listValue(text string) (any, string) {
	texts, ints := []string{}, []int{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		texts = append(texts, part)
		if s.kind == kindInts {
			i, err := strconv.Atoi(part)
			if err != nil {
				return nil, fmt.Sprintf("expected whole numbers with commas between them, got %q", text)
			}
			ints = append(ints, i)
		}
	}
	if s.kind == kindInts {
		return ints, ""
	}
	return texts, ""
}

func (s *spec) intValue(i int64) (any, string) {
	v := reflect.New(s.typ).Elem()
	switch {
	case v.CanInt() && !v.OverflowInt(i):
		v.SetInt(i)
	case v.CanUint() && i >= 0 && !v.OverflowUint(uint64(i)):
		v.SetUint(uint64(i))
	default:
		return nil, fmt.Sprintf("%d is out of range", i)
	}
	return v.Interface(), ""
}

// flagValue takes what a flag holds: the value itself, or its text.
func (s *spec) flagValue(value any) (any, string) {
	if text, ok := value.(string); ok {
		return s.textValue(text)
	}
	if v := reflect.ValueOf(value); v.IsValid() && v.Type().ConvertibleTo(s.typ) && v.Kind() == s.typ.Kind() {
		return v.Convert(s.typ).Interface(), ""
	}
	return nil, "expected " + s.expected()
}

// notText explains why a scalar is no text: YAML took it for something else.
func (s *spec) notText(n *yaml.Node) string {
	if s.kind == kindSecret {
		return "expected a text; put the value in quotes"
	}
	return fmt.Sprintf("expected a text, got %s; write %q in quotes", shown(n), n.Value)
}

// expected names what a place wants.
func (s *spec) expected() string {
	switch s.kind {
	case kindBool:
		return "true or false"
	case kindInt:
		return "a whole number"
	case kindNumber:
		return "a number"
	case kindDuration:
		return durationExamples
	case kindSize:
		return sizeExamples
	case kindTexts:
		return "a list of texts"
	case kindInts:
		return "a list of whole numbers"
	case kindSection:
		return "a section (lines of \"key: value\")"
	case kindList, kindKinds:
		return "a list (lines that begin with \"- \")"
	}
	return "a text"
}

// shown describes a node without revealing more of it than a short word.
func shown(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == tagText && len(n.Value) > 60:
		return "a long text"
	case n.ShortTag() == tagText:
		return strconv.Quote(n.Value)
	}
	return n.Value
}

// text writes a value of the kind as it would stand in the file, unquoted.
func (s *spec) text(value any) string {
	switch v := value.(type) {
	case time.Duration:
		return FormatDuration(v)
	case int64:
		if s.kind == kindSize {
			return FormatSize(v)
		}
	case []string:
		return strings.Join(v, ",")
	}
	return fmt.Sprint(value)
}
