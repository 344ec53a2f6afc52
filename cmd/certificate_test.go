package cmd

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vitals/internal/testenv"
)

// TestARenewedCertificateIsTaken: whoever renews certificates does not restart
// Vitals, and a renewal that went wrong must not end TLS.
func TestARenewedCertificateIsTaken(t *testing.T) {
	dir := t.TempDir()
	testenv.Certificate(t, dir, "first")
	c := newCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), slog.New(slog.DiscardHandler))
	holds := func(want string) {
		t.Helper()
		c.looked = time.Time{}
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil || cert.Subject.CommonName != want {
			t.Errorf("holds %s (%v), want %s", cert.Subject.CommonName, err, want)
		}
	}
	holds("first")
	testenv.Certificate(t, dir, "second")
	if err := os.Chtimes(c.certFile, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	holds("second")
	if err := os.WriteFile(c.certFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds("second")
}
