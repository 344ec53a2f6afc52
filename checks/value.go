package checks

import (
	"math"
	"strings"
	"time"
)

// Kind says what a value means, so that people see "45.2 MB" and programs get
// 45200000 under a key that names the unit.
type Kind uint8

// The kinds, with the Go type a value of each has. A nil value of any kind
// means "not measurable".
const (
	KindText     Kind = iota // string
	KindInteger              // int64
	KindNumber               // float64
	KindBytes                // int64, bytes
	KindDuration             // time.Duration
	KindPercent              // float64, 0 to 100
	KindTime                 // time.Time
	KindBool                 // bool
)

// Fact is one named value of a Result. Value has the type its Kind names, or
// is nil when it could not be measured.
type Fact struct {
	Name   string
	Kind   Kind
	Value  any
	Limits *Limits // nil where the value is not judged
}

// Limits are the two values at which a fact begins to degrade and to fail its
// check, in the fact's base unit (bytes, seconds, percent); 0 means never.
type Limits struct {
	Degraded, Unhealthy float64
}

// Text makes a fact of words.
func Text(name, value string) Fact { return Fact{Name: name, Kind: KindText, Value: value} }

// Int makes a fact of a whole number.
func Int(name string, value int64) Fact { return Fact{Name: name, Kind: KindInteger, Value: value} }

// Number makes a fact of a number without a unit.
func Number(name string, value float64) Fact {
	return Fact{Name: name, Kind: KindNumber, Value: value}
}

// Bytes makes a fact of a size in bytes.
func Bytes(name string, value int64) Fact { return Fact{Name: name, Kind: KindBytes, Value: value} }

// Duration makes a fact of a length of time.
func Duration(name string, value time.Duration) Fact {
	return Fact{Name: name, Kind: KindDuration, Value: value}
}

// Percent makes a fact of a share, 0 to 100. It is kept to a thousandth: what
// lies below that is the noise of a division.
func Percent(name string, value float64) Fact {
	return Fact{Name: name, Kind: KindPercent, Value: math.Round(value*1000) / 1000}
}

// Time makes a fact of a moment.
func Time(name string, value time.Time) Fact { return Fact{Name: name, Kind: KindTime, Value: value} }

// Bool makes a fact of yes or no.
func Bool(name string, value bool) Fact { return Fact{Name: name, Kind: KindBool, Value: value} }

// Unmeasured makes a fact whose value could not be had.
func Unmeasured(name string, kind Kind) Fact { return Fact{Name: name, Kind: kind} }

// Judged returns the fact with the values at which it degrades and fails.
func (f Fact) Judged(degraded, unhealthy float64) Fact {
	f.Limits = &Limits{Degraded: degraded, Unhealthy: unhealthy}
	return f
}

// Key is the fact's name in JSON, YAML and CSV: the unit last.
func (f Fact) Key() string { return key(f.Name, f.Kind) }

// Float returns the value in its base unit (bytes, seconds, percent, Unix
// seconds, 0 or 1) and whether it is a number at all.
func (f Fact) Float() (float64, bool) { return Float(f.Value) }

// Float returns a value of any kind in its base unit, and whether it is a
// number at all: text and nil are not.
func Float(value any) (float64, bool) {
	switch v := value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case time.Duration:
		return v.Seconds(), true
	case time.Time:
		return float64(v.UnixMilli()) / 1000, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func key(name string, kind Kind) string {
	suffix := ""
	switch kind {
	case KindBytes:
		suffix = "_bytes"
	case KindDuration:
		suffix = "_seconds"
	case KindPercent:
		suffix = "_percent"
	}
	if strings.HasSuffix(name, suffix) {
		return name
	}
	return name + suffix
}
