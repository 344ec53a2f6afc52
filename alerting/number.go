package alerting

import (
	"encoding/json"
	"math"
	"strconv"
)

// number is a float64 that JSON can hold whatever it is: a ratio of nothing to
// nothing is NaN, and a rule may well return it.
type number float64

// MarshalJSON writes NaN and the infinities as texts.
func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *number) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		f, err := strconv.ParseFloat(word, 64)
		*n = number(f)
		return err
	}
	return json.Unmarshal(text, (*float64)(n))
}

// bare is an Alert without its methods.
type bare Alert

type storedAlert struct {
	bare
	Value number
}

// MarshalJSON writes the alert as it is kept: a value that is no number too.
func (a Alert) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedAlert{bare(a), number(a.Value)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Alert) UnmarshalJSON(text []byte) error {
	var s storedAlert
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	*a = Alert(s.bare)
	a.Value = float64(s.Value)
	return nil
}
