package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/server"
)

func newServe(app *App) *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run for good: checks and alerts, the status page, /health, /metrics and the rest over HTTP",
		Long: `Runs every check on its own interval, evaluates the alert rules, sends messages,
and answers over HTTP: the status page at /, /health, /livez, /readyz, /metrics,
/emergency/status, /ws/metrics, /api/… for scripts, and more: see docs/serve.md.

SIGHUP reads the configuration again and swaps it in only when it is whole and
valid; SIGTERM and SIGINT finish the requests under way and end with 0.`,
		Example: `  vitals serve
  vitals serve --listen 0.0.0.0:8080 --config /etc/vitals/vitals.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return app.serve(c.Context(), listen, nil) },
	}
	c.Flags().StringVar(&listen, "listen", "", "`address` to listen on (default 127.0.0.1:8080)")
	return c
}

// daemon is a running `vitals serve`.
type daemon struct {
	app      *App
	listen   string // from the flag, "" for the configuration's
	cfg      *configs.Config
	log      *slog.Logger
	redactor *swappedRedactor
	keeper   *keeper
	server   *server.Server
	http     *http.Server
	mu       sync.Mutex // guards cfg, board and stopLoop during a reload
	board    *checks.Board
	stopLoop func()
	asker    *asker
	alerts   atomic.Pointer[alertLoop] // nil before the first start
	told     *deliveries
	uptime   *uptime
	gatherer *gatherer // of the configuration in force
	jobs     *jobLoop
}

// serve runs `vitals serve` until ctx ends. Ready, where not nil, is called
// once with the address listened on.
func (a *App) serve(ctx context.Context, listen string, ready func(address string)) error {
	cfg, err := a.serveConfig(listen)
	if err != nil {
		return err
	}
	redactor := newSwappedRedactor(cfg)
	log, logFile := newLogger(cfg, redactor.redact, a.Err)
	defer logFile.Close()
	listener, err := net.Listen("tcp", cfg.Serve.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", cfg.Serve.Listen, err)
	}
	defer listener.Close()
	d := &daemon{app: a, listen: listen, cfg: cfg, log: log, redactor: redactor, asker: a.newAsker(cfg), told: &deliveries{}, uptime: newUptime(ctx)}
	d.keeper = a.startKeeper(ctx, cfg, log, d.recorded)
	defer d.asker.close()
	defer d.uptime.wait()
	defer d.keeper.stop()
	certificate, err := d.certificate()
	if err != nil {
		return err
	}
	d.start(ctx)
	defer d.stop()
	stopSignals := onReload(ctx, func() { d.reload(ctx) })
	defer stopSignals()
	log.Info("listening", "address", listener.Addr().String(), "checks", len(d.board.Checks()), "config", or(cfg.File(), "none"), "version", readBuild().version)
	if ready != nil {
		ready(listener.Addr().String())
	}
	return d.run(ctx, listener, certificate)
}

func (a *App) serveConfig(listen string) (*configs.Config, error) {
	src := a.source()
	if listen != "" {
		src.Flags["serve.listen"] = listen
	}
	cfg, err := configs.Load(src)
	if err != nil {
		return nil, err
	}
	if len(cfg.Checks()) == 0 {
		return nil, usageError("Give it a database, Redis or probe: see 'vitals init'.", "no check is configured, so there is nothing to serve")
	}
	return cfg, nil
}

// start makes the board and the routes, and begins the loops.
func (d *daemon) start(ctx context.Context) {
	d.board, d.stopLoop = d.loop(ctx, d.cfg)
	state, gatherer := d.state(d.cfg, d.board)
	d.gatherer = gatherer
	d.jobs = d.app.startJobLoop(ctx, d.cfg, d.log, time.Time{})
	d.server = server.New(server.Options{
		State: state, Log: d.log, Started: d.app.Now(), Version: readBuild().version,
	})
	d.http = &http.Server{
		Handler:           d.server,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
}

// loop starts the checks of a configuration. The returned function ends them
// and lets go of their connections.
func (d *daemon) loop(ctx context.Context, cfg *configs.Config) (*checks.Board, func()) {
	runner := d.app.runner(cfg)
	runner.Panicked = func(check string, value any, stack []byte) {
		d.log.Error("a check broke", "check", check, "panic", fmt.Sprint(value), "stack", string(stack))
	}
	board := checks.NewBoard(runner, cfg.Checks(), d.keeper.observe)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); board.Keep(ctx, cfg.Serve.Interval) }()
	alerts, alerted := d.app.newAlertLoop(cfg, d.log, d.told), make(chan struct{})
	alerts.retest = func(ctx context.Context, name string) (checks.Result, bool) {
		if list := exactly(board.Checks(), name); len(list) > 0 {
			closeChecks(list) // the next run opens new connections
		}
		return board.Get(ctx, name, 0)
	}
	d.alerts.Store(alerts)
	go func() { defer close(alerted); alerts.run(ctx) }()
	return board, func() { cancel(); <-done; <-alerted; board.Close() }
}

// recorded passes on that something was kept.
func (d *daemon) recorded() {
	if alerts := d.alerts.Load(); alerts != nil {
		alerts.recorded()
	}
}

// changed passes on that a request changed an incident.
func (d *daemon) changed() {
	if alerts := d.alerts.Load(); alerts != nil {
		alerts.changed()
	}
}

// state is what the routes answer from. The gatherer is to be closed when the
// state is no longer in use.
func (d *daemon) state(cfg *configs.Config, board *checks.Board) (server.State, *gatherer) {
	o := &office{app: d.app, cfg: cfg, asker: d.asker, board: board, log: d.log, changed: d.changed, told: d.told, since: &sinceBook{}, uptime: d.uptime}
	g := o.emergencyGatherer()
	s := server.State{
		Board: board, Location: cfg.Location(), HealthMaxAge: cfg.Serve.HealthMaxAge, Token: cfg.Serve.Token, Environment: cfg.Environment,
		Origins: cfg.Origins(), Emergency: g.emergency, Page: o.page,
	}
	if d.asker != nil {
		s.Query, s.Kept, s.Figures = d.asker, o, o.figures
		s.Heart = &heart{app: d.app, cfg: cfg, kept: d.recorded}
	}
	return s, g
}

// run serves until ctx ends, then lets requests under way finish.
func (d *daemon) run(ctx context.Context, listener net.Listener, c *certificate) error {
	failed := make(chan error, 1)
	go func() { failed <- d.listenAndServe(listener, c) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving ended: %w", err)
	case <-ctx.Done():
	}
	d.mu.Lock()
	patience := d.cfg.Serve.ShutdownTimeout
	d.mu.Unlock()
	d.log.Info("stopping", "grace", patience)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	d.server.Close(grace)
	if err := d.http.Shutdown(grace); err != nil {
		d.log.Warn("requests were cut off", "error", err)
		_ = d.http.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// certificate reads the TLS key pair, nil where none is configured. One that
// cannot be used ends the start: a server that answers no handshake would look
// as if it ran.
func (d *daemon) certificate() (*certificate, error) {
	s := d.cfg.Serve
	if s.TLSCertFile == "" {
		return nil, nil
	}
	c := newCertificate(s.TLSCertFile, s.TLSKeyFile, d.log)
	if _, err := c.get(nil); err != nil {
		return nil, &failure{code: exitConfig, err: fmt.Errorf("serve.tls_cert_file and serve.tls_key_file cannot be used: %w", err)}
	}
	return c, nil
}

func (d *daemon) listenAndServe(listener net.Listener, c *certificate) error {
	if c == nil {
		return d.http.Serve(listener)
	}
	d.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	return d.http.ServeTLS(listener, "", "")
}

// reload reads the configuration again. Anything wrong with it leaves the old
// one running.
func (d *daemon) reload(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg, err := d.app.serveConfig(d.listen)
	if err != nil {
		d.log.Error("the configuration was not reloaded; the old one stays in force", "error", err)
		return
	}
	if cfg.Serve.Listen != d.cfg.Serve.Listen || cfg.HistoryPath() != d.cfg.HistoryPath() || cfg.History.URL != d.cfg.History.URL {
		d.log.Warn("a new listen address or history takes effect with a restart")
	}
	d.redactor.swap(d.cfg, cfg)
	stopOld := d.stopLoop
	board, stop := d.loop(ctx, cfg)
	board.All(ctx, 0) // the new board has answers before anybody asks it
	state, gatherer := d.state(cfg, board)
	d.server.Swap(state)
	d.gatherer.close()
	d.cfg, d.board, d.stopLoop, d.gatherer = cfg, board, stop, gatherer
	d.jobs.retire()
	d.jobs = d.app.startJobLoop(ctx, cfg, d.log, d.app.Now())
	stopOld()
	d.log.Info("configuration reloaded", "config", or(cfg.File(), "none"), "checks", len(board.Checks()))
}

func (d *daemon) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopLoop()
	d.gatherer.close()
	d.jobs.wait()
}
