package history

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vitals/checks"
)

// The last result of each check is kept as JSON that gives back every type and
// bit of it. JSON alone has no NaN, no type beside a number and no bytes that
// are not UTF-8, so a value is written as
//
//	null  "text"  true  123  {"f":1.5}  {"f":"NaN"}  {"d":nanoseconds}  {"t":[Unix seconds, nanoseconds, offset]}
//
// and text that JSON cannot hold as "base64:…".

type storedResult struct {
	Check    string          `json:"check"`
	Status   uint8           `json:"status"`
	Critical bool            `json:"critical,omitzero"`
	Summary  string          `json:"summary"`
	Hint     string          `json:"hint,omitzero"`
	Error    string          `json:"error,omitzero"`
	Started  json.RawMessage `json:"started"`
	Duration json.RawMessage `json:"duration"`
	Failed   []string        `json:"failed_dependencies,omitzero"`
	Facts    []storedFact    `json:"facts,omitzero"`
	Tables   []storedTable   `json:"tables,omitzero"`
	Samples  []storedSample  `json:"samples,omitzero"`
}

type storedFact struct {
	Name   string            `json:"name"`
	Kind   uint8             `json:"kind"`
	Value  json.RawMessage   `json:"value"`
	Limits []json.RawMessage `json:"limits,omitzero"`
}

type storedTable struct {
	Name    string              `json:"name"`
	Columns []storedColumn      `json:"columns"`
	Rows    [][]json.RawMessage `json:"rows"`
}

type storedColumn struct {
	Name string `json:"name"`
	Kind uint8  `json:"kind"`
}

type storedSample struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitzero"`
	Value  json.RawMessage   `json:"value"`
	Time   json.RawMessage   `json:"time,omitzero"`
}

func encodeResult(r *checks.Result) (string, error) {
	s := storedResult{
		Check: pack(r.Check), Status: uint8(r.Status), Critical: r.Critical,
		Summary: pack(r.Summary), Hint: pack(r.Hint), Error: pack(r.Error),
		Started: encodeValue(r.Started), Duration: encodeValue(r.Duration),
		Failed: convert(r.FailedDependencies, pack),
		Facts:  convert(r.Facts, packFact), Tables: convert(r.Tables, packTable), Samples: convert(r.Samples, packSample),
	}
	text, err := json.Marshal(&s)
	return string(text), err
}

func packFact(f checks.Fact) storedFact {
	s := storedFact{Name: pack(f.Name), Kind: uint8(f.Kind), Value: encodeValue(f.Value)}
	if f.Limits != nil {
		s.Limits = []json.RawMessage{encodeValue(f.Limits.Degraded), encodeValue(f.Limits.Unhealthy)}
	}
	return s
}

func packTable(t checks.Table) storedTable {
	return storedTable{
		Name:    pack(t.Name),
		Columns: convert(t.Columns, func(c checks.Column) storedColumn { return storedColumn{pack(c.Name), uint8(c.Kind)} }),
		Rows:    convert(t.Rows, func(row []any) []json.RawMessage { return convert(row, encodeValue) }),
	}
}

func packSample(m checks.Sample) storedSample {
	s := storedSample{Name: pack(m.Name), Labels: convertLabels(m.Labels, pack), Value: encodeValue(m.Value)}
	if !m.Time.IsZero() {
		s.Time = encodeValue(m.Time)
	}
	return s
}

// encodeValue writes a value of a fact or a table's cell. One of a type that
// no kind has becomes its text.
func encodeValue(value any) json.RawMessage {
	switch v := value.(type) {
	case nil:
		return json.RawMessage("null")
	case string:
		return quote(pack(v))
	case bool:
		return strconv.AppendBool(nil, v)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case int:
		return strconv.AppendInt(nil, int64(v), 10)
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			text = `"` + text + `"`
		}
		return json.RawMessage(`{"f":` + text + `}`)
	case time.Duration:
		return fmt.Appendf(nil, `{"d":%d}`, int64(v))
	case time.Time:
		_, offset := v.Zone()
		return fmt.Appendf(nil, `{"t":[%d,%d,%d]}`, v.Unix(), v.Nanosecond(), offset)
	}
	return quote(pack(fmt.Sprint(value)))
}

func quote(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil { // a string always has a JSON form
		return json.RawMessage("null")
	}
	return quoted
}

const base64Mark = "base64:"

// pack makes any text one that JSON can hold.
func pack(text string) string {
	if utf8.ValidString(text) && !strings.HasPrefix(text, base64Mark) {
		return text
	}
	return base64Mark + base64.StdEncoding.EncodeToString([]byte(text))
}

// convert keeps nil and empty apart.
func convert[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

func convertLabels(labels map[string]string, f func(string) string) map[string]string {
	if labels == nil {
		return nil
	}
	out := make(map[string]string, len(labels))
	for name, value := range labels {
		out[f(name)] = f(value)
	}
	return out
}
