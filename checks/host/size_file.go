package host

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// sizeFile names the file in which sizes are kept between processes; "" keeps
// none. What goes wrong with it costs only the time of counting again.
type sizeFile string

// forgotten is how long the size of a folder that nobody asks for is kept.
const forgotten = 30 * 24 * time.Hour

// read returns what the file holds, which is nothing when it is broken.
func (f sizeFile) read() map[string]size {
	known := map[string]size{}
	if f == "" {
		return known
	}
	text, err := os.ReadFile(string(f))
	if err != nil || json.Unmarshal(text, &known) != nil || known == nil {
		return map[string]size{}
	}
	return known
}

// write adds sizes to those that other processes have written meanwhile, the
// newer of each, and returns all of them. The file is replaced whole, so that
// nobody ever reads half of it.
func (f sizeFile) write(known map[string]size) map[string]size {
	if f == "" {
		return known
	}
	all := f.read()
	for path, s := range known {
		if other, ok := all[path]; !ok || !other.At.After(s.At) {
			all[path] = s
		}
	}
	for path, s := range all {
		if time.Since(s.At) > forgotten {
			delete(all, path)
		}
	}
	text, err := json.Marshal(all)
	if err != nil || os.MkdirAll(filepath.Dir(string(f)), 0o700) != nil {
		return all
	}
	temporary, err := os.CreateTemp(filepath.Dir(string(f)), ".sizes-")
	if err != nil {
		return all
	}
	_, err = temporary.Write(text)
	if closed := temporary.Close(); err != nil || closed != nil || os.Rename(temporary.Name(), string(f)) != nil {
		_ = os.Remove(temporary.Name()) // nothing is left behind
	}
	return all
}
