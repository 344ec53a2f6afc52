//go:build !linux && !darwin

package sqlite

// onReadOnlyMount is not available on this system; the mode of the file is.
func onReadOnlyMount(string) bool { return false }
