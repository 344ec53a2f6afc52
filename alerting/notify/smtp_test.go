package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"vitals/alerting/notify"
	"vitals/checks"
)

const (
	mailUser     = "vitals@example.com"
	mailPassword = "MARK3D-p&ss word"
)

// letter is a mail as the server took it.
type letter struct {
	From string
	To   []string
	Mech string // how the sender logged in, "" for not
	TLS  bool
	Text string
}

// mailServer is a real SMTP server that keeps what it is sent.
type mailServer struct {
	port   int
	caFile string
	mechs  []string
	rcpt   func(to string) error // nil takes everybody
	data   func() error          // nil takes everything

	mu      sync.Mutex
	letters []letter
}

// newMailServer starts one on 127.0.0.1. The word tls is as in the options.
func newMailServer(t *testing.T, security string, mechs ...string) *mailServer {
	t.Helper()
	s := &mailServer{mechs: mechs}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{server: s, conn: c}, nil }))
	server.Domain, server.ErrorLog = "mail.example.com", log.New(io.Discard, "", 0)
	server.AllowInsecureAuth = security == notify.TLSNone
	if security != notify.TLSNone {
		config, der := ownCertificate(t)
		s.caFile = pemFile(t, der)
		if security == notify.TLSImplicit {
			l = tls.NewListener(l, config)
		} else {
			server.TLSConfig = config
		}
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *mailServer) got() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

func ownCertificate(t *testing.T) (*tls.Config, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, der
}

// mailSession implements smtp.AuthSession.
type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
	letter letter
	mech   string
}

func (s *mailSession) Reset()        { s.letter = letter{} }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.server.mechs) > 0 && s.mech == "" {
		return smtp.ErrAuthRequired
	}
	s.letter.From = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.rcpt != nil {
		if err := s.server.rcpt(to); err != nil {
			return err
		}
	}
	s.letter.To = append(s.letter.To, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.data != nil {
		if err := s.server.data(); err != nil {
			return err
		}
	}
	_, s.letter.TLS = s.conn.TLSConnectionState()
	s.letter.Mech, s.letter.Text = s.mech, string(text)
	s.server.mu.Lock()
	s.server.letters = append(s.server.letters, s.letter)
	s.server.mu.Unlock()
	return nil
}

func (s *mailSession) AuthMechanisms() []string { return s.server.mechs }

func (s *mailSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != mailUser || password != mailPassword {
			// A careless server that repeats what it was given.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: fmt.Sprintf("no: %s %s", user, password)}
		}
		s.mech = mech
		return nil
	}
	switch mech {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	case "XOAUTH2":
		return saslFunc(func(in []byte) ([]byte, bool, error) {
			user, rest, _ := strings.Cut(strings.TrimPrefix(string(in), "user="), "\x01auth=Bearer ")
			return nil, true, check(user, strings.TrimSuffix(rest, "\x01\x01"))
		}), nil
	case "SCRAM-SHA-256":
		return &scramServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

type saslFunc func(in []byte) ([]byte, bool, error)

func (f saslFunc) Next(in []byte) ([]byte, bool, error) {
	if in == nil {
		return []byte{}, false, nil
	}
	return f(in)
}

type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (s *loginServer) Next(in []byte) ([]byte, bool, error) {
	s.step++
	switch {
	case s.step == 1 && in == nil:
		return []byte("Username:"), false, nil
	case s.user == "":
		s.user = string(in)
		return []byte("Password:"), false, nil
	}
	return nil, true, s.check(s.user, string(in))
}

// scramServer is the server's side of RFC 5802 with SHA-256 (RFC 7677),
// without channel binding.
type scramServer struct {
	check              func(user, password string) error
	user, bare, server string
	done               bool
}

func (s *scramServer) Next(in []byte) ([]byte, bool, error) {
	switch {
	case in == nil:
		return []byte{}, false, nil
	case s.done:
		return nil, true, nil
	case s.bare == "":
		s.bare = strings.TrimPrefix(string(in), "n,,")
		name, nonce, _ := strings.Cut(strings.TrimPrefix(s.bare, "n="), ",r=")
		s.user = name
		s.server = fmt.Sprintf("r=%sserver,s=%s,i=4096", nonce, base64.StdEncoding.EncodeToString([]byte("salt")))
		return []byte(s.server), false, nil
	}
	without, proof64, _ := strings.Cut(string(in), ",p=")
	proof, err := base64.StdEncoding.DecodeString(proof64)
	if err != nil || len(proof) != sha256.Size {
		return nil, false, errors.New("a proof that cannot be read")
	}
	salted, err := pbkdf2.Key(sha256.New, mailPassword, []byte("salt"), 4096, 32)
	if err != nil {
		return nil, false, err
	}
	auth := s.bare + "," + s.server + "," + without
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	for i, b := range mac(stored[:], auth) {
		proof[i] ^= b
	}
	given := "something else"
	if hmac.Equal(proof, key) {
		given = mailPassword
	}
	if err := s.check(s.user, given); err != nil {
		return nil, false, err
	}
	s.done = true
	return []byte("v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), auth))), false, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// mailing are options for a server, with a login where it has one.
func mailing(t *testing.T, s *mailServer, security, auth string) *notify.EmailOptions {
	o := options[*notify.EmailOptions](t, "email")
	o.Name, o.Host, o.Port, o.TLS, o.Auth, o.CAFile = "mail", "127.0.0.1", s.port, security, auth, s.caFile
	o.From, o.To = "Vitals <vitals@example.com>", []string{"on-call@example.com", "Boss <boss@example.com>"}
	if len(s.mechs) > 0 {
		o.Username, o.Password = mailUser, checks.Secret(mailPassword)
	}
	return o
}
