package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"vitals/checks"
)

// FileSystemOptions are the settings of the file_system check.
type FileSystemOptions struct {
	Paths         []string      `mapstructure:"paths" path:"true" help:"folders that the application writes to, such as uploads"`
	SizeTimeout   time.Duration `mapstructure:"size_timeout" help:"how long the size of one folder may be counted; after that it is 'at least'"`
	SizeMaxAge    time.Duration `mapstructure:"size_max_age" help:"how long a counted size is used again"`
	checks.Common `mapstructure:",squash"`

	// CacheFile is where counted sizes are kept between processes; "" keeps
	// them in memory alone. It is not an option of the file.
	CacheFile string `mapstructure:"-"`
}

const fileSystemExample = `file_system:
  paths: [uploads, /var/lib/app/media]
  size_timeout: 1s
  size_max_age: 10m
`

// DefaultFileSystemOptions has no folder: without one there is no check.
func DefaultFileSystemOptions() FileSystemOptions {
	return FileSystemOptions{SizeTimeout: time.Second, SizeMaxAge: 10 * time.Minute, Common: checks.Common{Critical: true}}
}

// Problems returns what is wrong with the settings.
func (o *FileSystemOptions) Problems() []checks.Problem {
	var all []checks.Problem
	for i, p := range o.Paths {
		if strings.TrimSpace(p) == "" {
			all = append(all, checks.Problem{Key: fmt.Sprintf("paths[%d]", i), Message: "is empty"})
		}
	}
	if o.SizeTimeout < 0 {
		all = append(all, checks.Problem{Key: "size_timeout", Message: "cannot be below 0"})
	}
	if o.SizeMaxAge < 0 {
		all = append(all, checks.Problem{Key: "size_max_age", Message: "cannot be below 0"})
	}
	return all
}

// Checks makes the check `file_system`; none where no folder is named.
func (o *FileSystemOptions) Checks() []checks.Check {
	if len(o.Paths) == 0 {
		return nil
	}
	w := &folderWatch{options: *o, sizes: newSizes(o.CacheFile)}
	return []checks.Check{o.Apply(checks.Check{Name: "file_system", Help: "whether the application's folders can be written, and how large they are", Tags: []string{"host"}, Do: w.look, Close: w.sizes.close})}
}

// folderWatch remembers sizes, and the folders that hang: a dead NFS server
// holds whoever asks, and must hold one of us only.
type folderWatch struct {
	options FileSystemOptions
	sizes   *sizes
	flights flights[folder]
}

// folder is what is known of one path.
type folder struct {
	path string
	err  error // why it cannot be written; nil when it can
	took time.Duration
	size size
	free any // int64, bytes; nil where the system does not tell
}

// errHangs is for what is on a disk or file server whose system calls do not
// return.
var errHangs = errors.New("does not answer")

func (w *folderWatch) look(ctx context.Context) checks.Result {
	folders := make([]folder, len(w.options.Paths))
	var wg sync.WaitGroup
	for i, path := range w.options.Paths {
		wg.Go(func() { folders[i] = w.ask(ctx, path) })
	}
	wg.Wait()
	return w.result(folders)
}

// ask tries one folder, and comes back when ctx ends even if the kernel does
// not.
func (w *folderWatch) ask(ctx context.Context, path string) folder {
	f, ok := w.flights.ask(ctx, path, func() folder {
		started := time.Now()
		f := folder{path: path, err: tryFolder(path), took: time.Since(started)}
		if s, err := readSpace(path); f.err == nil && err == nil && s.size > 0 {
			f.free = s.available
		}
		return f
	})
	if !ok {
		return folder{path: path, err: errHangs}
	}
	if f.err == nil {
		f.size = w.sizes.get(ctx, path, w.options.SizeTimeout, w.options.SizeMaxAge)
	}
	return f
}

func (w *folderWatch) result(folders []folder) checks.Result {
	t := checks.Table{Name: "folders", Columns: []checks.Column{
		{Name: "path"}, {Name: "accessible", Kind: checks.KindBool}, {Name: "size", Kind: checks.KindBytes}, {Name: "files", Kind: checks.KindInteger},
		{Name: "complete", Kind: checks.KindBool}, {Name: "counted", Kind: checks.KindTime}, {Name: "free", Kind: checks.KindBytes},
		{Name: "took", Kind: checks.KindDuration}, {Name: "error"},
	}}
	var res checks.Result
	var total int64
	var slowest time.Duration
	var failures []string
	complete := true
	for _, f := range folders {
		slowest = max(slowest, f.took)
		if f.err != nil {
			what, hint := folderTrouble(f.err)
			failures = append(failures, f.path+" "+what)
			if res.Error == "" {
				res.Hint, res.Error = hint, reason(f.err)
			}
			t.Add(f.path, false, nil, nil, nil, nil, nil, f.took, what)
			continue
		}
		total += f.size.Bytes
		complete = complete && f.size.Complete
		t.Add(f.path, true, f.size.Bytes, f.size.Files, f.size.Complete, f.size.At, f.free, f.took, "")
		res = res.Measure("vitals_folder_size_bytes", float64(f.size.Bytes), "path", f.path)
	}
	res.Tables = []checks.Table{t}
	res.Facts = []checks.Fact{
		checks.Bool("accessible", len(failures) == 0), checks.Bytes("uploads_size", total),
		checks.Bool("size_complete", complete), checks.Duration("response_time", slowest),
	}
	if len(failures) > 0 {
		res.Status, res.Summary = checks.Unhealthy, several(failures, "; ")
		return res
	}
	res.Summary = fmt.Sprintf("%s can be written, %s%s in all", foldersText(folders), atLeast(complete), checks.BytesText(total))
	return res
}

func foldersText(folders []folder) string {
	if len(folders) == 1 {
		return folders[0].path
	}
	return fmt.Sprintf("%d folders", len(folders))
}

func atLeast(complete bool) string {
	if complete {
		return ""
	}
	return "at least "
}
