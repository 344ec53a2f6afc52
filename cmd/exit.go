package cmd

import (
	"errors"
	"fmt"

	"vitals/checks"
	"vitals/configs"
)

// The exit codes of every command: the first four are Nagios', the others
// those of sysexits.h. Nothing else in Vitals knows a number.
const (
	exitHealthy   = 0
	exitDegraded  = 1
	exitUnhealthy = 2
	exitUnknown   = 3
	exitUsage     = 64 // the command line was wrong
	exitInternal  = 70 // a fault of Vitals or of the machine it runs on
	exitGaveUp    = 75 // `wait` waited in vain
	exitConfig    = 78 // the configuration was wrong
)

// failure is an error that knows its exit code. Err may be nil where the
// output has already said everything, as after a check.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usageError is for what the person typed.
func usageError(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// gaveUp is for waiting in vain.
func gaveUp(format string, args ...any) error {
	return &failure{code: exitGaveUp, err: fmt.Errorf(format, args...)}
}

// verdict turns a status into how the command ends: nil below failOn.
func verdict(status, failOn checks.Status) error {
	if status == checks.Healthy || status < failOn && status != checks.Unknown {
		return nil
	}
	switch status {
	case checks.Degraded:
		return &failure{code: exitDegraded}
	case checks.Unhealthy:
		return &failure{code: exitUnhealthy}
	default:
		return &failure{code: exitUnknown}
	}
}

// exitCode is the one place that decides how the process ends.
func exitCode(err error) int {
	var f *failure
	var broken *configs.Errors
	switch {
	case err == nil:
		return exitHealthy
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &broken):
		return exitConfig
	default:
		return exitInternal
	}
}
