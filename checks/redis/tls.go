package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// config reads the files anew for every connection, so that renewed ones are
// used without a restart.
func (o TLSOptions) config(t target) (*tls.Config, error) {
	c := &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: t.insecure}
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(t.address)
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", o.CAFile)
		}
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s and %s cannot be used", o.CertFile, o.KeyFile), err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// words names the TLS in use.
func (l *link) words() string {
	switch {
	case l.tls == nil:
		return "no"
	case l.insecure:
		return tls.VersionName(l.tls.Version) + ", certificate not verified"
	}
	return tls.VersionName(l.tls.Version)
}
