package host

import (
	"context"
	"path/filepath"
	"sync"
	"time"
)

// size is how large a folder was when it was counted.
type size struct {
	Bytes    int64     `json:"bytes"`
	Files    int64     `json:"files"`
	At       time.Time `json:"at"`       // when the count began
	Complete bool      `json:"complete"` // false: time was up, there is at least this much
}

// sizes counts folders and remembers what it counted, in memory and, where a
// file is named, for the next process: a million files are not walked for
// every check.
//
// Whoever asks waits for a limited time. A count that takes longer goes on in
// the background, at its ease, and is there for a later look; a process that
// ends first has at least what it saw until then.
type sizes struct {
	file sizeFile
	life context.Context
	end  context.CancelFunc

	mu     sync.Mutex
	known  map[string]size
	walks  map[string]*walk // those under way
	loaded bool
}

func newSizes(file string) *sizes {
	s := &sizes{file: sizeFile(file), known: map[string]size{}, walks: map[string]*walk{}}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// close ends the counts under way.
func (s *sizes) close() { s.end() }

// staleAfter is how long a complete count is preferred to a newer one that was
// cut short.
const staleAfter = 24 * time.Hour

// get returns a size no older than maxAge, counting for at most limit; when
// that is not enough, the last complete count, or as much as was counted.
func (s *sizes) get(ctx context.Context, path string, limit, maxAge time.Duration) size {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	last, ok := s.lookup(absolute)
	if age := time.Since(last.At); ok && age >= 0 && age < maxAge {
		return last
	}
	if ctx.Err() != nil {
		return last
	}
	w := s.walk(absolute, path)
	if w.hurried.Load() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-w.done:
			return w.total()
		case <-ctx.Done():
		case <-timer.C:
		}
		w.hurried.Store(false) // nobody else need wait for it
	}
	partial := w.total()
	if last.Complete && time.Since(last.At) < staleAfter {
		return last
	}
	s.store(absolute, partial)
	return partial
}

// walk returns the walk under way through a folder, starting one where there
// is none.
func (s *sizes) walk(absolute, path string) *walk {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.walks[absolute]; w != nil {
		return w
	}
	w := newWalk()
	s.walks[absolute] = w
	go func() {
		w.run(s.life, path)
		if w.total().Complete || s.life.Err() == nil {
			s.store(absolute, w.total())
		}
		s.mu.Lock()
		delete(s.walks, absolute)
		s.mu.Unlock()
		close(w.done)
	}()
	return w
}

func (s *sizes) lookup(path string) (size, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		s.loaded = true
		s.known = s.file.read()
	}
	known, ok := s.known[path]
	return known, ok
}

func (s *sizes) store(path string, counted size) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[path] = counted
	s.known = s.file.write(s.known)
}
