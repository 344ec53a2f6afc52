package cmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/internal/demo"
)

type demoOptions struct {
	breaks string // one of demo.Breaks(), or "" for a day when all is well
	listen string
}

func newDemo(app *App) *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "All of it on a made-up platform, with nothing installed",
		Long: `Starts a made-up fitness-event platform in this process (SQLite data, a
Redis-compatible server, an HTTP application with traffic) and "vitals serve"
watching it, shows one "vitals check", says where to look, and stays until it is
interrupted. Without a terminal it makes its tour and ends with 0. Everything
lives in a temporary folder that is removed at the end.`,
		Example: "  vitals demo\n  vitals demo --break database",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.demo(c.Context(), o) },
	}
	c.Flags().StringVar(&o.breaks, "break", "", "make a part fail on purpose: "+strings.Join(demo.Breaks(), ", "))
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` of the watching server")
	_ = c.RegisterFlagCompletionFunc("break", cobra.FixedCompletions(demo.Breaks(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *App) demo(ctx context.Context, o demoOptions) error {
	if o.breaks != "" && !slices.Contains(demo.Breaks(), o.breaks) {
		return usageError("", "--break %s: use one of %s", o.breaks, strings.Join(demo.Breaks(), ", "))
	}
	dir, err := os.MkdirTemp("", "vitals-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	platform, err := demo.Start(ctx, demo.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("the demo's platform did not start: %w", err)
	}
	defer platform.Close()
	watcher, err := a.demoWatcher(dir, platform)
	if err != nil {
		return err
	}
	address, stop, err := watcher.serveInBackground(ctx, o.listen)
	if err != nil {
		return err
	}
	tour := &tour{app: a, watcher: watcher, platform: platform, base: "http://" + address, dir: dir, breaks: o.breaks}
	tourErr := tour.run(ctx)
	if err := stop(); tourErr == nil {
		tourErr = err
	}
	return tourErr
}

// demoWatcher is a second App that knows only the platform: nothing of the
// machine's own configuration or environment gets into the demo.
func (a *App) demoWatcher(dir string, platform *demo.Platform) (*App, error) {
	file := filepath.Join(dir, "vitals.yaml")
	if err := os.WriteFile(file, platform.Config(), 0o600); err != nil {
		return nil, err
	}
	w := &App{In: strings.NewReader(""), Out: a.Out, Err: io.Discard, Dir: dir, Home: dir, Now: a.Now, OutWidth: a.OutWidth}
	for _, name := range []string{"TERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TZ"} {
		if v := a.getenv(name); v != "" {
			w.Env = append(w.Env, name+"="+v)
		}
	}
	w.flags = globalFlags{output: "table", config: file, dataDir: filepath.Join(dir, "vitals"), noColor: a.flags.noColor}
	w.config = sync.OnceValues(w.loadConfig)
	_, err := w.Config()
	return w, err
}

// serveInBackground starts `vitals serve` and waits until it listens. Stop
// ends it and tells how it ended.
func (a *App) serveInBackground(ctx context.Context, listen string) (address string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.serve(ctx, listen, func(address string) { listening <- address }) }()
	select {
	case address = <-listening:
		return address, func() error { cancel(); return <-ended }, nil
	case err = <-ended:
		cancel()
		return "", nil, err
	}
}

// tour shows a visitor around.
type tour struct {
	app, watcher *App
	platform     *demo.Platform
	base, dir    string
	breaks       string
}

func (t *tour) run(ctx context.Context) error {
	t.say("A made-up fitness-event platform runs in this process: %s\nVitals watches it, configured by %s\n", t.platform.AppURL(), filepath.Join(t.dir, "vitals.yaml"))
	t.settle(ctx)
	if err := t.show(ctx, "vitals check"); err != nil {
		return err
	}
	if t.breaks != "" {
		t.say("\nNow something breaks on purpose: %s\n", t.breaks)
		if err := t.platform.Break(t.breaks); err != nil {
			return err
		}
		t.settle(ctx)
		if err := t.show(ctx, "vitals check"); err != nil {
			return err
		}
	}
	if err := t.showHealth(ctx); err != nil {
		return err
	}
	t.say("\nWhere to look while it runs:\n  %s/health\n  %s/metrics\n  %s/readyz\n  vitals check --watch --config %s\n",
		t.base, t.base, t.base, filepath.Join(t.dir, "vitals.yaml"))
	if t.app.OutWidth() == 0 {
		return nil
	}
	t.say("\nPress Ctrl-C to end; everything is removed then.\n")
	<-ctx.Done()
	return nil
}

// settle lets some traffic pass, so that there is something to see.
func (t *tour) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(1500 * time.Millisecond):
	}
}

// show runs one check as the visitor would. What it finds is the point of the
// demo and no failure of it.
func (t *tour) show(ctx context.Context, command string) error {
	t.say("$ %s\n", command)
	err := t.watcher.check(ctx, checkOptions{failOn: checks.Degraded})
	code := exitCode(err)
	if code > exitUnknown {
		return err
	}
	t.say("(exit code %d)\n", code)
	return nil
}

func (t *tour) showHealth(ctx context.Context) error {
	t.say("\n$ curl %s/health\n", t.base)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+"/health", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(res.Body, 1<<20))
	for n := 0; n < shownLines && lines.Scan(); n++ {
		t.say("%s\n", lines.Text())
	}
	t.say("  …\n")
	return lines.Err()
}

// shownLines is how much of the health document the tour shows: enough to see
// what it is, with the check above still on the screen.
const shownLines = 12

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.app.Out, format, args...) }
