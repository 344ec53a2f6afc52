package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
)

// secure starts an HTTPS server and returns its host:port.
func secure(t testing.TB, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	s.TLS, s.Config.ErrorLog, s.EnableHTTP2 = config, discard(), true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// tlsCase is a server and what a visitor who trusts the root gets from it.
type tlsCase struct {
	config *tls.Config
	status checks.Status
	http   string // what the http probe says
	tls    string // what the tls probe says; "" for the same
	trust  bool
	server string // server_name
}

func tlsCases(t *testing.T, root *authority) map[string]tlsCase {
	now := time.Now()
	between := newAuthority(t, "Between CA", root)
	fading := newAuthority(t, "Fading CA", nil)
	fading.by, fading.cert = root, root.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Fading CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.Add(-10 * day), NotAfter: now.Add(12*day + time.Hour),
	}, fading.key, root)
	self := newAuthority(t, "self.example", nil)
	with := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	good := between.leaf(now.Add(60*day+time.Hour), "127.0.0.1", "www.example")
	bare := between.leaf(now.Add(60*day), "127.0.0.1")
	bare.Certificate = bare.Certificate[:1]
	older := with(good)
	older.MinVersion, older.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	strict := with(good)
	strict.ClientAuth, strict.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	strict.ClientCAs.AddCert(root.cert)
	return map[string]tlsCase{
		"well":                {with(good), checks.Healthy, "answers 200 OK", "valid certificate for 127.0.0.1, for another 60 days", true, ""},
		"by another name":     {with(good), checks.Healthy, "answers 200 OK", "valid certificate for www.example", true, "www.example"},
		"expires soon":        {with(root.leaf(now.Add(14*day+time.Hour), "127.0.0.1")), checks.Degraded, "has a certificate that expires in 14 days, on " + now.Add(14*day+time.Hour).UTC().Format(time.DateOnly), "", true, ""},
		"expires at once":     {with(root.leaf(now.Add(30*time.Hour), "127.0.0.1")), checks.Unhealthy, "expires in 30 h", "", true, ""},
		"the issuer expires":  {with(fading.leaf(now.Add(80*day), "127.0.0.1")), checks.Degraded, "expires in 12 days", "", true, ""},
		"expired":             {with(root.leaf(now.Add(-3*day-time.Hour), "127.0.0.1")), checks.Unhealthy, "has a certificate that expired on " + now.Add(-3*day-time.Hour).UTC().Format(time.DateOnly) + ", 3 days ago", "", true, ""},
		"not valid yet":       {with(root.leaf(now.Add(91*day), "127.0.0.1")), checks.Unhealthy, "that is not valid before", "", true, ""},
		"another host":        {with(root.leaf(now.Add(60*day), "a.example", "b.example", "c.example", "d.example")), checks.Unhealthy, "has a certificate for a.example, b.example, c.example and 1 more, not for 127.0.0.1", "", true, ""},
		"no name":             {with(root.leaf(now.Add(60 * day))), checks.Unhealthy, "not for 127.0.0.1", "", true, ""},
		"issuer not trusted":  {with(good), checks.Unhealthy, "whose issuer (Root CA) is not trusted here", "", false, ""},
		"issuer not sent":     {with(bare), checks.Unhealthy, "whose issuer (Between CA) is not trusted here", "", true, ""},
		"stranger":            {with(self.leaf(now.Add(60*day), "127.0.0.1")), checks.Unhealthy, "whose issuer (self.example) is not trusted here", "", true, ""},
		"too old":             {older, checks.Unhealthy, "speaks no version of TLS that is still safe", "speaks nothing better than TLS 1.1, expected TLS 1.2 or newer", true, ""},
		"wants a certificate": {strict, checks.Unhealthy, "does not accept the client certificate", "-", true, ""},
	}
}

func TestTLSServers(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	caFile := root.file()
	for name, c := range tlsCases(t, root) {
		address := secure(t, c.config)
		file := caFile
		if !c.trust {
			file = ""
		}
		t.Run("http "+name, func(t *testing.T) {
			o := get("https://" + address)
			o.TLS.CAFile, o.TLS.ServerName = file, c.server
			got := ask(t, o)
			want(t, got, c.status, c.http)
		})
		if c.tls == "-" {
			continue
		}
		t.Run("tls "+name, func(t *testing.T) {
			says := c.tls
			if says == "" {
				says = c.http
			}
			got := ask(t, certificate(address, func(o *probe.CertificateProbe) { o.CAFile, o.ServerName = file, c.server }))
			want(t, got, c.status, says)
			if len(got.Tables) != 1 || len(got.Tables[0].Rows) != len(c.config.Certificates[0].Certificate) {
				t.Errorf("tables %v", got.Tables)
			}
			if fact(t, got, "certificate_expires") == nil || fact(t, got, "certificate_left") == nil {
				t.Error("the end of the certificate is not told")
			}
			if _, ok := sample(got, "vitals_probe_certificate_expires_timestamp_seconds", "probe", "it"); !ok {
				t.Error("no sample of the certificate's end")
			}
		})
	}
}

