package configs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizeUnits are what ParseSize knows; the binary ones come first in each row
// because FormatSize prefers the largest that divides the size.
var sizeUnits = []struct {
	word string
	unit int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
}

const sizeExamples = "a size such as 500kB, 10MB, 10MiB or 2GB"

// ParseSize reads a size in bytes as the configuration has it: a number with a
// unit, decimal (10MB is 10,000,000) or binary (10MiB is 10,485,760). A number
// without a unit is refused; 0 needs none.
func ParseSize(text string) (int64, error) {
	word := strings.TrimSpace(text)
	n := len(word) - len(strings.TrimLeft(word, "0123456789."))
	number, unit := word[:n], strings.TrimSpace(word[n:])
	switch {
	case word == "":
		return 0, errors.New("expected " + sizeExamples)
	case word == "0":
		return 0, nil
	case strings.HasPrefix(word, "-"):
		return 0, fmt.Errorf("%q: a size is not negative", text)
	case unit == "" && isNumber(number):
		return 0, fmt.Errorf("%q has no unit: write %sMB, or %sB for bytes", text, number, number)
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not %s", text, sizeExamples)
	}
	for _, u := range sizeUnits {
		if strings.EqualFold(u.word, unit) {
			if value *= float64(u.unit); value >= math.MaxInt64 {
				return 0, fmt.Errorf("%q is more than can be counted", text)
			}
			return int64(math.Round(value)), nil
		}
	}
	return 0, fmt.Errorf("%q is not %s", text, sizeExamples)
}

// FormatSize writes a size so that ParseSize reads it back, in whole units.
func FormatSize(size int64) string {
	if size == 0 {
		return "0"
	}
	for _, u := range sizeUnits {
		if size%u.unit == 0 {
			return strconv.FormatInt(size/u.unit, 10) + u.word
		}
	}
	return strconv.FormatInt(size, 10) + "B"
}
