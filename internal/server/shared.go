package server

import (
	"context"
	"sync"
	"time"
)

// shared keeps the last value of something that costs an effort to make, and
// has it made once for all who ask at the same time.
type shared[T any] struct {
	patience time.Duration // for making one
	mu       sync.Mutex
	last     T
	made     time.Time // zero before the first
	flight   chan struct{}
}

// get returns a value no older than maxAge. When ctx ends first, it returns the
// last one with the time it was made: the zero time when there has been none.
// Make runs on a context of its own, so that nobody's impatience spoils it for
// others; a value that it does not want to be kept it returns with false.
func (s *shared[T]) get(ctx context.Context, maxAge time.Duration, make func(context.Context) (T, bool)) (T, time.Time) {
	s.mu.Lock()
	if !s.made.IsZero() && time.Since(s.made) < maxAge {
		defer s.mu.Unlock()
		return s.last, s.made
	}
	if s.flight == nil {
		s.flight = newFlight()
		go s.fly(context.WithoutCancel(ctx), make)
	}
	flight := s.flight
	s.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.made
}

// known tells whether there has been a value.
func (s *shared[T]) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.made.IsZero()
}

func newFlight() chan struct{} { return make(chan struct{}) }

func (s *shared[T]) fly(ctx context.Context, make func(context.Context) (T, bool)) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	var value T
	ok := false
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if ok {
			s.last, s.made = value, time.Now()
		}
		close(s.flight)
		s.flight = nil
	}()
	value, ok = make(ctx)
}
