// Package demo is the made-up fitness-event platform that `vitals demo`
// watches: a SQLite database, a Redis-compatible server and an HTTP
// application with traffic, all in one process. It is somebody else's
// application: it knows nothing of Vitals.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Options say how a platform is to be.
type Options struct {
	Dir  string // everything it writes is below this folder
	Seed uint64 // of the made-up data and traffic; the same seed gives the same data
	Now  func() time.Time
	Log  *slog.Logger // nil = none
}

// Platform is a running platform.
type Platform struct {
	options Options
	data    *store
	cache   *cache
	app     *app
	traffic *traffic
	mu      sync.Mutex
	broken  map[string]bool
}

// Start makes the data and starts everything. It takes well below a second.
func Start(ctx context.Context, o Options) (*Platform, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Platform{options: o, broken: map[string]bool{}}
	var err error
	if p.data, err = newStore(ctx, filepath.Join(o.Dir, "platform.db"), o.Seed, o.Now()); err != nil {
		return nil, fmt.Errorf("made-up data: %w", err)
	}
	if p.cache, err = newCache(); err != nil {
		p.data.close()
		return nil, fmt.Errorf("made-up Redis: %w", err)
	}
	if p.app, err = newApp(p.data, p.cache, o.Dir, o.Now, o.Log); err != nil {
		p.cache.close()
		p.data.close()
		return nil, fmt.Errorf("made-up application: %w", err)
	}
	p.traffic = startTraffic(p.app.url(), o.Seed)
	return p, nil
}

// AppURL is where the application answers.
func (p *Platform) AppURL() string { return p.app.url() }

// MetricsURL is where it shows its Prometheus metrics.
func (p *Platform) MetricsURL() string { return p.app.url() + "/metrics" }

// AccessLog is the file with one JSON line for each request.
func (p *Platform) AccessLog() string { return p.app.logFile.Name() }

// Breaks lists what can be made to fail, sorted.
func Breaks() []string { return []string{"database", "errors", "memory", "redis", "slow"} }

// Break makes a part fail until it is mended. Breaking twice is no error.
func (p *Platform) Break(part string) error { return p.set(part, true) }

// Mend undoes Break.
func (p *Platform) Mend(part string) error { return p.set(part, false) }

func (p *Platform) set(part string, broken bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken[part] == broken {
		return nil
	}
	var err error
	switch part {
	case "database":
		err = p.data.setBroken(broken)
	case "redis":
		err = p.cache.setBroken(broken)
	case "slow":
		p.app.slow.Store(broken)
	case "errors":
		p.app.failing.Store(broken)
	case "memory":
		p.app.setBallast(broken)
	default:
		return fmt.Errorf("%q is no part of the demo", part)
	}
	if err == nil {
		p.broken[part] = broken
	}
	return err
}

// Close stops everything. What it wrote stays in its folder.
func (p *Platform) Close() error {
	p.traffic.stop()
	err := p.app.close()
	p.cache.close()
	return errors.Join(err, p.data.close())
}