func TestEverythingWrongAtOnce(t *testing.T) {
	stranger := newAuthority(t, "Stranger CA", nil)
	config := &tls.Config{Certificates: []tls.Certificate{stranger.leaf(time.Now().Add(-40*day), "a.example")}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	got := ask(t, certificate(secure(t, config), nil))
	for _, part := range []string{"expired on", "not for 127.0.0.1", "issuer (Stranger CA) is not trusted", "nothing better than TLS 1.0"} {
		want(t, got, checks.Unhealthy, part)
	}
}

func TestTrulySelfSigned(t *testing.T) {
	a := newAuthority(t, "127.0.0.1", nil)
	key := newKey(t)
	c := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-day), NotAfter: time.Now().Add(60 * day)}, key, nil)
	address := secure(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: key}}})
	got := ask(t, certificate(address, nil))
	want(t, got, checks.Unhealthy, "has a self-signed certificate")
	want(t, got, checks.Unhealthy, "127.0.0.1 (only as its common name, which no longer counts)")
}

func TestTLSFacts(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	until := time.Now().Add(60 * day)
	address := secure(t, &tls.Config{Certificates: []tls.Certificate{root.leaf(until, "127.0.0.1")}})
	o := get("https://" + address)
	o.TLS.CAFile = root.file()
	got := ask(t, o)
	if v := fact(t, got, "protocol"); v != "HTTP/2.0" {
		t.Errorf("protocol %v", v)
	}
	if v := fact(t, got, "tls_version"); v != "TLS 1.3" {
		t.Errorf("TLS version %v", v)
	}
	if v, _ := fact(t, got, "certificate_expires").(time.Time); !v.Equal(until.Truncate(time.Second)) {
		t.Errorf("expires %v, want %v", v, until)
	}
	if d, _ := fact(t, got, "tls").(time.Duration); d <= 0 {
		t.Errorf("TLS took %s", d)
	}
	if _, ok := sample(got, "vitals_probe_phase_seconds", "phase", "tls"); !ok {
		t.Error("no sample of the handshake")
	}
	o.TLS.CAFile, o.TLS.InsecureSkipVerify = "", true
	want(t, ask(t, o), checks.Healthy, "200 OK")
}

func TestClientCertificate(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	address := secure(t, &tls.Config{
		Certificates: []tls.Certificate{root.leaf(time.Now().Add(60*day), "127.0.0.1")},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})
	certFile, keyFile := pair(t, root.leaf(time.Now().Add(60*day), "client"))
	o := get("https://" + address)
	o.TLS = probe.TLSOptions{CAFile: root.file(), CertFile: certFile, KeyFile: keyFile}
	want(t, ask(t, o), checks.Healthy, "200 OK")
	p := port(address, func(o *probe.TCPOptions) {
		o.TLS.Enabled, o.TLS.TLSOptions = true, probe.TLSOptions{CAFile: root.file(), CertFile: certFile, KeyFile: keyFile}
		o.Send, o.Expect = "GET / HTTP/1.0\r\n\r\n", "hello$"
	})
	got := ask(t, p)
	want(t, got, checks.Healthy, "answers as expected")
	if d, _ := fact(t, got, "tls").(time.Duration); d <= 0 {
		t.Errorf("TLS took %s", d)
	}
}

func TestBrokenFilesAreOurTrouble(t *testing.T) {
	address := secure(t, nil)
	missing, empty := t.TempDir()+"/none.pem", pemFile(t, "NOTHING", nil)
	for _, o := range []checks.Options{
		func() checks.Options { o := get("https://" + address); o.TLS.CAFile = missing; return o }(),
		func() checks.Options { o := get("https://" + address); o.TLS.CAFile = empty; return o }(),
		func() checks.Options {
			o := get("https://" + address)
			o.TLS.CertFile, o.TLS.KeyFile = empty, empty
			return o
		}(),
		port(address, func(o *probe.TCPOptions) { o.TLS.Enabled, o.TLS.CAFile = true, missing }),
		certificate(address, func(o *probe.CertificateProbe) { o.CAFile = missing }),
	} {
		got := ask(t, o)
		want(t, got, checks.Unknown, "a file of the TLS settings cannot be used")
		if !strings.Contains(got.Error, ".pem") {
			t.Errorf("the error does not name the file: %s", got.Error)
		}
	}
}

func TestPlainAndTLSMixedUp(t *testing.T) {
	s := site(t)
	plain := strings.TrimPrefix(s.URL, "http://")
	want(t, ask(t, get("https://"+plain)), checks.Unhealthy, "answers in plain HTTP")
	want(t, ask(t, certificate(plain, nil)), checks.Unhealthy, "does not speak TLS on this port")
	want(t, ask(t, get("http://"+secure(t, nil))), checks.Unhealthy, "answers 400 Bad Request")
	want(t, ask(t, get("http://"+speaker(t, "\x15\x03\x01\x00\x02\x02\x16", true))), checks.Unhealthy, "expects TLS")
	want(t, ask(t, get("http://"+speaker(t, "SSH-2.0-OpenSSH_9.2\r\n", true))), checks.Unhealthy, "does not speak HTTP")
}
