package redis_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

// secured puts TLS before a server. It returns the address and a file with the
// certificate, which is for 127.0.0.1 and example.com.
func secured(t testing.TB, to string, change func(*tls.Config)) (address, caFile string) {
	t.Helper()
	model := httptest.NewUnstartedServer(nil)
	model.StartTLS()
	t.Cleanup(model.Close)
	config := &tls.Config{Certificates: model.TLS.Certificates}
	if change != nil {
		change(config)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				if in.(*tls.Conn).Handshake() != nil {
					return
				}
				out, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(out, in) }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: model.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), caFile
}

func TestTLS(t *testing.T) {
	s := testenv.StartRedis(t)
	address, ca := secured(t, s.Addr, nil)
	old, oldCA := secured(t, s.Addr, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 })
	strict, strictCA := secured(t, s.Addr, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	notPEM := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(notPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		url    string
		tls    redis.TLSOptions
		status checks.Status
		says   string
	}{
		"trusted":                  {"rediss://" + address, redis.TLSOptions{CAFile: ca}, checks.Healthy, "Redis"},
		"by a file alone":          {"redis://" + address, redis.TLSOptions{CAFile: ca}, checks.Healthy, "Redis"},
		"not verified":             {"rediss://" + address, redis.TLSOptions{InsecureSkipVerify: true}, checks.Healthy, "Redis"},
		"not verified, as in Ruby": {"rediss://" + address + "?ssl_cert_reqs=none", redis.TLSOptions{}, checks.Healthy, "Redis"},
		"not trusted":              {"rediss://" + address, redis.TLSOptions{}, checks.Unhealthy, "self-signed certificate"},
		"another name":             {"rediss://" + address, redis.TLSOptions{CAFile: ca, ServerName: "cache.internal"}, checks.Unhealthy, "not for cache.internal"},
		"too old":                  {"rediss://" + old, redis.TLSOptions{CAFile: oldCA}, checks.Unhealthy, "no version of TLS that is still safe"},
		"wants a certificate":      {"rediss://" + strict, redis.TLSOptions{CAFile: strictCA}, checks.Unhealthy, "does not accept the client certificate"},
		"no such file":             {"rediss://" + address, redis.TLSOptions{CAFile: notPEM + "x"}, checks.Unknown, "a file of the TLS settings cannot be used"},
		"not a certificate":        {"rediss://" + address, redis.TLSOptions{CAFile: notPEM}, checks.Unknown, "a file of the TLS settings cannot be used"},
		"not a key":                {"rediss://" + address, redis.TLSOptions{CertFile: ca, KeyFile: notPEM}, checks.Unknown, "a file of the TLS settings cannot be used"},
		"plain to a TLS port":      {"redis://" + address, redis.TLSOptions{}, checks.Unhealthy, "Redis at " + address},
		"TLS to a plain port":      {"rediss://" + s.Addr, redis.TLSOptions{}, checks.Unhealthy, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, check(t, func(o *redis.Options) { o.URL, o.TLS = checks.Secret(c.url), c.tls }), 500*time.Millisecond)
			want(t, got, c.status, c.says)
			if c.status == checks.Unknown && got.Error == "" {
				t.Error("the error does not name the file")
			}
		})
	}
}

func TestTLSIsNamed(t *testing.T) {
	address, ca := secured(t, testenv.StartRedis(t).Addr, nil)
	got := ask(t, check(t, func(o *redis.Options) { o.URL, o.TLS.CAFile = checks.Secret("rediss://"+address), ca }))
	if v := fact(t, got, "tls"); v != "TLS 1.3" {
		t.Errorf("tls is %v", v)
	}
	got = ask(t, check(t, func(o *redis.Options) {
		o.URL, o.TLS.InsecureSkipVerify = checks.Secret("rediss://"+address), true
	}))
	if v := fact(t, got, "tls"); v != "TLS 1.3, certificate not verified" {
		t.Errorf("tls is %v", v)
	}
}
