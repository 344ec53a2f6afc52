package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// suite is a whole file.
type suite struct {
	RuleFiles   []string `yaml:"rule_files"`
	Interval    duration `yaml:"evaluation_interval"`
	GroupOrder  []string `yaml:"group_eval_order"`
	Tests       []group  `yaml:"tests"`
	FuzzyFloats bool     `yaml:"fuzzy_compare"`
}

type group struct {
	Name           string            `yaml:"name"`
	Interval       duration          `yaml:"interval"`
	Input          []input           `yaml:"input_series"`
	Alerts         []alertTest       `yaml:"alert_rule_test"`
	Expressions    []expressionTest  `yaml:"promql_expr_test"`
	ExternalLabels map[string]string `yaml:"external_labels"`
	ExternalURL    string            `yaml:"external_url"`
	Start          moment            `yaml:"start_timestamp"`

	series []series
}

type input struct {
	Series text `yaml:"series"`
	Values text `yaml:"values"`
}

type alertTest struct {
	At    duration  `yaml:"eval_time"`
	Alert text      `yaml:"alertname"`
	Want  []anAlert `yaml:"exp_alerts"`
}

type anAlert struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

type expressionTest struct {
	At   duration `yaml:"eval_time"`
	Expr text     `yaml:"expr"`
	Want []sample `yaml:"exp_samples"`
}

type sample struct {
	Labels    text    `yaml:"labels"`
	Value     float64 `yaml:"value"`
	Histogram text    `yaml:"histogram"`
}

// text is a string that knows its line.
type text struct {
	value string
	line  int
}

func (t *text) UnmarshalYAML(n *yaml.Node) error {
	t.line = n.Line
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a text belongs here", n.Line)
	}
	t.value = n.Value
	return nil
}

// duration is written as in Prometheus, such as 1m30s; 0 may stand alone.
type duration struct {
	time.Duration
	line int
}

func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	d.line = n.Line
	if n.Kind == yaml.ScalarNode && n.Value == "" {
		return nil
	}
	v, err := model.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		return fmt.Errorf("line %d: %q is not a time: write it as in 30s, 5m or 1h30m", n.Line, n.Value)
	}
	d.Duration = time.Duration(v)
	return nil
}

// moment is RFC 3339 or Unix seconds.
type moment struct{ time.Time }

func (m *moment) UnmarshalYAML(n *yaml.Node) error {
	if seconds, err := strconv.ParseFloat(n.Value, 64); err == nil && seconds == seconds && seconds > -1e11 && seconds < 1e11 {
		m.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a moment: write it as in 2026-03-01T12:00:00Z, or in Unix seconds", n.Line, n.Value)
	}
	m.Time = t
	return nil
}

// parse reads a file and all that can be wrong with it before it runs.
func parse(file []byte, name string) (*suite, error) {
	f := &suite{}
	d := yaml.NewDecoder(bytes.NewReader(file))
	d.KnownFields(true)
	err := d.Decode(f)
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty: it needs tests", name)
	}
	if err != nil {
		return nil, errors.Join(plain(name, err)...)
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: only one document belongs into a file of tests", name)
	}
	if problems := f.complete(); len(problems) > 0 {
		var all []error
		for _, p := range problems {
			all = append(all, fmt.Errorf("%s:%s", name, p))
		}
		return nil, errors.Join(all...)
	}
	return f, nil
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	yamlUnknown = regexp.MustCompile(`field (\S+) not found in type \S+`)
	yamlType    = regexp.MustCompile("cannot unmarshal (!!\\w+)(?: (`.*`))? into .*")
	yamlKinds   = strings.NewReplacer("!!seq", "a list", "!!map", "keys and values", "!!str", "the text", "!!int", "the number", "!!float", "the number", "!!bool", "the word", "!!null", "nothing")
)

// plain words the library's errors with the file's name and the line.
func plain(name string, err error) []error {
	lines := []string{err.Error()}
	if list, ok := errors.AsType[*yaml.TypeError](err); ok {
		lines = list.Errors
	}
	var all []error
	for _, line := range lines {
		where := name + ": "
		if m := yamlLine.FindStringSubmatch(line); m != nil {
			where, line = name+":"+m[1]+": ", line[len(m[0]):]
		}
		line = strings.TrimPrefix(line, "yaml: ")
		line = yamlUnknown.ReplaceAllString(line, `the key "$1" is not known here`)
		line = yamlType.ReplaceAllStringFunc(line, func(s string) string {
			m := yamlType.FindStringSubmatch(s)
			return strings.TrimSpace(yamlKinds.Replace(m[1])+" "+m[2]) + " does not belong here"
		})
		all = append(all, errors.New(where+line))
	}
	return all
}

// notes tells what the file says and Vitals does not use.
func (f *suite) notes(name string) []string {
	var notes []string
	if len(f.RuleFiles) > 0 {
		notes = append(notes, name+": rule_files is not read: the tests run on the rules of Vitals' configuration")
	}
	for _, t := range f.Tests {
		if len(t.ExternalLabels) > 0 || t.ExternalURL != "" {
			return append(notes, name+": external_labels and external_url are not used: Vitals' annotations do not know them")
		}
	}
	return notes
}
