package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

func keeperFor(t *testing.T, path string) *keeper {
	t.Helper()
	cfg := configs.Default()
	cfg.History.Path = path
	return (&App{}).startKeeper(t.Context(), cfg, slog.New(slog.DiscardHandler), func() {})
}

func result(n int) checks.Result {
	return checks.Result{Check: fmt.Sprintf("check%d", n%7), Summary: "fine", Started: time.Now().Add(time.Duration(n) * time.Millisecond)}
}

func TestKeeperKeepsEverythingUntilItStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	k := keeperFor(t, path)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 250 {
				k.observe(result(i*1000 + n))
			}
		})
	}
	wg.Wait()
	k.stop()
	k.observe(result(1)) // a check that was under way answers late
	if k.lost.Load() != 0 {
		t.Errorf("%d lost", k.lost.Load())
	}
	db, err := history.Open(t.Context(), history.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	recent, err := db.Recent(t.Context(), 10000)
	kept := 0
	for _, points := range recent {
		kept += len(points)
	}
	if err != nil || kept != 1000 {
		t.Errorf("%d of 1000 kept, %v", kept, err)
	}
}

func TestKeeperNeverHoldsACheckUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.MkdirAll(filepath.Join(path, "a folder where the file should be"), 0o700); err != nil {
		t.Fatal(err)
	}
	k := keeperFor(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 3 * keeperBacklog {
			k.observe(result(n))
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal("observe blocks while the history is broken")
	}
	k.stop()
	if k.lost.Load() != 3*keeperBacklog {
		t.Errorf("%d lost of %d: what was not kept is not counted", k.lost.Load(), 3*keeperBacklog)
	}
}
