package cmd_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vitals/cmd"
)

// run runs one command line in the process and returns all it wrote.
func run(dir string, args ...string) string {
	_, out, errOut := runSplit(dir, args...)
	return out + errOut
}

// runSplit runs one command line in the process and returns its exit code and
// what it wrote to standard output and standard error.
func runSplit(dir string, args ...string) (exit int, out, errOut string) {
	var o, e bytes.Buffer
	app := newApp(dir, &o, args...)
	app.Err = &e
	exit = cmd.MainContext(context.Background(), app)
	return exit, o.String(), e.String()
}

// newApp is an App with a home and a data folder of its own.
func newApp(dir string, out io.Writer, args ...string) *cmd.App {
	return &cmd.App{
		In: strings.NewReader(""), Out: out, Err: out, Args: args, Dir: dir, Home: dir, Now: time.Now,
		Env:      []string{"HOME=" + dir, "VITALS_DATA_DIR=" + filepath.Join(dir, "data")},
		OutWidth: func() int { return 0 },
	}
}

// syncBuffer is a buffer that a server's goroutines may write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// freeAddress is an address on which nothing listens at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startServe runs `vitals serve` in the process until the test ends and
// returns its base address.
func startServe(t *testing.T, dir string, args ...string) string {
	t.Helper()
	address, out := freeAddress(t), &syncBuffer{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- cmd.MainContext(ctx, newApp(dir, out, append([]string{"serve", "--listen", address}, args...)...))
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d:\n%s", code, out)
		}
	})
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address
		}
		select {
		case code := <-ended:
			ended <- code
			t.Fatalf("serve did not start: exit %d\n%s", code, out)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("serve does not listen:\n%s", out)
	return ""
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
