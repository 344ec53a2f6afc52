package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitals/configs"
)

// durationFlag reads a flag the way the configuration reads durations: 500ms,
// 30s, 1h30m, 30d.
type durationFlag time.Duration

func (d *durationFlag) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}
func (d *durationFlag) Type() string { return "duration" }
func (d *durationFlag) Set(text string) error {
	v, err := configs.ParseDuration(text)
	if err != nil {
		return err
	}
	if v <= 0 {
		return fmt.Errorf("%q: must be longer than nothing", text)
	}
	*d = durationFlag(v)
	return nil
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Quote(w)
	}
	return strings.Join(out, ", ")
}

// or returns the first of two values that is not zero.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value != zero {
		return value
	}
	return otherwise
}
