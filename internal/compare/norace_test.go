//go:build !race

package compare

// oneIn says that each so many-th expression is asked.
const oneIn = 1
