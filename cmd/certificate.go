package cmd

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a TLS key pair read from files that somebody renews while
// Vitals runs. It is read again when the certificate's file has changed.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	mu                sync.Mutex
	pair              *tls.Certificate
	changed           time.Time
	looked            time.Time
}

func newCertificate(certFile, keyFile string, log *slog.Logger) *certificate {
	return &certificate{certFile: certFile, keyFile: keyFile, log: log}
}

// get is for tls.Config.GetCertificate. A new pair that cannot be read leaves
// the old one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && time.Since(c.looked) < 10*time.Second {
		return c.pair, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.certFile)
	if err == nil && c.pair != nil && info.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile)
	}
	if err != nil {
		if c.pair == nil {
			return nil, err
		}
		c.log.Error("the renewed certificate cannot be used; the old one stays", "error", err)
		return c.pair, nil
	}
	c.pair, c.changed = &pair, info.ModTime()
	return c.pair, nil
}
