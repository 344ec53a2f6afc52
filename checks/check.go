package checks

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"
)

// Check is a named question about one thing.
//
// A name is kind.subject, such as database.slow-queries or probe.website; a
// second server of the same kind is told apart by @server at the end.
type Check struct {
	Name      string
	Help      string // one line: what it asks
	Tags      []string
	Critical  bool          // whether its failure fails the whole
	Timeout   time.Duration // the hard deadline; 0 means the Runner's
	Interval  time.Duration // how often serve asks; 0 means serve's default
	DependsOn []string      // names of checks whose failure explains this one's

	// Do asks the question. It should return soon after its context ends; Run
	// answers without it when it does not.
	Do func(ctx context.Context) Result

	// Close lets go of what Do holds on to, such as connections. It may be nil.
	Close func()
}

// Matches tells whether a word that somebody gave selects the check: its name,
// one of its tags, the first part of its name ("database" selects
// database.slow-queries too), or a pattern such as "probe.*".
func (c *Check) Matches(word string) bool {
	if c.Name == word || slices.Contains(c.Tags, word) || strings.HasPrefix(c.Name, word+".") || strings.HasPrefix(c.Name, word+"@") {
		return true
	}
	ok, err := path.Match(word, c.Name)
	return err == nil && ok
}

// Select returns the checks that any of the words select, in their own order,
// and the words that selected none. No words select all.
func Select(list []Check, words []string) (selected []Check, unmatched []string) {
	if len(words) == 0 {
		return list, nil
	}
	used := map[string]bool{}
	for _, c := range list {
		keep := false
		for _, w := range words {
			if c.Matches(w) {
				keep, used[w] = true, true
			}
		}
		if keep {
			selected = append(selected, c)
		}
	}
	for _, w := range words {
		if !used[w] {
			unmatched = append(unmatched, w)
		}
	}
	return selected, unmatched
}
