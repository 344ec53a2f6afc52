package host

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// walk adds up the regular files below a folder. Links are not followed: they
// lead elsewhere, or in circles. On its way it removes what killed runs have
// left in the folder.
type walk struct {
	began        time.Time
	bytes, files atomic.Int64
	unread       atomic.Bool   // a folder could not be read: there is more than was seen
	ended        atomic.Bool   // it went to the end
	hurried      atomic.Bool   // somebody waits
	done         chan struct{} // closed when it has ended
}

func newWalk() *walk {
	w := &walk{began: time.Now(), done: make(chan struct{})}
	w.hurried.Store(true)
	return w
}

// total is what has been counted so far.
func (w *walk) total() size {
	return size{Bytes: w.bytes.Load(), Files: w.files.Load(), At: w.began, Complete: w.ended.Load() && !w.unread.Load()}
}

// atOnce is how many names are read before others get their turn, and restNow
// how long a walk that nobody waits for then rests: it uses about half of one
// processor at most.
const (
	atOnce  = 512
	restNow = time.Millisecond
)

// run walks until it is through or ctx ends.
func (w *walk) run(ctx context.Context, path string) {
	queue := []string{path}
	for len(queue) > 0 {
		dir := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		below, ok := w.folder(ctx, dir, dir == path)
		if !ok {
			return
		}
		queue = append(queue, below...)
	}
	w.ended.Store(true)
}

// folder adds up one folder and returns the folders in it; false when ctx has
// ended.
func (w *walk) folder(ctx context.Context, dir string, top bool) (below []string, ok bool) {
	d, err := os.Open(dir)
	if err != nil {
		w.unread.Store(true)
		return nil, true
	}
	defer d.Close()
	for {
		if ctx.Err() != nil {
			return nil, false
		}
		entries, err := d.ReadDir(atOnce)
		for _, e := range entries {
			if e.IsDir() {
				below = append(below, filepath.Join(dir, e.Name()))
			} else if e.Type().IsRegular() {
				w.file(dir, e, top)
			}
		}
		if err != nil {
			if err != io.EOF {
				w.unread.Store(true)
			}
			return below, true
		}
		if !w.hurried.Load() {
			time.Sleep(restNow)
		}
	}
}

func (w *walk) file(dir string, e os.DirEntry, top bool) {
	info, err := e.Info()
	if err != nil || !info.Mode().IsRegular() {
		return // it was removed meanwhile
	}
	if top && strings.HasPrefix(e.Name(), probePrefix) {
		if isLeftover(info) {
			_ = os.Remove(filepath.Join(dir, e.Name())) // another time, then
		}
		return
	}
	w.bytes.Add(info.Size())
	w.files.Add(1)
}
