package checks

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// TLSTrouble words an error of a TLS handshake, or of the first read after it,
// which is when a server says that it wants a client certificate. The second
// value is false when the error has nothing to do with TLS.
func TLSTrouble(err error, now time.Time) (Trouble, bool) {
	if t, ok := certificateTrouble(err, now); ok {
		return t, true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return Trouble{Unhealthy, "does not speak TLS on this port", "Correct the port, or the scheme of the address."}, true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return alertTrouble(op.Err.Error()), true
	}
	text := err.Error()
	if i := strings.Index(text, "tls: "); i >= 0 {
		if strings.Contains(text, "unsupported protocol version") || strings.Contains(text, "unsupported versions") {
			return oldTLS, true
		}
		return Trouble{Unhealthy, "could not agree on TLS: " + text[i+len("tls: "):], "Look at its log and its TLS settings."}, true
	}
	return Trouble{}, false
}

var oldTLS = Trouble{Unhealthy, "speaks no version of TLS that is still safe (1.2 or 1.3)", "Allow TLS 1.2 and 1.3 in its settings."}

// alertTrouble words what the server said on giving up. Its words are those of
// package crypto/tls for the alerts of RFC 8446, section 6.
func alertTrouble(alert string) Trouble {
	alert = strings.TrimPrefix(alert, "tls: ")
	switch alert {
	case "certificate required", "bad certificate", "unknown certificate", "unknown certificate authority",
		"expired certificate", "revoked certificate", "unsupported certificate":
		return Trouble{Unhealthy, "does not accept the client certificate: " + alert, "Set cert_file and key_file to a certificate that it trusts."}
	case "protocol version not supported":
		return oldTLS
	case "unrecognized name":
		return Trouble{Unhealthy, "has no certificate for this name", "Correct the host or server_name, or have a certificate made for it."}
	}
	return Trouble{Unhealthy, "gave up on TLS: " + alert, "Look at its log and its TLS settings."}
}

// certificateTrouble words why a certificate was not accepted.
func certificateTrouble(err error, now time.Time) (Trouble, bool) {
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return Trouble{Unhealthy, fmt.Sprintf("has a certificate for %s, not for %s", namesOf(e.Certificate), e.Host),
			"Use a name that the certificate is for, or have a certificate made for this one."}, true
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return invalidTrouble(e, now), true
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return authorityTrouble(e.Cert), true
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return Trouble{Unhealthy, "has a certificate that this machine does not accept: " + strings.TrimPrefix(e.Err.Error(), "x509: "),
			"Look at it with openssl s_client -showcerts."}, true
	}
	return Trouble{}, false
}

func invalidTrouble(e x509.CertificateInvalidError, now time.Time) Trouble {
	which := "a certificate"
	if e.Cert != nil && e.Cert.IsCA {
		which = "an issuer's certificate in its chain"
	}
	switch {
	case e.Reason != x509.Expired || e.Cert == nil:
		return Trouble{Unhealthy, "has " + which + " that is not valid: " + strings.TrimPrefix(e.Error(), "x509: "),
			"Look at it with openssl s_client -showcerts."}
	case now.Before(e.Cert.NotBefore):
		return Trouble{Unhealthy, fmt.Sprintf("has %s that is not valid before %s", which, e.Cert.NotBefore.UTC().Format(time.DateTime+" MST")),
			"Look at the clocks of both machines."}
	}
	return Trouble{Unhealthy, fmt.Sprintf("has %s that expired on %s, %s ago", which, e.Cert.NotAfter.UTC().Format(time.DateOnly), DurationText(now.Sub(e.Cert.NotAfter))),
		"Renew it, and have the server load the new one; find out why it was not renewed by itself."}
}

func authorityTrouble(cert *x509.Certificate) Trouble {
	switch {
	case cert == nil:
		return Trouble{Unhealthy, "has a certificate whose issuer is not trusted here", "Set ca_file to the issuer's certificate."}
	case SelfSigned(cert):
		return Trouble{Unhealthy, "has a self-signed certificate, which nobody trusts by itself", "Set ca_file to that certificate, or have one made by an authority."}
	}
	issuer := cert.Issuer.CommonName
	if issuer == "" {
		issuer = cert.Issuer.String()
	}
	return Trouble{Unhealthy, fmt.Sprintf("has a certificate whose issuer (%s) is not trusted here", issuer),
		"Set ca_file to the issuer's certificate; if the issuer is a public one, the server forgets to send its intermediate certificates."}
}

// SelfSigned tells whether a certificate is signed by its own key.
func SelfSigned(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawIssuer, cert.RawSubject) &&
		cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

// namesOf lists what a certificate is for.
func namesOf(cert *x509.Certificate) string {
	names := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) > 0:
		return listed(names)
	case cert.Subject.CommonName != "":
		return cert.Subject.CommonName + " (only as its common name, which no longer counts)"
	}
	return "no name"
}
