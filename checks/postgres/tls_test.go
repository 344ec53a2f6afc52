package postgres

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
	"vitals/internal/testenv"
)

// authority signs certificates of servers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t), file: filepath.Join(t.TempDir(), "root.crt")}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// install gives the server a certificate and its key. Rows of COPY write the
// files as the server's own user.
func (a *authority) install(t *testing.T, pg *testenv.PostgresServer, name string, ip net.IP, until time.Time) {
	t.Helper()
	key := newKey(t)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until}
	if ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: der}, "server.key": {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		lines := strings.Split(strings.TrimSpace(string(pem.EncodeToMemory(block))), "\n")
		pg.Exec(t, fmt.Sprintf("COPY (SELECT unnest(ARRAY['%s'])) TO PROGRAM 'umask 077; cat > %s'", strings.Join(lines, "','"), file))
	}
	pg.Exec(t, "ALTER SYSTEM SET ssl = on")
	pg.Exec(t, "SELECT pg_reload_conf()")
	eventually(t, "the new certificate", func() bool {
		conn, err := pgconn.Connect(t.Context(), with(t, pg.URL, nil, func(u *url.URL) { u.RawQuery = "sslmode=require" }))
		if err != nil {
			return false
		}
		defer conn.Close(t.Context())
		return bytes.Equal(conn.Conn().(*tls.Conn).ConnectionState().PeerCertificates[0].Raw, der)
	})
}

func overTLS(t *testing.T, pg *testenv.PostgresServer, app string) {
	mode := func(query string) string {
		return with(t, app, nil, func(u *url.URL) { u.RawQuery = query })
	}
	for _, m := range []string{"require", "verify-ca", "verify-full"} {
		res := run(t, options(with(t, mode("sslmode="+m), url.UserPassword("app", secret))))[0]
		expect(t, res, checks.Unhealthy, "does not speak TLS, which sslmode in the address demands")
	}
	expect(t, run(t, options(mode("sslmode=prefer")))[0], checks.Healthy, "answers")

	ours, other := newAuthority(t), newAuthority(t)
	day := time.Now().Add(24 * time.Hour)
	ours.install(t, pg, "127.0.0.1", net.IPv4(127, 0, 0, 1), day)
	for _, m := range []string{"prefer", "require", "verify-ca", "verify-full"} {
		list := options(mode("sslmode=" + m + "&sslrootcert=" + ours.file)).Checks()
		expect(t, again(t, list)[0], checks.Healthy, "answers")
		conn := session(t, app)
		if got := exec(t, conn, "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'vitals' AND usename = 'app'"); got != "t" {
			t.Errorf("sslmode=%s: the session's TLS is %q", m, got)
		}
		conn.Close(t.Context())
		closeAll(list)
	}
	full := "sslmode=verify-full&sslrootcert="
	expect(t, run(t, options(mode(full+other.file)))[0], checks.Unhealthy, "is not from an authority that is trusted here")
	ours.install(t, pg, "db.example.org", nil, day)
	expect(t, run(t, options(mode(full+ours.file)))[0], checks.Unhealthy, "is for another name")
	expect(t, run(t, options(mode("sslmode=verify-ca&sslrootcert="+ours.file)))[0], checks.Healthy, "answers")
	ours.install(t, pg, "127.0.0.1", net.IPv4(127, 0, 0, 1), time.Now().Add(-time.Hour))
	expect(t, run(t, options(mode(full+ours.file)))[0], checks.Unhealthy, "has expired or is not valid yet")
	pg.Exec(t, "ALTER SYSTEM RESET ssl")
	pg.Exec(t, "SELECT pg_reload_conf()")
}
