package probe

import (
	"time"

	"vitals/checks"
)

// TLSOptions say how TLS is spoken with what is probed.
type TLSOptions struct {
	CAFile             string `mapstructure:"ca_file" path:"true" help:"certificates (PEM) of the authorities to trust instead of the system's"`
	CertFile           string `mapstructure:"cert_file" path:"true" help:"client certificate (PEM)"`
	KeyFile            string `mapstructure:"key_file" path:"true" help:"the client certificate's private key (PEM)"`
	ServerName         string `mapstructure:"server_name" help:"the name the certificate must have; empty means the host of the address"`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify" help:"accept any certificate; whoever sits between can then read everything"`
}

// CertificateOptions say how long certificates must still be valid.
type CertificateOptions struct {
	DegradedDays  int `mapstructure:"certificate_degraded_days" help:"degraded when a certificate of the chain expires in fewer days; 0 for never"`
	UnhealthyDays int `mapstructure:"certificate_unhealthy_days" help:"unhealthy when a certificate of the chain expires in fewer days; 0 only once it has expired"`
}

// defaultCertificate has the limits of certificates that are renewed by a
// program: those of 90 days are due 30 days before their end, so that at 21
// days renewal has failed for more than a week, and at 7 it is urgent.
func defaultCertificate() CertificateOptions {
	return CertificateOptions{DegradedDays: 21, UnhealthyDays: 7}
}

// CertificateProbe are the settings of a probe of a TLS certificate.
type CertificateProbe struct {
	Name           string             `mapstructure:"name" help:"the check is called probe.NAME"`
	Address        string             `mapstructure:"address" help:"host:port; the port may be left out and is then 443"`
	ServerName     string             `mapstructure:"server_name" help:"the name to ask for, which the certificate must have; empty means the host of the address"`
	CAFile         string             `mapstructure:"ca_file" path:"true" help:"certificates (PEM) of the authorities to trust instead of the system's"`
	MinVersion     string             `mapstructure:"min_version" oneof:"tls1.0,tls1.1,tls1.2,tls1.3" help:"unhealthy when the server speaks only older versions: tls1.0, tls1.1, tls1.2 or tls1.3"`
	IPVersion      string             `mapstructure:"ip_version" oneof:"any,ipv4,ipv6" help:"any, ipv4 or ipv6"`
	DegradedAfter  time.Duration      `mapstructure:"degraded_after" help:"degraded when the handshake takes longer; 0 for never"`
	UnhealthyAfter time.Duration      `mapstructure:"unhealthy_after" help:"unhealthy when the handshake takes longer; 0 for never"`
	Certificate    CertificateOptions `mapstructure:",squash"`
	checks.Common  `mapstructure:",squash"`
}

// NewCertificateProbe returns the defaults.
func NewCertificateProbe() *CertificateProbe {
	return &CertificateProbe{
		MinVersion:  "tls1.2",
		IPVersion:   "any",
		Certificate: defaultCertificate(),
		Common:      checks.Common{Critical: true},
	}
}

func tlsKind() checks.KindOfCheck {
	return checks.KindOfCheck{
		Name: "tls",
		Help: "looks at the certificates of a TLS server: validity, name, issuer and days left",
		Example: `- kind: tls
  name: mail-certificate
  address: mail.example.com:993
  certificate_degraded_days: 14
`,
		New: func() checks.Options { return NewCertificateProbe() },
	}
}
