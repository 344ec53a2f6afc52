package history

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"vitals/checks"
)

// same compares values as they are: NaN is NaN, and times are the same moment
// and offset.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a == b && math.Signbit(a) == math.Signbit(b) || math.IsNaN(a) && math.IsNaN(b))
	case time.Time:
		b, ok := b.(time.Time)
		if !ok {
			return false
		}
		_, offsetA := a.Zone()
		_, offsetB := b.Zone()
		return a.Equal(b) && offsetA == offsetB
	}
	return reflect.DeepEqual(a, b)
}

func TestLastGivesBackEveryValue(t *testing.T) {
	india := time.FixedZone("IST", 5*3600+1800)
	values := []struct {
		kind  checks.Kind
		value any
	}{
		{checks.KindText, ""}, {checks.KindText, "naïve <b>\x00\u2028\x1b[31m"}, {checks.KindText, "not \xff UTF-8"},
		{checks.KindText, "base64:looks packed"}, {checks.KindText, nil},
		{checks.KindInteger, int64(math.MaxInt64)}, {checks.KindInteger, int64(math.MinInt64)}, {checks.KindInteger, int64(1<<53 + 1)}, {checks.KindInteger, nil},
		{checks.KindNumber, 0.1}, {checks.KindNumber, 3.0}, {checks.KindNumber, math.NaN()}, {checks.KindNumber, math.Inf(1)}, {checks.KindNumber, math.Inf(-1)},
		{checks.KindNumber, math.Copysign(0, -1)}, {checks.KindNumber, math.SmallestNonzeroFloat64}, {checks.KindNumber, math.MaxFloat64},
		{checks.KindBytes, int64(45_200_000)}, {checks.KindBytes, nil},
		{checks.KindDuration, 1300 * time.Millisecond}, {checks.KindDuration, time.Duration(math.MinInt64)}, {checks.KindDuration, nil},
		{checks.KindPercent, 99.95}, {checks.KindPercent, nil},
		{checks.KindTime, time.Date(2026, 11, 23, 10, 0, 0, 123456789, india)}, {checks.KindTime, time.Time{}}, {checks.KindTime, time.Now()},
		{checks.KindTime, time.Date(-500, 1, 1, 0, 0, 0, 0, time.UTC)}, {checks.KindTime, nil},
		{checks.KindBool, true}, {checks.KindBool, false}, {checks.KindBool, nil},
		{checks.KindNumber, int64(3)}, // a check that is careless about its kinds
	}
	r := checks.Result{
		Check: "everything", Status: checks.Degraded, Critical: true, Summary: "it's \"odd\"", Hint: "look", Error: "reason",
		Started: time.Date(2026, 11, 23, 10, 0, 0, 123456789, india), Duration: 17*time.Millisecond + 1,
		FailedDependencies: []string{"database"},
		Samples: []checks.Sample{
			{Name: "nan", Value: math.NaN()},
			{Name: "labelled", Labels: map[string]string{"a": "1", "b": "\xfe"}, Value: math.Inf(-1), Time: time.Unix(1_800_000_000, 5)},
		},
	}
	table := checks.Table{Name: "all_kinds", Columns: []checks.Column{{Name: "value", Kind: checks.KindBytes}}}
	for i, v := range values {
		r.Facts = append(r.Facts, checks.Fact{Name: fmt.Sprintf("fact_%d", i), Kind: v.kind, Value: v.value})
		table.Add(v.value)
	}
	r.Facts[5] = r.Facts[5].Judged(80, math.Inf(1))
	r.Tables = []checks.Table{table, {Name: "empty", Columns: []checks.Column{}, Rows: [][]any{}}}

	db := open(t, Options{})
	record(t, db, r)
	got, err := db.Last(t.Context(), "everything")
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	compare(t, r, got[0])
}

// compare reports every difference between two results.
func compare(t *testing.T, want, got checks.Result) {
	t.Helper()
	if len(got.Facts) != len(want.Facts) || len(got.Tables) != len(want.Tables) || len(got.Samples) != len(want.Samples) {
		t.Fatalf("got %d facts, %d tables, %d samples", len(got.Facts), len(got.Tables), len(got.Samples))
	}
	for i, f := range want.Facts {
		g := got.Facts[i]
		if g.Name != f.Name || g.Kind != f.Kind || !same(f.Value, g.Value) || !reflect.DeepEqual(g.Limits, f.Limits) {
			t.Errorf("fact %#v came back as %#v", f, g)
		}
	}
	for i, table := range want.Tables {
		g := got.Tables[i]
		if g.Name != table.Name || !reflect.DeepEqual(g.Columns, table.Columns) || len(g.Rows) != len(table.Rows) || (g.Rows == nil) != (table.Rows == nil) {
			t.Fatalf("table %s came back as %#v", table.Name, g)
		}
		for j, row := range table.Rows {
			for k, v := range row {
				if !same(v, g.Rows[j][k]) {
					t.Errorf("table %s, row %d: %#v came back as %#v", table.Name, j, v, g.Rows[j][k])
				}
			}
		}
	}
	for i, s := range want.Samples {
		g := got.Samples[i]
		if g.Name != s.Name || !reflect.DeepEqual(g.Labels, s.Labels) || !same(s.Value, g.Value) || !same(s.Time, g.Time) {
			t.Errorf("sample %#v came back as %#v", s, g)
		}
	}
	if !same(want.Started, got.Started) {
		t.Errorf("started %v came back as %v", want.Started, got.Started)
	}
	want.Facts, want.Tables, want.Samples, want.Started = nil, nil, nil, time.Time{}
	got.Facts, got.Tables, got.Samples, got.Started = nil, nil, nil, time.Time{}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("the rest of %#v came back as %#v", want, got)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("database", "base64:", "\xff", int64(-1), 0.5, int64(1_800_000_000), 19800)
	f.Fuzz(func(t *testing.T, check, text, label string, n int64, x float64, seconds int64, offset int) {
		const year = 366 * 24 * 3600
		moment := time.Unix(seconds%(5000*year), n&0xfffff).In(time.FixedZone("", offset%(24*3600)))
		want := checks.Result{
			Check: check, Summary: text, Error: label, Started: moment, Duration: time.Duration(n), FailedDependencies: []string{text},
			Facts:   []checks.Fact{checks.Text(text, label), checks.Int(text, n), checks.Number(label, x).Judged(1, 2), checks.Time("t", moment)},
			Samples: []checks.Sample{{Name: check, Labels: map[string]string{text: label}, Value: x, Time: moment}},
		}
		encoded, err := encodeResult(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeResult(encoded)
		if err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		compare(t, want, got)
	})
}

// Whatever is in the file, reading it is an error at worst.
func FuzzDecode(f *testing.F) {
	f.Add(`{"check":"a","status":2,"started":{"t":[1,2,3]},"duration":{"d":1},"facts":[{"name":"x","kind":1,"value":{"f":"NaN"},"limits":[1]}]}`)
	f.Add(`{"started":{"t":[1,2]},"facts":[{"value":{}}]}`)
	f.Fuzz(func(t *testing.T, text string) { _, _ = decodeResult(text) })
}
