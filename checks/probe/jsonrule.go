package probe

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// jsonRule is a JSONRule, ready to use.
type jsonRule struct {
	JSONRule
	steps   []step
	pattern *regexp.Regexp // nil for none
}

func (o JSONRule) compile() (jsonRule, bool) {
	steps, err := parsePath(o.Path)
	if err != nil {
		return jsonRule{}, false
	}
	r := jsonRule{JSONRule: o, steps: steps}
	if o.Matches != "" {
		if r.pattern, err = regexp.Compile(o.Matches); err != nil {
			return jsonRule{}, false
		}
	}
	return r, true
}

// judge tells what is wrong with the value in a document, "" for nothing. A
// rule that expects nothing further expects the value to be there.
func (r *jsonRule) judge(document any) string {
	value, missing := walk(document, r.steps)
	if missing != "" {
		return missing
	}
	if r.Equals != nil && !equalJSON(value, *r.Equals) {
		return fmt.Sprintf("%s is %s, expected %s", r.Path, shownJSON(value), cut(*r.Equals))
	}
	if r.pattern != nil && !r.pattern.MatchString(textOf(value)) {
		return fmt.Sprintf("%s is %s, which does not match %q", r.Path, shownJSON(value), r.pattern)
	}
	if r.Min == nil && r.Max == nil {
		return ""
	}
	number, ok := value.(json.Number)
	if !ok {
		return fmt.Sprintf("%s is %s, which is not a number", r.Path, shownJSON(value))
	}
	f, err := number.Float64()
	switch {
	case err != nil:
		return fmt.Sprintf("%s is %s, which is out of range", r.Path, shownJSON(value))
	case r.Min != nil && f < *r.Min:
		return fmt.Sprintf("%s is %s, below %g", r.Path, shownJSON(value), *r.Min)
	case r.Max != nil && f > *r.Max:
		return fmt.Sprintf("%s is %s, above %g", r.Path, shownJSON(value), *r.Max)
	}
	return ""
}

// equalJSON compares a value with a text of the configuration: a text by its
// letters, a number by its value, and anything else as JSON.
func equalJSON(value any, want string) bool {
	if text, ok := value.(string); ok {
		return text == want
	}
	if number, ok := value.(json.Number); ok {
		return equalNumber(number.String(), strings.TrimSpace(want))
	}
	expected, err := readJSON([]byte(want))
	return err == nil && reflect.DeepEqual(value, expected)
}

// equalNumber compares whole numbers by their digits, since those beyond 2^53
// do not fit a float64.
func equalNumber(a, b string) bool {
	if a == b {
		return true
	}
	_, aErr := strconv.ParseInt(a, 10, 64)
	_, bErr := strconv.ParseInt(b, 10, 64)
	if aErr == nil && bErr == nil {
		return false
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && x == y
}

// textOf is a value as a regular expression sees it: a text without quotes.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}

// shownJSON shows a value within a sentence.
func shownJSON(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case string:
		return strconv.Quote(cut(v))
	}
	return cut(textOf(value))
}

// cut shortens a text that stands within a sentence.
func cut(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
