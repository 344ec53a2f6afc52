package report

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"vitals/checks"
)

// writeYAML prints the same as writeJSON, in the same order.
func writeYAML(w io.Writer, doc Document, v View) error {
	return encodeYAML(w, documentObject(doc), v.location())
}

func listYAML(w io.Writer, t checks.Table, v View) error {
	return encodeYAML(w, listObject(t), v.location())
}

func encodeYAML(w io.Writer, value any, loc *time.Location) error {
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(yamlNode(value, loc)); err != nil {
		return err
	}
	return e.Close()
}

func yamlNode(value any, loc *time.Location) *yaml.Node {
	switch v := value.(type) {
	case object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, m := range v {
			n.Content = append(n.Content, yamlText(m.key), yamlNode(m.value, loc))
		}
		return n
	case array:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range v {
			n.Content = append(n.Content, yamlNode(e, loc))
		}
		return n
	case string:
		return yamlText(v)
	case bool:
		return yamlScalar("!!bool", strconv.FormatBool(v))
	case int64:
		return yamlScalar("!!int", strconv.FormatInt(v, 10))
	case time.Time:
		if v.IsZero() {
			return yamlScalar("!!null", "null")
		}
		return yamlText(bareValue(v, loc))
	}
	if f, ok := checks.Float(value); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		text := numberText(f)
		if strings.ContainsAny(text, ".e") {
			return yamlScalar("!!float", text)
		}
		return yamlScalar("!!int", text)
	}
	return yamlScalar("!!null", "null")
}

func yamlScalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// yamlText lets the library decide where quotes are needed.
func yamlText(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(Clean(s))
	return n
}
