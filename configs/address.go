package configs

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"vitals/checks"
)

// The sorts of database an address can name.
const (
	sortNone = iota
	sortPostgres
	sortSQLite
)

// address is what the URL of a database says.
type address struct {
	sort    int
	path    string // of SQLite: the file
	problem string // what is wrong, without repeating the address; "" for nothing
}

// databaseEndings are those of SQLite files.
var databaseEndings = []string{".db", ".sqlite", ".sqlite3", ".db3"}

// parseAddress tells what an address names. It knows the forms of libpq, and
// those that SQLAlchemy, Django, Rails and Prisma write into DATABASE_URL.
func parseAddress(text string) address {
	if text == "" {
		return address{}
	}
	scheme, rest, hasScheme := strings.Cut(text, ":")
	base, driver, _ := strings.Cut(strings.ToLower(scheme), "+")
	switch {
	case hasScheme && slices.Contains([]string{"postgres", "postgresql", "postgis", "pgsql"}, base) && strings.HasPrefix(rest, "//"):
		return address{sort: sortPostgres}
	case hasScheme && (base == "sqlite" || base == "sqlite3" || base == "file"):
		return sqliteAddress(rest, driver != "")
	case !strings.Contains(text, "://") && slices.Contains(databaseEndings, strings.ToLower(filepath.Ext(text))):
		return address{sort: sortSQLite, path: text}
	case strings.ContainsAny(text[:1], `"'`):
		return address{problem: "has quotation marks around it, which are not part of an address; docker's --env-file, for one, keeps them"}
	case isKeywordDSN(text):
		return address{sort: sortPostgres}
	case hasScheme && strings.HasPrefix(rest, "//") && otherDatabases[base] != "":
		return address{problem: "is an address of " + otherDatabases[base] + ", which Vitals does not know; set disabled: true to go without a database, or give " + addressExamples}
	}
	return address{problem: "is not an address of a database; expected " + addressExamples}
}

const addressExamples = "postgres://user:password@host:5432/name, sqlite:file.db or a path that ends in .db"

// otherDatabases are named in the message, so that one sees it is no typing
// error.
var otherDatabases = map[string]string{
	"mysql": "MySQL", "mysql2": "MySQL", "mariadb": "MariaDB", "mongodb": "MongoDB", "sqlserver": "SQL Server",
	"mssql": "SQL Server", "oracle": "Oracle", "redis": "Redis", "rediss": "Redis",
}

// isKeywordDSN recognises host=… dbname=…, as psql takes it.
func isKeywordDSN(text string) bool {
	return !strings.Contains(text, "://") &&
		regexp.MustCompile(`(?:^|\s)(host|hostaddr|port|dbname|database|user|service|password|sslmode)\s*=`).MatchString(text)
}

// sqliteAddress reads what follows "sqlite:" or "file:".
//
// Three slashes are ambiguous: in an address they begin an absolute path, and
// SQLAlchemy and Django mean a relative one. With a driver in the scheme it is
// SQLAlchemy's; without one the caller tries both, see resolveAddress.
func sqliteAddress(rest string, sqlalchemy bool) address {
	rest, _, _ = strings.Cut(rest, "?")
	path, hasHost := strings.CutPrefix(rest, "//")
	if unescaped, err := url.PathUnescape(path); err == nil && hasHost {
		path = unescaped
	}
	switch {
	case path == "" || path == "/" || strings.HasSuffix(path, ":memory:"):
		return address{problem: "is a SQLite database in memory, which only the program that holds it can see; expected a file"}
	case !hasHost:
	case strings.HasPrefix(path, "//"): // sqlite:////var/app.db
		path = path[1:]
	case sqlalchemy:
		path = strings.TrimPrefix(path, "/")
	}
	if len(path) > 2 && path[0] == '/' && path[2] == ':' { // file:///C:/app.db
		path = path[1:]
	}
	return address{sort: sortSQLite, path: path}
}

// resolveAddress brings an address into the form that the checks take: a plain
// postgres:// address, or the path of a SQLite file, made absolute by the
// folder that relative ones are relative to.
func resolveAddress(text, dir string) string {
	text = strings.TrimSpace(text)
	a := parseAddress(text)
	switch a.sort {
	case sortPostgres:
		return plainPostgres(text)
	case sortSQLite:
		return "sqlite:" + resolveSQLite(a.path, dir, strings.Contains(text, ":///"))
	}
	return text
}

// resolveSQLite decides what three slashes meant: a file that is there.
func resolveSQLite(path, dir string, threeSlashes bool) string {
	if !filepath.IsAbs(path) || !threeSlashes {
		return absolute(dir, path)
	}
	if relative := absolute(dir, strings.TrimPrefix(path, "/")); !exists(path) && exists(relative) {
		return relative
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// appParameters are what frameworks put into the query of an address for
// themselves. A server would refuse them as settings it does not know.
var appParameters = []string{
	"schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size",
	"prepared_statement_cache_size", "conn_max_age", "conn_health_checks", "pool", "pool_size", "max_overflow",
	"pool_recycle", "pool_pre_ping", "command_timeout", "timeout", "reaping_frequency", "prepared_statements",
	"encoding", "charset", "async_fallback",
}

// plainPostgres takes drivers' names and frameworks' parameters out of an
// address. What it cannot read it leaves as it is.
func plainPostgres(text string) string {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	rest, query, _ := strings.Cut(rest, "?")
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case part == "" || slices.Contains(appParameters, name):
		case name == "ssl" && value == "true": // asyncpg and JavaScript's drivers
			kept = append(kept, "sslmode=require")
		case name == "ssl" && value == "false":
			kept = append(kept, "sslmode=disable")
		case name == "ssl":
			kept = append(kept, "sslmode="+value)
		default:
			kept = append(kept, part)
		}
	}
	if len(kept) > 0 {
		rest += "?" + strings.Join(kept, "&")
	}
	return "postgres://" + rest
}

// shortened is what of a secret may be shown so that people see which server
// is meant: the address of a database or Redis without user, password and
// parameters. It returns "" for any other secret.
func shortened(value any) string {
	secret, ok := value.(checks.Secret)
	if !ok || secret == "" {
		return ""
	}
	text := secret.Reveal()
	if a := parseAddress(text); a.sort == sortSQLite {
		return "sqlite:" + a.path
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || parseAddress(text).sort != sortPostgres && !isRedisURL(text) {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// withoutSecrets returns an address without password and query, and whether
// that is all of it. What it cannot read gives "".
func withoutSecrets(text string) (shown string, whole bool) {
	if a := parseAddress(text); a.sort == sortSQLite && !strings.ContainsFunc(text, unicode.IsControl) {
		return text, !strings.Contains(text, "?")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", false
	}
	_, password := u.User.Password()
	whole = !password && u.RawQuery == "" && u.Fragment == ""
	u.RawQuery, u.Fragment = "", ""
	if u.User != nil && isRedisURL(text) {
		u.User, whole = nil, false // people write redis://password@host too
	} else if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String(), whole
}

var _ checks.Options = (*DatabaseOptions)(nil)
