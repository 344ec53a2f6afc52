//go:build race

package compare

// oneIn is 1 but under the race detector, which makes SQLite forty times
// slower: there it is races that are looked for, and not differences.
const oneIn = 20
