package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"vitals/checks"
)

// object is a JSON object that keeps the order of its keys. Values are nil,
// bool, string, number, time.Time, time.Duration (seconds), object or array.
type object []member

type member struct {
	key   string
	value any
}

type array []any

// writeJSON prints the document of the contract, section 12.
func writeJSON(w io.Writer, doc Document, v View) error {
	return encode(w, documentObject(doc), v.location())
}

// listJSON prints an object with schema_version and one array named after the
// thing.
func listJSON(w io.Writer, t checks.Table, v View) error {
	return encode(w, listObject(t), v.location())
}

func listObject(t checks.Table) object {
	return object{{"schema_version", int64(SchemaVersion)}, {t.Name, rowsOf(t)}}
}

func documentObject(doc Document) object {
	results := make(array, len(doc.Results))
	for i, r := range doc.Results {
		results[i] = resultObject(r)
	}
	return object{
		{"schema_version", int64(SchemaVersion)},
		{"status", doc.Status.String()},
		{"timestamp", doc.Timestamp},
		{"duration_seconds", doc.Duration},
		{"results", results},
	}
}

func resultObject(r checks.Result) object {
	facts := make(object, 0, len(r.Facts))
	for _, f := range r.Facts {
		facts = append(facts, member{f.Key(), f.Value})
	}
	tables := make(array, len(r.Tables))
	for i, t := range r.Tables {
		tables[i] = object{{"name", t.Name}, {"rows", rowsOf(t)}}
	}
	keepApart(facts)
	o := object{
		{"check", r.Check}, {"status", r.Status.String()}, {"critical", r.Critical}, {"summary", r.Summary},
		{"started", r.Started}, {"duration_seconds", r.Duration},
		{"facts", facts}, {"tables", tables}, {"error", orNull(r.Error)},
	}
	if r.Hint != "" {
		o = append(o, member{"hint", r.Hint})
	}
	if len(r.FailedDependencies) > 0 {
		failed := make(array, len(r.FailedDependencies))
		for i, name := range r.FailedDependencies {
			failed[i] = name
		}
		o = append(o, member{"failed_dependencies", failed})
	}
	return o
}

func rowsOf(t checks.Table) array {
	keys := columnKeys(t)
	rows := make(array, len(t.Rows))
	for i, row := range t.Rows {
		o := make(object, len(t.Columns))
		for j, key := range keys {
			o[j] = member{key, at(row, j)}
		}
		rows[i] = o
	}
	return rows
}

func columnKeys(t checks.Table) []string {
	o := make(object, len(t.Columns))
	for i, c := range t.Columns {
		o[i].key = c.Key()
	}
	keepApart(o)
	keys := make([]string, len(o))
	for i, m := range o {
		keys[i] = m.key
	}
	return keys
}

// keepApart puts a number behind keys that stand in an object already: a
// plugin's "size" in bytes and its "size_bytes" without a unit meet in one key,
// and of two with one key readers keep one or refuse both.
func keepApart(o object) {
	seen := make(map[string]bool, len(o))
	for i := range o {
		key := Clean(o[i].key)
		free := key
		for n := 2; seen[free]; n++ {
			free = key + "_" + strconv.Itoa(n)
		}
		seen[free] = true
		o[i].key = free
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// encode writes an ordered value, indented by two spaces, with a line break at
// the end.
func encode(w io.Writer, value any, loc *time.Location) error {
	var b bytes.Buffer
	encodeValue(&b, value, loc, "\n")
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// encodeValue appends a value; newline is the line break and indentation of
// the line it begins on.
func encodeValue(b *bytes.Buffer, value any, loc *time.Location, newline string) {
	switch v := value.(type) {
	case object:
		encodeObject(b, v, loc, newline)
	case array:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		for i, e := range v {
			b.WriteByte("[,"[min(i, 1)])
			b.WriteString(newline + "  ")
			encodeValue(b, e, loc, newline+"  ")
		}
		b.WriteString(newline + "]")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		encodeString(b, Clean(v))
	case time.Time:
		encodeTime(b, v, loc)
	default:
		encodeNumber(b, v)
	}
}

func encodeObject(b *bytes.Buffer, o object, loc *time.Location, newline string) {
	if len(o) == 0 {
		b.WriteString("{}")
		return
	}
	for i, m := range o {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(newline + "  ")
		encodeString(b, Clean(m.key))
		b.WriteString(": ")
		encodeValue(b, m.value, loc, newline+"  ")
	}
	b.WriteString(newline + "}")
}

func encodeString(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)         // a text can always be encoded
	b.Truncate(b.Len() - 1) // Encode ends with a line break
}

// encodeTime writes RFC 3339; a time that was never set is null.
func encodeTime(b *bytes.Buffer, t time.Time, loc *time.Location) {
	if t.IsZero() {
		b.WriteString("null")
		return
	}
	b.WriteString(strconv.Quote(t.In(loc).Truncate(time.Millisecond).Format(time.RFC3339Nano)))
}

// encodeNumber writes a number, and null for what JSON has no word for.
func encodeNumber(b *bytes.Buffer, value any) {
	if n, ok := value.(int64); ok {
		b.WriteString(strconv.FormatInt(n, 10))
		return
	}
	f, ok := checks.Float(value)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		b.WriteString("null")
		return
	}
	b.WriteString(numberText(f))
}

// numberText writes a finite number, without an exponent unless it would be
// longer than anybody reads.
func numberText(f float64) string {
	if f == 0 || math.Abs(f) >= 1e-9 && math.Abs(f) < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
