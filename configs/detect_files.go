package configs

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"vitals/checks"
)

func localAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// databaseVariables and redisVariables are names that applications use for
// addresses, the ones that Vitals reads by itself first.
var (
	databaseVariables = []string{
		"VITALS_DATABASE_URL", "DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL", "SQLALCHEMY_DATABASE_URL",
		"SQLALCHEMY_DATABASE_URI", "DB_URL", "DATABASE_URI", "PG_URL",
	}
	redisVariables = []string{
		"VITALS_REDIS_URL", "REDIS_URL", "REDIS_TLS_URL", "REDIS_URI", "VALKEY_URL", "CACHE_URL", "CELERY_BROKER_URL",
	}
)

func (f *Found) variables(env environment, dotEnv bool) {
	for _, name := range databaseVariables {
		if value := env[name]; value != "" && !f.has(f.Databases, name) {
			f.Databases = append(f.Databases, foundAddress(name, value, dotEnv))
		}
	}
	for _, name := range redisVariables {
		if value := env[name]; value != "" && !f.has(f.Redis, name) && (!strings.Contains(value, "://") || isRedisURL(value)) {
			f.Redis = append(f.Redis, foundAddress(name, value, dotEnv))
		}
	}
}

func (f *Found) has(list []FoundAddress, name string) bool {
	return slices.ContainsFunc(list, func(a FoundAddress) bool { return a.Variable == name })
}

func isRedisURL(address string) bool {
	scheme, _, _ := strings.Cut(address, "://")
	return slices.Contains([]string{"redis", "rediss", "valkey", "valkeys"}, scheme)
}

func foundAddress(name, value string, dotEnv bool) FoundAddress {
	address, open := withoutSecrets(value)
	o := DatabaseOptions{URL: checks.Secret(value)}
	return FoundAddress{Variable: name, DotEnv: dotEnv, Address: address, Sort: o.Type(), Open: open}
}

// dotEnv recognises names in a .env file. Of the values only what is no secret
// is kept.
func (f *Found) dotEnv(dir string) {
	data, err := readFile(filepath.Join(dir, ".env"), maxFile)
	if err != nil {
		return
	}
	f.looked.dotEnv = true
	env := environment{}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "export "))
		if ok && !strings.HasPrefix(name, "#") {
			env[name] = unquoted(strings.TrimSpace(value))
		}
	}
	f.variables(env, true)
}

func unquoted(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	text, _, _ = strings.Cut(text, " #")
	return strings.TrimSpace(text)
}

// placesOfSQLite and usualFolders are where applications keep such things.
var (
	placesOfSQLite = []string{"*", "data/*", "db/*", "instance/*", "var/*", "storage/*"}
	usualFolders   = []string{
		"uploads", "media", "storage", "public/uploads", "static/uploads", "var/uploads", "data/uploads", "public/storage",
	}
)

func (f *Found) files(dir string) {
	for _, pattern := range placesOfSQLite {
		for _, ending := range databaseEndings {
			matches, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)+ending)) // the pattern is sound
			for _, path := range matches {
				if relative, err := filepath.Rel(dir, path); err == nil && isSQLiteFile(path) {
					f.SQLite = append(f.SQLite, filepath.ToSlash(relative))
				}
			}
		}
	}
	for _, name := range usualFolders {
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && info.IsDir() {
			f.Folders = append(f.Folders, name)
		}
	}
}

// isSQLiteFile looks at the first bytes (sqlite.org/fileformat.html, 1.3.1).
func isSQLiteFile(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	head := make([]byte, 16)
	n, _ := file.Read(head) // a short file is none
	return bytes.Equal(head[:n], []byte("SQLite format 3\x00"))
}

var composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// compose looks for databases in a Compose file. One that cannot be read is
// not our business.
func (f *Found) compose(dir string) {
	for _, name := range composeFiles {
		data, err := readFile(filepath.Join(dir, name), maxFile)
		if err != nil {
			continue
		}
		top, _, err := parseYAML(data)
		if err != nil || top == nil {
			continue
		}
		f.looked.compose = true
		services := lookUp(top, "services")
		if services == nil || services.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(services.Content); i += 2 {
			if s, ok := composeService(services.Content[i].Value, services.Content[i+1]); ok {
				s.File = name
				f.Services = append(f.Services, s)
			}
		}
		return
	}
}

// imageWords tell from an image's name what it is, and its usual port.
var imageWords = []struct {
	word, is string
	port     string
}{
	{"pgbouncer", "pgbouncer", "6432"}, {"postgres", "postgres", "5432"}, {"postgis", "postgres", "5432"},
	{"timescale", "postgres", "5432"}, {"pgvector", "postgres", "5432"}, {"redis", "redis", "6379"}, {"valkey", "redis", "6379"},
}

func composeService(name string, n *yaml.Node) (FoundService, bool) {
	image := lookUp(n, "image")
	if image == nil || image.Kind != yaml.ScalarNode || strings.Contains(image.Value, "exporter") {
		return FoundService{}, false
	}
	for _, w := range imageWords {
		if strings.Contains(image.Value, w.word) {
			s := FoundService{Name: name, Image: image.Value, Is: w.is}
			if ports := lookUp(n, "ports"); ports != nil {
				s.Port = publishedPort(ports, w.port)
			}
			return s, true
		}
	}
	return FoundService{}, false
}

// publishedPort finds where a container's port is on this machine, in either
// form that Compose knows: "5433:5432", or target and published.
func publishedPort(ports *yaml.Node, inside string) int {
	for _, one := range ports.Content {
		text := one.Value
		if target, published := lookUp(one, "target"), lookUp(one, "published"); target != nil && published != nil {
			text = published.Value + ":" + target.Value
		}
		text, _, _ = strings.Cut(text, "/")
		rest, ok := strings.CutSuffix(text, ":"+inside)
		if !ok {
			continue
		}
		if port, err := strconv.Atoi(rest[strings.LastIndexByte(rest, ':')+1:]); err == nil {
			return port
		}
	}
	return 0
}
