package postgres

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"vitals/checks"
)

// applicationName is how Vitals' sessions are called in pg_stat_activity.
const applicationName = "vitals"

// maxMessage bounds what a server may send in one message, in bytes. What looks
// like more is not PostgreSQL.
const maxMessage = 4 << 20

// notForServers are parameters that libraries of other languages read from an
// address, or that libpq knows and our driver does not. Sent to a server they
// would make it refuse the connection. Leaving them out protects no less.
var notForServers = []string{
	"command_timeout", "connection_limit", "default_query_exec_mode", "description_cache_capacity",
	"fallback_application_name", "gssencmode", "gssdelegation", "gsslib", "keepalives", "keepalives_count",
	"keepalives_idle", "keepalives_interval", "load_balance_hosts", "max_overflow", "pgbouncer", "pool_max_conn_idle_time",
	"pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter", "pool_max_conns", "pool_min_conns", "pool_min_idle_conns",
	"pool_health_check_period", "pool_size", "pool_timeout", "prepared_statement_cache_size", "prepareThreshold",
	"socket_timeout", "sslcompression", "statement_cache_capacity", "statement_cache_size", "tcp_user_timeout",
}

// notKept are parameters that make a connection safer in libpq and that our
// driver cannot keep. Dropping one would be weaker than what was asked for.
var notKept = []string{"requirepeer", "requiressl", "sslcrl", "sslcrldir", "ssl_min_protocol_version", "ssl_max_protocol_version", "ssl"}

// config reads an address as psql would, with PGPASSWORD, .pgpass and their
// like. It is read anew for every connection, so that a changed password file
// is noticed. The error never holds the address.
func config(secret checks.Secret) (*pgconn.Config, error) {
	cfg, err := pgconn.ParseConfig(plainAddress(secret.Reveal()))
	if err != nil {
		return nil, errors.New(withoutAddress(err))
	}
	for _, name := range notKept {
		if _, ok := cfg.RuntimeParams[name]; ok {
			return nil, errors.New("the parameter " + name + " is not supported")
		}
	}
	for _, name := range notForServers {
		delete(cfg.RuntimeParams, name)
	}
	if schema, ok := cfg.RuntimeParams["schema"]; ok { // Prisma's word
		delete(cfg.RuntimeParams, "schema")
		cfg.RuntimeParams["search_path"] = quoteIdentifier(schema)
	}
	cfg.MaxProtocolMessageBodyLen = maxMessage
	// An address is often the application's own, name included, and its
	// sessions are counted by that name: never pass for one of them.
	cfg.RuntimeParams["application_name"] = applicationName
	return cfg, nil
}

// plainAddress turns what Python's libraries accept into what PostgreSQL's own
// do: a scheme that names the driver, and asyncpg's ssl=MODE.
func plainAddress(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	base, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	address, query, ok := strings.Cut(rest, "?")
	if !ok {
		return base + "://" + rest
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		mode, isSSL := strings.CutPrefix(pair, "ssl=")
		switch mode {
		case "disable", "allow", "prefer", "require", "verify-ca", "verify-full":
			if isSSL {
				pairs[i] = "sslmode=" + mode
			}
		}
	}
	return base + "://" + address + "?" + strings.Join(pairs, "&")
}

// withoutAddress takes the address out of the driver's complaint about it: the
// driver hides a password only where it recognizes one.
func withoutAddress(err error) string {
	text := err.Error()
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); !ok {
		return text
	}
	if i := strings.LastIndex(text, "`: "); i >= 0 {
		return text[i+len("`: "):]
	}
	return "it cannot be read"
}

// servers names the hosts and ports, or sockets, that a configuration tries.
func servers(cfg *pgconn.Config) string {
	names := []string{serverName(cfg.Host, cfg.Port)}
	for _, f := range cfg.Fallbacks {
		if name := serverName(f.Host, f.Port); name != names[len(names)-1] {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func serverName(host string, port uint16) string {
	_, address := pgconn.NetworkAddress(host, port)
	return address
}

// urlProblem says what is wrong with an address, without repeating it, or ""
// when it may be used. Files and names that it refers to are not looked at.
func urlProblem(secret checks.Secret) string {
	text := secret.Reveal()
	if text == "" {
		return ""
	}
	scheme, rest, isURL := strings.Cut(text, "://")
	switch base, _, _ := strings.Cut(strings.ToLower(scheme), "+"); {
	case strings.Contains(text, "\x00"):
		return "holds a zero byte"
	case !isURL && strings.Contains(text, "="):
		return "" // key=value, as psql takes it
	case !isURL:
		return "is not an address; expected postgres://user:password@host:5432/database"
	case base != "postgres" && base != "postgresql":
		return "is not an address of PostgreSQL; expected it to begin with postgres://"
	}
	return partsProblem(rest)
}

const encoding = "; special characters in the password must be encoded (@ as %40, / as %2F, : as %3A, % as %25)"

// partsProblem takes an address apart where libpq does. A password with a
// character that ends it early would otherwise come back as part of a host
// name, in an error for all to see.
func partsProblem(rest string) string {
	if _, err := url.PathUnescape(rest); err != nil {
		return "holds a % that is not followed by two hexadecimal digits" + encoding
	}
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		rest = rest[i+1:]
	}
	address, _, _ := strings.Cut(rest, "?")
	if strings.Contains(address, "@") {
		return "holds an @ too many, or a / before it" + encoding
	}
	hosts, _, _ := strings.Cut(address, "/")
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			continue // the default host, or one given as ?host=
		}
		if _, port, err := net.SplitHostPort(host); err == nil && port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				return "has a port that is not a number from 1 to 65535" + encoding
			}
		} else if err != nil && strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
			return "has a host that cannot be read; an IPv6 address stands in brackets" + encoding
		}
	}
	return ""
}
