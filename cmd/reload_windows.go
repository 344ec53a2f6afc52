package cmd

import "context"

// onReload does nothing: Windows has no SIGHUP, a restart reads the
// configuration again.
func onReload(context.Context, func()) (stop func()) { return func() {} }
