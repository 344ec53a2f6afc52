package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/report"
)

// trendLength is how many past results a sparkline shows.
const trendLength = 20

// minTrendWidth is the narrowest terminal that has room for a sparkline.
const minTrendWidth = 100

func formatNames() string { return strings.Join(formatCompletions(), "|") }

func formatCompletions() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// format looks up -o before anything else is done, so that a misspelt format
// costs nobody a round of checks.
func (a *App) format() (report.Format, error) {
	f, err := report.Lookup(a.flags.output)
	if err != nil {
		return f, usageError("", "--output: %w", err)
	}
	return f, nil
}

// view says how output is to look for whoever reads it.
func (a *App) view(cfg *configs.Config) report.View {
	v := report.View{Location: time.Local, Width: a.OutWidth()}
	if cfg != nil {
		v.Location = cfg.Location()
	}
	v.Color = v.Width > 0 && !a.flags.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	v.ASCII = !utf8Locale(a)
	return v
}

// utf8Locale follows POSIX: the first that is set of LC_ALL, LC_CTYPE and LANG
// decides. None set means C on paper; in practice it is a container or cron,
// whose reader is a file or a modern terminal.
func utf8Locale(a *App) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := a.getenv(name); v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return true
}

// printDocument writes results; --quiet leaves them out.
func (a *App) printDocument(f report.Format, doc report.Document, view report.View) error {
	if a.flags.quiet {
		return nil
	}
	return a.written(f.Document(a.Out, doc, view))
}

// printList writes a list such as the checks there are.
func (a *App) printList(t checks.Table, cfg *configs.Config) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if f.List == nil {
		return usageError("Use table, json, yaml, csv, markdown or html.", "--output %s is for results of checks; %s is a list", f.Name, t.Name)
	}
	if a.flags.quiet {
		return nil
	}
	return a.written(f.List(a.Out, t, a.view(cfg)))
}

// written names what failed when output could not be delivered: a full disk
// behind a redirection must not look like success.
func (a *App) written(err error) error {
	if err != nil {
		return fmt.Errorf("output could not be written: %w", err)
	}
	return nil
}

// progressDelay is how long a command may take before it tells a person that
// it is still at work.
const progressDelay = 2 * time.Second

// progress shows on a terminal's standard error what is being waited for, once
// it takes longer than progressDelay. The returned function ends it and leaves
// an empty line behind.
func (a *App) progress(ctx context.Context, what string) func() {
	if !a.ErrTerminal || a.flags.quiet {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		showProgress(ctx, a.Err, what)
	}()
	return func() { cancel(); <-done }
}

func showProgress(ctx context.Context, w io.Writer, what string) {
	started := time.Now()
	wait := time.NewTimer(progressDelay)
	defer wait.Stop()
	shown := false
	for {
		select {
		case <-ctx.Done():
			if shown {
				fmt.Fprint(w, "\r\x1b[K")
			}
			return
		case <-wait.C:
			shown = true
			fmt.Fprintf(w, "\r\x1b[K%s … %d s", what, int(time.Since(started).Seconds()))
			wait.Reset(time.Second)
		}
	}
}
