package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"vitals/checks"
)

// tlsVersion reads the least version that is expected, 0 for one that is not
// known.
func tlsVersion(word string) uint16 {
	switch cmp.Or(word, "tls1.2") {
	case "tls1.0":
		return tls.VersionTLS10
	case "tls1.1":
		return tls.VersionTLS11
	case "tls1.2":
		return tls.VersionTLS12
	case "tls1.3":
		return tls.VersionTLS13
	}
	return 0
}

// Problems implements checks.Options.
func (o *CertificateProbe) Problems() []checks.Problem {
	p := &problems{}
	p.name(o.Name)
	if o.Address == "" {
		p.missing("address", "host:port")
	} else if _, err := hostPort(o.Address, "443"); err != nil {
		p.add("address", "%s; write host:port", err)
	}
	if tlsVersion(o.MinVersion) == 0 {
		p.add("min_version", "%q is not known; use tls1.0, tls1.1, tls1.2 or tls1.3", o.MinVersion)
	}
	p.ipVersion(o.IPVersion)
	p.times(o.DegradedAfter, o.UnhealthyAfter)
	o.Certificate.problems(p)
	return p.all
}

// endpoint is a TLS probe, ready to use.
type endpoint struct {
	CertificateProbe
	address string // with the port
	server  string // the name that the certificate must have
}

// Checks implements checks.Options.
func (o *CertificateProbe) Checks() []checks.Check {
	e := &endpoint{CertificateProbe: *o}
	e.address, _ = hostPort(o.Address, "443") // Problems has told what is wrong with it
	e.server = o.ServerName
	if e.server == "" {
		e.server, _, _ = net.SplitHostPort(e.address)
	}
	return newCheck(o.Name, o.Common, checks.Check{Help: "looks at the certificates of " + o.Address, Do: e.do})
}

func (e *endpoint) do(ctx context.Context) checks.Result {
	t := newTrace()
	state, roots, res := e.look(ctx, t)
	if state == nil {
		return t.onto(res, e.Name, e.DegradedAfter, e.UnhealthyAfter)
	}
	now, v := time.Now(), &checks.Verdict{}
	total := t.finish()
	e.verify(v, state, roots, now)
	first := earliest(state.PeerCertificates)
	e.Certificate.judge(v, first, now)
	slow(v, total, e.DegradedAfter, e.UnhealthyAfter)

	res = certified(checks.Result{Status: v.Status, Hint: v.Hint}, e.Name, state, first, now)
	res = t.onto(res.Add(certificateFacts(state)...), e.Name, e.DegradedAfter, e.UnhealthyAfter)
	res.Tables = []checks.Table{chainTable(state.PeerCertificates)}
	if len(v.Reasons) > 0 {
		res.Summary = e.address + " " + v.Text()
	} else {
		res.Summary = fmt.Sprintf("%s has a valid certificate for %s, for another %s (%s)", e.address, e.server,
			checks.DurationText(first.NotAfter.Sub(now)), tls.VersionName(state.Version))
	}
	return res
}

// look connects and takes whatever the server shows: what is wrong with it is
// judged afterwards, all at once. The result is that of a failure.
func (e *endpoint) look(ctx context.Context, t *trace) (*tls.ConnectionState, *x509.CertPool, checks.Result) {
	fail := func(trouble checks.Trouble, err error) (*tls.ConnectionState, *x509.CertPool, checks.Result) {
		t.finish()
		return nil, nil, failed(e.address, trouble, err)
	}
	roots, err := readRoots(e.CAFile)
	if err != nil {
		return fail(badFiles, err)
	}
	conn, err := dial(ctx, t, e.IPVersion, e.address)
	if err != nil {
		return fail(t.trouble(ctx, err), err)
	}
	secure, err := handshake(ctx, t, conn, &tls.Config{
		ServerName:         e.server,
		InsecureSkipVerify: true, // nothing is sent, and verify follows
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       allSuites(),
	})
	if err != nil {
		return fail(t.trouble(ctx, err), err)
	}
	defer secure.Close()
	state := secure.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return fail(checks.Trouble{Status: checks.Unhealthy, What: "shows no certificate", Hint: "Look at its TLS settings."}, nil)
	}
	return &state, roots, checks.Result{}
}

// allSuites includes the broken ones, so that a server that knows nothing
// better can be told apart from one that does not answer.
func allSuites() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// verify finds everything that is wrong, where a TLS library stops at the
// first thing.
func (e *endpoint) verify(v *checks.Verdict, state *tls.ConnectionState, roots *x509.CertPool, now time.Time) {
	note := func(err error) {
		if err == nil {
			return
		}
		trouble, ok := checks.TLSTrouble(err, now)
		if !ok { // a system's own verifier has errors of its own
			trouble = checks.Trouble{Status: checks.Unhealthy, What: "has a certificate that this machine does not accept: " + err.Error(), Hint: "Look at it with openssl s_client -showcerts."}
		}
		v.Add(trouble.Status, trouble.Hint, "%s", trouble.What)
	}
	leaf := state.PeerCertificates[0]
	at := now
	for _, c := range state.PeerCertificates {
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			note(x509.CertificateInvalidError{Cert: c, Reason: x509.Expired})
			// The rest is judged as it was when all was valid.
			at = within(state.PeerCertificates, now)
			break
		}
	}
	note(leaf.VerifyHostname(e.server))
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at}); err != nil {
		note(err)
	}
	if least := tlsVersion(e.MinVersion); state.Version < least {
		v.Add(checks.Unhealthy, "Allow newer versions of TLS in its settings.", "speaks nothing better than %s, expected %s or newer", tls.VersionName(state.Version), tls.VersionName(least))
	}
	for _, s := range tls.InsecureCipherSuites() {
		if s.ID == state.CipherSuite {
			v.Add(checks.Degraded, "Allow better cipher suites in its settings.", "agrees on nothing better than the weak cipher suite %s", s.Name)
		}
	}
}

// within returns a moment at which all certificates were valid, or now where
// there is none.
func within(chain []*x509.Certificate, now time.Time) time.Time {
	from, to := chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(to) {
			to = c.NotAfter
		}
	}
	switch {
	case to.Before(from):
		return now
	case now.Before(from):
		return from
	case now.After(to):
		return to
	}
	return now
}

func certificateFacts(state *tls.ConnectionState) []checks.Fact {
	leaf := state.PeerCertificates[0]
	return []checks.Fact{
		checks.Text("certificate_subject", leaf.Subject.String()),
		checks.Text("certificate_issuer", leaf.Issuer.String()),
		checks.Text("cipher_suite", tls.CipherSuiteName(state.CipherSuite)),
	}
}

// chainTable has a row for each certificate that the server sends.
func chainTable(chain []*x509.Certificate) checks.Table {
	t := checks.Table{Name: "certificates", Columns: []checks.Column{
		{Name: "subject", Kind: checks.KindText}, {Name: "issuer", Kind: checks.KindText},
		{Name: "not_before", Kind: checks.KindTime}, {Name: "not_after", Kind: checks.KindTime},
	}}
	for _, c := range chain {
		t.Add(c.Subject.String(), c.Issuer.String(), c.NotBefore, c.NotAfter)
	}
	return t
}
