//go:build unix

package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// onReload calls do for every SIGHUP, one at a time. The returned function
// ends that.
func onReload(ctx context.Context, do func()) (stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-hup:
				do()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { signal.Stop(hup); cancel() }
}
