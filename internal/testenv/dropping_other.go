//go:build !linux

package testenv

import "testing"

// Dropping is an address where no connection is ever made. Only Linux lets an
// ordinary process make one.
func Dropping(t testing.TB) string {
	t.Helper()
	t.Fatal("an address that drops packets needs Linux: run this test there")
	return ""
}
