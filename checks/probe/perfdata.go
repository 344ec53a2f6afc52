package probe

import (
	"math"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// measure is one value of a plugin's performance data:
// 'label'=value[unit];[warn];[crit];[min];[max].
type measure struct {
	label    string
	value    float64
	unit     string
	unknown  bool // the plugin says "U": it could not be measured
	warn     float64
	critical float64
	limited  bool // warn and critical are simple upper bounds
}

// parsePerfdata reads performance data. What is not of its form is passed
// over, up to the next space: half of what a plugin tells is better than
// nothing.
func parsePerfdata(text string) []measure {
	var all []measure
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return all
		}
		label, rest, ok := parseLabel(text)
		end := strings.IndexAny(rest, " \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		if m, good := parseMeasure(label, rest[:end]); ok && good {
			all = append(all, m)
		}
		text = rest[end:]
	}
}

// parseLabel reads up to the "=". A label in single quotes may hold spaces and
// "=", and a quote of its own doubled. When there is no label, rest is what to
// pass over.
func parseLabel(text string) (label, rest string, ok bool) {
	if text[0] != '\'' {
		end := strings.IndexAny(text, "= \t\r\n")
		if end <= 0 || text[end] != '=' {
			return "", text, false
		}
		return text[:end], text[end+1:], true
	}
	var name strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			name.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '\'':
			name.WriteByte('\'')
			i++
		case i+1 < len(text) && text[i+1] == '=' && name.Len() > 0:
			return name.String(), text[i+2:], true
		default:
			return "", text[i+1:], false
		}
	}
	return "", "", false
}

func parseMeasure(label, text string) (measure, bool) {
	parts := strings.Split(text, ";")
	m := measure{label: label}
	if parts[0] == "U" {
		m.unknown = true
		return m, true
	}
	end := len(parts[0]) - len(strings.TrimLeft(parts[0], "+-.,0123456789"))
	// An exponent belongs to the number: 1e+06B.
	if tail := parts[0][end:]; len(tail) > 1 && (tail[0] == 'e' || tail[0] == 'E') {
		if n := len(tail) - len(strings.TrimLeft(tail[1:], "+-0123456789")); n > 1 {
			end += n
		}
	}
	value, ok := number(parts[0][:end])
	if !ok {
		return measure{}, false
	}
	m.value, m.unit = value, strings.TrimSpace(parts[0][end:])
	if len(parts) > 2 {
		var warned, failing bool
		m.warn, warned = upperBound(parts[1])
		m.critical, failing = upperBound(parts[2])
		m.limited = warned && failing
	}
	return m, true
}

// number reads a number; plugins that do not set their locale write a comma.
func number(text string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// upperBound reads a range that only has an upper end: 10, 0:10 or ~:10.
func upperBound(text string) (float64, bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "0:"), "~:")
	if text == "" {
		return 0, false
	}
	return number(text)
}

// unitOfMeasure tells what a plugin's unit means and how many base units one
// of it is. Plugins write prefixes of bytes in powers of 1024, as the
// guidelines' own examples do.
func unitOfMeasure(unit string) (checks.Kind, float64) {
	switch unit {
	case "s":
		return checks.KindDuration, 1
	case "ms":
		return checks.KindDuration, 1e-3
	case "us", "µs":
		return checks.KindDuration, 1e-6
	case "ns":
		return checks.KindDuration, 1e-9
	case "%":
		return checks.KindPercent, 1
	case "c":
		return checks.KindInteger, 1
	}
	for i, prefix := range []string{"", "K", "M", "G", "T", "P"} {
		if unit == prefix+"B" || unit == prefix+"iB" && i > 0 || unit == "kB" && i == 1 {
			return checks.KindBytes, math.Pow(1024, float64(i))
		}
	}
	return checks.KindNumber, 1
}

// fact makes a fact in base units. A value beyond what its kind can hold stays
// a bare number.
func (m measure) fact() checks.Fact {
	kind, factor := unitOfMeasure(m.unit)
	name := snake(m.label)
	value := m.value * factor
	if m.unknown || math.IsInf(value, 0) {
		return checks.Unmeasured(name, checks.KindNumber)
	}
	var f checks.Fact
	switch {
	case math.Abs(value) >= math.MaxInt64 || kind == checks.KindDuration && math.Abs(value) >= math.MaxInt64/1e9:
		return checks.Number(name, value)
	case kind == checks.KindDuration:
		f = checks.Duration(name, time.Duration(math.Round(value*1e9)))
	case kind == checks.KindBytes:
		f = checks.Bytes(name, int64(math.Round(value)))
	case kind == checks.KindPercent:
		f = checks.Percent(name, value)
	case kind == checks.KindInteger:
		f = checks.Int(name, int64(math.Round(value)))
	default:
		f = checks.Number(name, value)
	}
	if m.limited {
		f = f.Judged(m.warn*factor, m.critical*factor)
	}
	return f
}

// snake makes a fact's name of a label: lower case, with one underscore for
// whatever is neither letter nor digit. "/" alone is the root folder.
func snake(label string) string {
	var name strings.Builder
	for _, r := range strings.ToLower(label) {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			name.WriteRune(r)
		} else if s := name.String(); s != "" && !strings.HasSuffix(s, "_") {
			name.WriteByte('_')
		}
	}
	text := strings.TrimSuffix(name.String(), "_")
	switch {
	case text == "" && strings.HasPrefix(label, "/"):
		return "root"
	case text == "":
		return "value"
	case '0' <= text[0] && text[0] <= '9':
		return "value_" + text
	}
	return text
}
