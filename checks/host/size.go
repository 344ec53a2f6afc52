package host

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// size is how large a folder was when it was counted.
type size struct {
	Bytes    int64     `json:"bytes"`
	Files    int64     `json:"files"`
	At       time.Time `json:"at"`
	Complete bool      `json:"complete"` // false: time was up, there is at least this much
}

// sizes counts folders and remembers what it counted, in memory and, where a
// file is named, for the next process: a million files are not walked for
// every check.
type sizes struct {
	file   string
	mu     sync.Mutex
	known  map[string]size
	loaded bool
}

func newSizes(file string) *sizes { return &sizes{file: file, known: map[string]size{}} }

// get returns a size no older than maxAge, counting for at most limit.
func (s *sizes) get(ctx context.Context, path string, limit, maxAge time.Duration) size {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	if known, ok := s.lookup(absolute); ok && time.Since(known.At) < maxAge && time.Since(known.At) >= 0 {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	counted := countFolder(ctx, path)
	s.store(absolute, counted)
	return counted
}

func (s *sizes) lookup(path string) (size, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded && s.file != "" {
		s.loaded = true
		if text, err := os.ReadFile(s.file); err == nil {
			_ = json.Unmarshal(text, &s.known) // a broken cache is counted anew
		}
		if s.known == nil {
			s.known = map[string]size{}
		}
	}
	known, ok := s.known[path]
	return known, ok
}

// store keeps a size. The file is replaced whole, so that another process
// never reads half of it; one that cannot be written costs only time later.
func (s *sizes) store(path string, counted size) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[path] = counted
	if s.file == "" {
		return
	}
	text, err := json.Marshal(s.known)
	if err != nil || os.MkdirAll(filepath.Dir(s.file), 0o700) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.file), ".sizes-")
	if err != nil {
		return
	}
	_, err = temporary.Write(text)
	if closed := temporary.Close(); err != nil || closed != nil || os.Rename(temporary.Name(), s.file) != nil {
		_ = os.Remove(temporary.Name()) // nothing is left behind
	}
}

// countFolder adds up the regular files below a folder until ctx ends. Links
// are not followed: they lead elsewhere, or in circles.
func countFolder(ctx context.Context, path string) size {
	total := size{At: time.Now(), Complete: true}
	queue := []string{path}
	for len(queue) > 0 {
		dir := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		below, done := countOne(ctx, dir, &total)
		queue = append(queue, below...)
		if !done {
			total.Complete = false
			return total
		}
	}
	return total
}

// countOne adds up one folder, some hundred names at a time, and returns the
// folders in it; false when time is up.
func countOne(ctx context.Context, dir string, total *size) (below []string, done bool) {
	d, err := os.Open(dir)
	if err != nil {
		total.Complete = false // not readable: there is more than we see
		return nil, true
	}
	defer d.Close()
	for {
		if ctx.Err() != nil {
			return below, false
		}
		entries, err := d.ReadDir(512)
		for _, e := range entries {
			if e.IsDir() {
				below = append(below, filepath.Join(dir, e.Name()))
				continue
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				total.Bytes += info.Size()
				total.Files++
			}
		}
		if err != nil {
			if err != io.EOF {
				total.Complete = false
			}
			return below, true
		}
	}
}
