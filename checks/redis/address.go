package redis

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vitals/checks"
)

const (
	defaultPort         = "6379"
	defaultSentinelPort = "26379"
)

// target is where a server is and how to get in.
type target struct {
	network  string // "tcp" or "unix"
	address  string // host:port, or the path of a socket
	username string
	password string
	db       int
	tls      bool
	insecure bool // accept any certificate
}

// at names the server in sentences.
func (t target) at() string {
	if t.network == "unix" {
		return "Redis at the socket " + t.address
	}
	return "Redis at " + t.address
}

// parseURL reads an address of Redis. Parameters that only concern how an
// application uses its connections are passed over, so that the address that
// the application has can be used here. Errors never hold any of the text.
func parseURL(text checks.Secret) (target, error) {
	u, err := url.Parse(strings.TrimSpace(text.Reveal()))
	if err != nil {
		return target{}, errors.New("is not an address; write redis://user:password@host:6379/0, with special characters of the password as %XX")
	}
	t := target{network: "tcp", username: u.User.Username()}
	t.password, _ = u.User.Password()
	query := u.Query()
	switch u.Scheme {
	case "redis", "valkey":
	case "rediss", "valkeys":
		t.tls = true
	case "unix":
		return t.fromSocket(u, query)
	case "":
		return target{}, errors.New("has no scheme; write redis://, rediss:// (TLS) or unix:// before it")
	default:
		return target{}, errors.New("has a scheme that is not known; use redis://, rediss:// (TLS) or unix://")
	}
	if u.Hostname() == "" {
		return target{}, errors.New("has no host; write redis://user:password@host:6379/0, with special characters of the password as %XX")
	}
	if t.address, err = withPort(u.Host, defaultPort); err != nil {
		return target{}, err
	}
	// What libraries for Python and Go call not verifying a certificate.
	t.insecure = query.Get("ssl_cert_reqs") == "none" || query.Get("ssl_cert_reqs") == "CERT_NONE" || query.Get("skip_verify") == "true"
	t.db, err = database(strings.Trim(u.Path, "/"), query.Get("db"))
	return t, err
}

func (t target) fromSocket(u *url.URL, query url.Values) (target, error) {
	t.network, t.address = "unix", u.Host+u.Path
	if t.address == "" || u.Host != "" {
		return target{}, errors.New("has no absolute path of a socket; write unix:///path/to/socket")
	}
	if t.password == "" {
		t.password = query.Get("password")
	}
	var err error
	t.db, err = database(query.Get("db"))
	return t, err
}

// database reads the number of a database from the first text that has one.
func database(texts ...string) (int, error) {
	for _, text := range texts {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, errors.New("has a database that is not a number; write redis://host:6379/0")
		}
		return n, nil
	}
	return 0, nil
}

// withPort checks host:port and adds the port where there is none.
func withPort(text, port string) (string, error) {
	bare := !strings.Contains(text, ":") || strings.HasSuffix(text, "]") || net.ParseIP(text) != nil
	if bare {
		text = net.JoinHostPort(strings.Trim(text, "[]"), port)
	}
	host, number, err := net.SplitHostPort(strings.TrimSuffix(text, "/"))
	if err != nil || host == "" || strings.ContainsAny(host, "/@ ") {
		return "", errors.New("is not host:port")
	}
	if number == "" {
		number = port
	}
	if n, err := strconv.Atoi(number); err != nil || n < 1 || n > 65535 {
		return "", errors.New("has a port that is not a number from 1 to 65535")
	}
	return net.JoinHostPort(host, number), nil
}

// target returns what the settings say about the server itself, or about every
// node of a cluster, or the master behind the Sentinels (then without address).
func (o *Options) target() (target, error) {
	t := target{network: "tcp"}
	if o.URL != "" {
		var err error
		if t, err = parseURL(o.URL); err != nil {
			return target{}, err
		}
	}
	if o.Username != "" {
		t.username = o.Username
	}
	if o.Password != "" {
		t.password = o.Password.Reveal()
	}
	if o.DB != 0 {
		t.db = o.DB
	}
	t.tls = t.tls || o.TLS.Enabled || o.TLS.CAFile != ""
	t.insecure = t.insecure || o.TLS.InsecureSkipVerify
	return t, nil
}

// nodes returns the addresses of the Sentinels, or of the nodes of the cluster
// to ask for the others: those listed, and for a cluster the one of the URL.
func (o *Options) nodes() []string {
	port := defaultPort
	if o.mode() == ModeSentinel {
		port = defaultSentinelPort
	}
	var all []string
	for _, text := range o.Addresses {
		if address, err := withPort(text, port); err == nil { // Problems has told of the others
			all = append(all, address)
		}
	}
	if t, err := o.target(); err == nil && o.mode() == ModeCluster && t.address != "" && !slices.Contains(all, t.address) {
		all = append(all, t.address)
	}
	return all
}
