// Package cmd holds the commands, one file each, and wires everything else
// together. A command parses its arguments and calls a function that does the
// work with what App hands it; nothing here reads the process's environment
// but System.
package cmd

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"vitals/checks"
	"vitals/configs"
)

// App is what commands are given. What costs time is a function that does its
// work when first called: `vitals version` opens nothing.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	Args     []string // without the program's name
	Env      []string // as os.Environ gives it
	Dir      string   // the working directory
	Home     string
	Now      func() time.Time

	// OutWidth is the width of the terminal behind Out, 0 when Out is none.
	OutWidth func() int
	// ErrTerminal tells whether a person watches Err: then progress is shown.
	ErrTerminal bool

	flags  globalFlags
	config func() (*configs.Config, error)
}

// System is the App of a real process.
func System() *App {
	dir, _ := os.Getwd()        // an unknown directory only means that no ./vitals.yaml is found
	home, _ := os.UserHomeDir() // likewise
	return &App{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Args: os.Args[1:], Env: os.Environ(), Dir: dir, Home: home, Now: time.Now,
		OutWidth:    func() int { return terminalWidth(os.Stdout) },
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Main runs the command line of an App and returns the exit code. SIGINT and
// SIGTERM end it in good order; a second one ends the process at once.
func Main(app *App) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return MainContext(ctx, app)
}

// MainContext is Main without the signals: it ends when ctx does.
func MainContext(ctx context.Context, app *App) int {
	app.config = sync.OnceValues(app.loadConfig)
	err := execute(ctx, app)
	app.complain(err)
	return exitCode(err)
}

func terminalWidth(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// Config is the configuration, loaded once.
func (a *App) Config() (*configs.Config, error) { return a.config() }

func (a *App) loadConfig() (*configs.Config, error) {
	return configs.Load(a.source())
}

// source names every layer that configuration comes from.
func (a *App) source() configs.Source {
	flags := map[string]any{}
	if a.flags.dataDir != "" {
		flags["data_dir"] = a.flags.dataDir
	}
	if a.flags.timeout > 0 {
		flags["timeout"] = a.flags.timeout
	}
	return configs.Source{File: a.flags.config, Env: a.Env, Dir: a.Dir, Home: a.Home, Flags: flags}
}

// getenv reads one variable of the App's environment, "" when it is not set.
func (a *App) getenv(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// runner asks checks as the configuration says.
func (a *App) runner(cfg *configs.Config) *checks.Runner {
	return &checks.Runner{
		Timeout: cfg.Timeout, Concurrency: cfg.Concurrency,
		Redactor: checks.NewRedactor(cfg.Secrets()...),
		Panicked: a.logPanic,
	}
}
