package history

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// decodeResult reads what encodeResult wrote.
func decodeResult(text string) (checks.Result, error) {
	var s storedResult
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return checks.Result{}, err
	}
	u := &unpacker{}
	r := checks.Result{
		Check: u.text(s.Check), Status: checks.Status(s.Status), Critical: s.Critical,
		Summary: u.text(s.Summary), Hint: u.text(s.Hint), Error: u.text(s.Error),
		Started: unpackAs[time.Time](u, s.Started), Duration: unpackAs[time.Duration](u, s.Duration),
		FailedDependencies: convert(s.Failed, u.text),
		Facts:              convert(s.Facts, u.fact), Tables: convert(s.Tables, u.table), Samples: convert(s.Samples, u.sample),
	}
	return r, u.err
}

// unpacker keeps the first error, so that reading a result is one expression.
type unpacker struct{ err error }

func (u *unpacker) fail(format string, args ...any) {
	if u.err == nil {
		u.err = fmt.Errorf(format, args...)
	}
}

func (u *unpacker) text(packed string) string {
	encoded, found := strings.CutPrefix(packed, base64Mark)
	if !found {
		return packed
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		u.fail("text %q: %w", packed, err)
	}
	return string(text)
}

func (u *unpacker) fact(s storedFact) checks.Fact {
	f := checks.Fact{Name: u.text(s.Name), Kind: checks.Kind(s.Kind), Value: u.value(s.Value)}
	switch len(s.Limits) {
	case 0:
	case 2:
		f.Limits = &checks.Limits{Degraded: unpackAs[float64](u, s.Limits[0]), Unhealthy: unpackAs[float64](u, s.Limits[1])}
	default:
		u.fail("fact %s has %d limits", f.Name, len(s.Limits))
	}
	return f
}

func (u *unpacker) table(s storedTable) checks.Table {
	return checks.Table{
		Name: u.text(s.Name),
		Columns: convert(s.Columns, func(c storedColumn) checks.Column {
			return checks.Column{Name: u.text(c.Name), Kind: checks.Kind(c.Kind)}
		}),
		Rows: convert(s.Rows, func(row []json.RawMessage) []any { return convert(row, u.value) }),
	}
}

func (u *unpacker) sample(s storedSample) checks.Sample {
	m := checks.Sample{Name: u.text(s.Name), Labels: convertLabels(s.Labels, u.text), Value: unpackAs[float64](u, s.Value)}
	if s.Time != nil {
		m.Time = unpackAs[time.Time](u, s.Time)
	}
	return m
}

// unpackAs reads a value that can only be of one type.
func unpackAs[T any](u *unpacker, raw json.RawMessage) T {
	value, ok := u.value(raw).(T)
	if !ok {
		u.fail("%s is not a %T", raw, value)
	}
	return value
}

// value reads what encodeValue wrote.
func (u *unpacker) value(raw json.RawMessage) any {
	text := string(raw)
	switch {
	case text == "null" || text == "":
		return nil
	case text == "true", text == "false":
		return text == "true"
	case text[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			u.fail("value %s: %w", text, err)
		}
		return u.text(s)
	case text[0] == '{':
		return u.tagged(raw)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		u.fail("value %s: %w", text, err)
	}
	return n
}

func (u *unpacker) tagged(raw json.RawMessage) any {
	var tag struct {
		Float    json.RawMessage `json:"f"`
		Duration *int64          `json:"d"`
		Time     []int64         `json:"t"`
	}
	err := json.Unmarshal(raw, &tag)
	switch {
	case err != nil:
	case tag.Float != nil:
		var f float64
		f, err = strconv.ParseFloat(strings.Trim(string(tag.Float), `"`), 64)
		if err == nil {
			return f
		}
	case tag.Duration != nil:
		return time.Duration(*tag.Duration)
	case len(tag.Time) == 3:
		return timeOf(tag.Time[0], tag.Time[1], int(tag.Time[2]))
	}
	u.fail("value %s is of no known type (%w)", raw, err)
	return nil
}

// timeOf gives the moment in the zone it was recorded in, as time.Parse does:
// UTC, the machine's own where the offset is the same, else a nameless one.
func timeOf(seconds, nanoseconds int64, offset int) time.Time {
	t := time.Unix(seconds, nanoseconds)
	if offset == 0 {
		return t.UTC()
	}
	if _, local := t.Zone(); local == offset {
		return t
	}
	return t.In(time.FixedZone("", offset))
}
