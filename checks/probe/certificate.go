package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"vitals/checks"
)

// days is the length of a day as certificates count it.
const days = 24 * time.Hour

func (o CertificateOptions) problems(p *problems) {
	if o.DegradedDays < 0 {
		p.add("certificate_degraded_days", "must not be negative, got %d", o.DegradedDays)
	}
	if o.UnhealthyDays < 0 {
		p.add("certificate_unhealthy_days", "must not be negative, got %d", o.UnhealthyDays)
	}
	if o.DegradedDays > 0 && o.UnhealthyDays > o.DegradedDays {
		p.add("certificate_unhealthy_days", "%d is above certificate_degraded_days (%d), so nothing would ever be degraded", o.UnhealthyDays, o.DegradedDays)
	}
}

func (o TLSOptions) problems(p *problems) {
	if o.CertFile != "" && o.KeyFile == "" {
		p.missing("tls.key_file", "the key of cert_file")
	}
	if o.KeyFile != "" && o.CertFile == "" {
		p.missing("tls.cert_file", "the certificate of key_file")
	}
}

// config reads the files anew in every run, so that renewed ones are used
// without a restart.
func (o TLSOptions) config() (*tls.Config, error) {
	c := &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: o.InsecureSkipVerify}
	roots, err := readRoots(o.CAFile)
	if err != nil {
		return nil, err
	}
	c.RootCAs = roots
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s and %s cannot be used", o.CertFile, o.KeyFile), err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// readRoots reads the authorities to trust, nil for those of the system.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return roots, nil
}

var badFiles = checks.Trouble{Status: checks.Unknown, What: "could not be asked: a file of the TLS settings cannot be used", Hint: "Error names the file: correct its path, content or permissions."}

// firstToExpire returns the certificate of a chain that expires first. Of
// several chains that a verifier found the longest-lived counts, since one is
// enough; the authority at its end is left out, being trusted in itself.
func firstToExpire(state *tls.ConnectionState) *x509.Certificate {
	if len(state.VerifiedChains) == 0 {
		return earliest(state.PeerCertificates)
	}
	var best *x509.Certificate
	for _, chain := range state.VerifiedChains {
		if len(chain) > 1 {
			chain = chain[:len(chain)-1]
		}
		if c := earliest(chain); best == nil || c != nil && c.NotAfter.After(best.NotAfter) {
			best = c
		}
	}
	return best
}

func earliest(chain []*x509.Certificate) *x509.Certificate {
	var first *x509.Certificate
	for _, c := range chain {
		if first == nil || c.NotAfter.Before(first.NotAfter) {
			first = c
		}
	}
	return first
}

// judge judges how long a certificate is still valid. One that has expired is
// for whoever verifies it to judge.
func (o CertificateOptions) judge(v *checks.Verdict, c *x509.Certificate, now time.Time) {
	const hint = "Renew it, and have the server load the new one; find out why it was not renewed by itself."
	left := c.NotAfter.Sub(now)
	when := fmt.Sprintf("has a certificate that expires in %s, on %s", checks.DurationText(left), c.NotAfter.UTC().Format(time.DateOnly))
	switch {
	case left < 0:
	case left < time.Duration(o.UnhealthyDays)*days:
		v.Add(checks.Unhealthy, hint, "%s", when)
	case left < time.Duration(o.DegradedDays)*days:
		v.Add(checks.Degraded, hint, "%s", when)
	}
}

// certified adds what is known of the certificate to a result; c may be nil.
func certified(res checks.Result, probe string, state *tls.ConnectionState, c *x509.Certificate, now time.Time) checks.Result {
	if state == nil {
		return res.Add(checks.Unmeasured("tls_version", checks.KindText), checks.Unmeasured("certificate_expires", checks.KindTime), checks.Unmeasured("certificate_left", checks.KindDuration))
	}
	res = res.Add(checks.Text("tls_version", tls.VersionName(state.Version)))
	if c == nil {
		return res
	}
	// It has no Limits: those are understood as upper ones.
	left := checks.Duration("certificate_left", c.NotAfter.Sub(now).Truncate(time.Second))
	return res.Add(checks.Time("certificate_expires", c.NotAfter), left).
		Measure("vitals_probe_certificate_expires_timestamp_seconds", float64(c.NotAfter.Unix()), "probe", probe)
}
