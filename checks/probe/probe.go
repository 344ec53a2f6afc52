// Package probe asks from the outside, as a visitor would: a page, a port, a
// certificate, a name, or whatever a program of one's own can tell.
//
// Its rules: every run starts afresh, with no connection, session or cached
// answer of the last one; everything read is bounded; and nothing is retried,
// except what DNS itself retries.
package probe

import "vitals/checks"

// Kinds lists the kinds of probes, sorted by name.
func Kinds() []checks.KindOfCheck {
	return []checks.KindOfCheck{commandKind(), dnsKind(), httpKind(), tcpKind(), tlsKind()}
}
