package checks

import (
	"bytes"
	"strings"
	"sync"
)

// Bounded keeps the first Max bytes written to it and drops the rest, so that
// a program that writes without end fills no memory and is not held up either.
// It is safe for use by many goroutines.
type Bounded struct {
	Max int

	mu  sync.Mutex
	buf bytes.Buffer
}

// Write never fails.
func (b *Bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:min(len(p), b.Max-b.buf.Len())])
	return len(p), nil
}

// Bytes returns a copy of what was kept.
func (b *Bounded) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// String returns what was kept, with what is not UTF-8 marked.
func (b *Bounded) String() string { return strings.ToValidUTF8(string(b.Bytes()), "\uFFFD") }
