package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// HumanValue writes a value for people: 45.2 MB, 1.3 s, 80.1 %, and — for what
// could not be measured. Text is cleaned.
func HumanValue(kind checks.Kind, value any, loc *time.Location) string {
	if value == nil {
		return "—"
	}
	switch v := value.(type) {
	case string:
		return Clean(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case time.Time:
		return humanTime(v, loc)
	case time.Duration:
		return HumanDuration(v)
	case int64:
		if kind == checks.KindBytes {
			return checks.BytesText(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		if kind == checks.KindPercent {
			return humanNumber(v, 1) + " %"
		}
		return humanNumber(v, 2)
	}
	return Clean(fmt.Sprint(value))
}

func humanTime(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return "never"
	}
	if loc == nil {
		loc = time.Local
	}
	return t.In(loc).Format("2006-01-02 15:04:05")
}

// humanNumber keeps a few decimals and no trailing zeros.
func humanNumber(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// HumanDuration writes a length of time with two units at most: 850 µs, 12 ms,
// 1.3 s, 2 min 5 s, 3 d 4 h.
func HumanDuration(d time.Duration) string {
	switch abs := d.Abs(); {
	case abs == 0:
		return "0 s"
	case d < 0:
		return "-" + HumanDuration(abs)
	case abs < time.Microsecond:
		return strconv.FormatInt(int64(d), 10) + " ns"
	case abs < time.Millisecond-time.Microsecond/2: // what rounds up to a whole next unit is written in that
		return humanNumber(float64(d)/1e3, 0) + " µs"
	case abs < 10*time.Millisecond:
		return humanNumber(float64(d)/1e6, 1) + " ms"
	case abs < time.Second-time.Millisecond/2:
		return humanNumber(float64(d)/1e6, 0) + " ms"
	case abs < time.Minute-50*time.Millisecond:
		return humanNumber(d.Seconds(), 1) + " s"
	}
	return twoUnits(d.Round(time.Second))
}

func twoUnits(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.size, u.name)
		if rest := d % u.size; i+1 < len(units) && rest >= units[i+1].size {
			text += fmt.Sprintf(" %d %s", rest/units[i+1].size, units[i+1].name)
		}
		return text
	}
	return "0 s"
}

// label turns a fact's name into words: connection_test → connection test.
func label(name string) string { return Clean(strings.ReplaceAll(name, "_", " ")) }

// bareValue is a value for programs that read text: base units, RFC 3339, an
// empty text for what could not be measured.
func bareValue(value any, loc *time.Location) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return Clean(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(loc).Truncate(time.Millisecond).Format(time.RFC3339Nano)
	}
	if f, ok := checks.Float(value); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return numberText(f)
	}
	return ""
}
