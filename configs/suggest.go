package configs

import (
	"slices"
	"strings"
)

// didYouMean returns `; did you mean "x"?` for the closest of the words, or ""
// when none is close.
func didYouMean(word string, known []string) string {
	if best := closest(word, known); best != "" {
		return `; did you mean "` + best + `"?`
	}
	return ""
}

// closest returns the known word that a person probably meant, or "".
func closest(word string, known []string) string {
	best, bestDistance := "", 1+min(2, len(word)/3)
	for _, k := range known {
		if fold(k) == fold(word) {
			return k
		}
		if d := distance(strings.ToLower(word), k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// fold makes dataDir, data-dir and DATA_DIR the same word.
func fold(word string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(word))
}

// distance counts the edits between two words: a letter put in, left out,
// replaced, or swapped with its neighbour (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// orList joins words as a sentence does: a, b or c.
func orList(words []string) string {
	words = slices.Clone(words)
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " or " + words[end]
}
