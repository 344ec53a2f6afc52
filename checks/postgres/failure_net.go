package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Windows reports these numbers of its own (Winsock), which package syscall
// does not translate.
const (
	winRefused     = syscall.Errno(10061)
	winReset       = syscall.Errno(10054)
	winAborted     = syscall.Errno(10053)
	winNetUnreach  = syscall.Errno(10051)
	winHostUnreach = syscall.Errno(10065)
)

func isAny(err error, errnos ...syscall.Errno) bool {
	for _, errno := range errnos {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// fromNetwork words what went wrong below PostgreSQL's protocol, or in it.
func (f *failure) fromNetwork(what, at, question string) verdict {
	if v, ok := fromDNS(f.err, at); ok {
		return v
	}
	text := f.err.Error()
	switch {
	case isAny(f.err, syscall.ECONNREFUSED, winRefused):
		return down("Start "+what+", or correct host and port in the address.", "%s refuses connections: nothing listens there", at)
	case f.stage == stageReach && errors.Is(f.err, fs.ErrNotExist):
		return down("Start "+what+", or correct the folder of the socket in the address.", "%s is not running: there is no such socket", at)
	case f.stage == stageReach && errors.Is(f.err, fs.ErrPermission):
		return cannotTell("Run Vitals as a user who may use the socket, or connect by TCP.", "%s cannot be asked: Vitals may not use the socket", at)
	case isAny(f.err, syscall.EHOSTUNREACH, syscall.ENETUNREACH, winHostUnreach, winNetUnreach):
		return down("Look at the route, at firewalls, and whether that machine runs.", "%s cannot be reached: there is no way to that machine", at)
	case strings.Contains(text, "ValidateConnect failed"):
		return down("Look at which server is the primary, and at target_session_attrs in the address.", "none of the servers at %s is of the sort that target_session_attrs asks for", servers(f.cfg))
	case strings.Contains(text, "GSSAPI"), strings.Contains(text, "unsupported auth"), strings.Contains(text, "SASL mechanism"):
		return cannotTell("Give Vitals a role that logs in with a password or a certificate.", "%s asks for a way to log in that Vitals does not know", at)
	case errors.Is(f.err, errNotPostgres), isType[*pgproto3.ExceededMaxBodyLenErr](f.err), notProtocol(text):
		return down("Correct host and port in the address.", "what answers at %s does not speak PostgreSQL's protocol", servers(f.cfg))
	case errors.Is(f.err, io.EOF), errors.Is(f.err, io.ErrUnexpectedEOF), errors.Is(f.err, net.ErrClosed),
		errors.Is(f.err, pgconn.ErrConnClosed), isAny(f.err, syscall.ECONNRESET, syscall.EPIPE, winReset, winAborted):
		return f.hungUp(at, question)
	}
	return down("Error has the details.", "connecting to %s failed", at)
}

func (f *failure) hungUp(at, question string) verdict {
	if f.stage == stageAsk {
		return down("It crashed, was stopped, or something between has cut the connection: look at its log.",
			"%s closed the connection before it answered %s", at, question)
	}
	return down("It crashed, is being stopped, or something between cuts connections: look at its log.",
		"%s closes connections during login without a word", at)
}

// notProtocol knows the driver's complaints about messages that PostgreSQL
// does not send; it has no type for them.
func notProtocol(text string) bool {
	for _, complaint := range []string{"unknown message type", "unexpected message", "invalid message", "invalid body length", "message body"} {
		if strings.Contains(text, complaint) {
			return true
		}
	}
	return false
}

func fromDNS(err error, at string) (verdict, bool) {
	e, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		return verdict{}, false
	}
	if e.IsNotFound {
		return down("Correct the host in the address, or look at the DNS of this machine.", "%s cannot be found: DNS knows no host %q", at, e.Name), true
	}
	return down("Look at the DNS of this machine: resolv.conf, and whether the name server answers.", "%s cannot be found: DNS gave no answer for %q", at, e.Name), true
}

// fromTLS words what is wrong with the encryption. A sslmode that demands it
// is never weakened to get through.
func fromTLS(err error, at string) (verdict, bool) {
	switch {
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return down("Turn ssl on in postgresql.conf; only if the network is trusted, change sslmode in the address.",
			"%s does not speak TLS, which sslmode in the address demands", at), true
	case isType[x509.UnknownAuthorityError](err):
		return down("Name the authority's certificate in the address: sslrootcert=FILE.", "the certificate of %s is not from an authority that is trusted here", at), true
	case isType[x509.HostnameError](err):
		return down("Use the name that the certificate is for, or have a certificate made for this one.", "the certificate of %s is for another name", at), true
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return down("Renew the server's certificate; if it is new, look at the clocks.", "the certificate of %s has expired or is not valid yet", at), true
		}
		return down("Look at the server's certificate with openssl x509 -text.", "the certificate of %s is not valid", at), true
	}
	if isType[*tls.CertificateVerificationError](err) {
		return down("Look at the server's certificate with openssl x509 -text.", "the certificate of %s is not valid", at), true
	}
	if isType[tls.AlertError](err) || isType[tls.RecordHeaderError](err) || strings.Contains(err.Error(), "tls error: tls: ") || strings.Contains(err.Error(), "remote error: tls: ") {
		return down("Look at its log, and whether it wants a client certificate (sslcert, sslkey) or another TLS version.", "no TLS connection with %s came about", at), true
	}
	return verdict{}, false
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
