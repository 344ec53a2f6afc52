package probe_test

import (
	"io"
	"log"
)

// discard is a logger for servers that are meant to fail.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
