package host

import (
	"context"
	"sync"
)

// flights asks questions that may never come back, such as those about a dead
// file server, which hold their thread inside the kernel. Each key has one
// question under way at most; whoever asks meanwhile waits for the same answer.
// The zero value works.
type flights[T any] struct {
	mu   sync.Mutex
	open map[string]*flight[T]
}

type flight[T any] struct {
	done   chan struct{} // closed when the answer is there
	answer T
	vain   bool // somebody waited for it until their time was up
}

// ask returns the answer, or false when ctx ends first. A question that
// somebody has waited for in vain is not waited for again: the answer is false
// at once until it has come back.
func (f *flights[T]) ask(ctx context.Context, key string, question func() T) (T, bool) {
	f.mu.Lock()
	current := f.open[key]
	if current == nil {
		current = f.start(key, question)
	}
	waited := current.vain
	f.mu.Unlock()
	var none T
	if waited {
		return none, false
	}
	select {
	case <-current.done:
		return current.answer, true
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-current.done: // both came at once
		return current.answer, true
	default:
	}
	current.vain = true
	return none, false
}

// start asks on a goroutine of its own. The caller holds the lock.
func (f *flights[T]) start(key string, question func() T) *flight[T] {
	current := &flight[T]{done: make(chan struct{})}
	if f.open == nil {
		f.open = map[string]*flight[T]{}
	}
	f.open[key] = current
	go func() {
		answer := question()
		f.mu.Lock()
		defer f.mu.Unlock()
		current.answer = answer
		delete(f.open, key)
		close(current.done)
	}()
	return current
}
