package alerting

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Matcher compares one label. A missing label counts as empty, as in
// Prometheus.
type Matcher struct {
	Name  string `json:"name"`
	Op    string `json:"op"` // =, !=, =~ or !~
	Value string `json:"value"`
}

// Matches tells whether the labels satisfy the matcher. A regular expression
// is anchored at both ends; one that does not compile matches nothing.
func (m Matcher) Matches(labels map[string]string) bool {
	have := labels[m.Name]
	switch m.Op {
	case "=":
		return have == m.Value
	case "!=":
		return have != m.Value
	}
	re, err := m.regexp()
	if err != nil {
		return false
	}
	return re.MatchString(have) == (m.Op == "=~")
}

func (m Matcher) regexp() (*regexp.Regexp, error) { return regexp.Compile("^(?:" + m.Value + ")$") }

// String writes the matcher as it is typed: severity="critical".
func (m Matcher) String() string { return fmt.Sprintf("%s%s%q", m.Name, m.Op, m.Value) }

var matcherShape = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$`)

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// IsLabelName tells whether a word can name a label, or a rule.
func IsLabelName(word string) bool { return labelName.MatchString(word) }

// ParseMatcher reads name=value, name!=value, name=~regexp or name!~regexp;
// the value may stand in double quotes. A bare word is a rule's name.
func ParseMatcher(text string) (Matcher, error) {
	parts := matcherShape.FindStringSubmatch(text)
	if parts == nil {
		if word := strings.TrimSpace(text); word != "" && !strings.ContainsAny(word, "=!~\"{}") {
			return Matcher{Name: "alertname", Op: "=", Value: word}, nil
		}
		return Matcher{}, fmt.Errorf("%q is no matcher: write name=value, name!=value, name=~pattern or a rule's name", text)
	}
	m := Matcher{Name: parts[1], Op: parts[2], Value: parts[3]}
	if len(m.Value) >= 2 && m.Value[0] == '"' && m.Value[len(m.Value)-1] == '"' {
		m.Value = strings.ReplaceAll(m.Value[1:len(m.Value)-1], `\"`, `"`)
	}
	if m.Op == "=~" || m.Op == "!~" {
		if _, err := m.regexp(); err != nil {
			return Matcher{}, fmt.Errorf("%q: the pattern cannot be read: %w", text, err)
		}
	}
	return m, nil
}

// MatchAll tells whether all matchers hold. None match nothing: a silence
// without matchers must not quieten everything.
func MatchAll(matchers []Matcher, labels map[string]string) bool {
	for _, m := range matchers {
		if !m.Matches(labels) {
			return false
		}
	}
	return len(matchers) > 0
}

// Silence keeps alerts from being sent for a while. They are still evaluated,
// shown and written down.
type Silence struct {
	ID       string
	Matchers []Matcher
	From     time.Time
	Until    time.Time
	By       string // who
	Why      string
}

// Validate tells what keeps a silence from being used.
func (s Silence) Validate() error {
	switch {
	case len(s.Matchers) == 0:
		return errors.New("a silence needs at least one matcher, such as alertname=high_error_rate")
	case !s.Until.After(s.From):
		return errors.New("a silence must end after it begins")
	case s.By == "":
		return errors.New("a silence needs to say who made it (--by)")
	}
	return nil
}

// Silenced returns the first silence that covers the labels at a moment, or
// false.
func Silenced(silences []Silence, labels map[string]string, at time.Time) (Silence, bool) {
	for _, s := range silences {
		if !at.Before(s.From) && at.Before(s.Until) && MatchAll(s.Matchers, labels) {
			return s, true
		}
	}
	return Silence{}, false
}
