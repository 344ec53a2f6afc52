package configs

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"vitals/checks"
)

// validate reports everything that is wrong with values that could be read.
func (c *Config) validate(p *problems) {
	location, err := loadLocation(c.Timezone)
	if err != nil {
		c.problem(p, "timezone", fmt.Sprintf("%q is not a time zone; write one such as Europe/Berlin or UTC", c.Timezone))
	}
	c.location = location
	c.positive(p, "timeout", int64(c.Timeout))
	c.positive(p, "concurrency", int64(c.Concurrency))
	c.positive(p, "history.raw_retention", int64(c.History.RawRetention))
	c.positive(p, "history.retention", int64(c.History.Retention))
	if url := c.History.URL.Reveal(); url != "" && parseAddress(url).sort != sortPostgres {
		c.problem(p, "history.url", "is not an address of PostgreSQL; expected postgres://user:password@host:5432/name")
	}
	if c.Serve.Interval < shortest {
		c.problem(p, "serve.interval", "must be at least "+FormatDuration(shortest))
	}
	c.notNegative(p, "history.max_size", c.History.MaxSize)
	c.notNegative(p, "serve.health_max_age", int64(c.Serve.HealthMaxAge))
	c.notNegative(p, "serve.shutdown_timeout", int64(c.Serve.ShutdownTimeout))
	c.validateServe(p)
	for _, s := range c.sections() {
		if s.common().Disabled {
			continue // one who switches a part off may leave the rest as it is
		}
		for _, one := range s.options.Problems() {
			c.problem(p, inner(s.path, one.Key), one.Message)
		}
		c.validateCommon(p, s)
	}
	c.validateServers(p)
	c.validateNames(p)
}

// shortest is the shortest pause between two runs of a check: what asks more
// often is a load, not a check.
const shortest = 100 * time.Millisecond

// validateCommon judges what every check has.
func (c *Config) validateCommon(p *problems, s section) {
	common := s.common()
	c.notNegative(p, s.path+".timeout", int64(common.Timeout))
	c.notNegative(p, s.path+".interval", int64(common.Interval))
	if common.Interval > 0 && common.Interval < shortest {
		c.problem(p, s.path+".interval", "must be at least "+FormatDuration(shortest))
	}
}

// validateServers judges what tells several servers apart: the application's
// own database and Redis have no name, further ones need one.
func (c *Config) validateServers(p *problems) {
	c.ownServer(p, "database", "databases", c.Database.Name, c.Database.URL != "" || c.Database.PgBouncer != "" || c.Database.Disabled)
	for i, o := range c.Databases {
		c.furtherServer(p, index("databases", i), o.Name)
	}
	c.ownServer(p, "redis", "redis_servers", c.Redis.Name, c.Redis.URL != "" || len(c.Redis.Addresses) > 0 || c.Redis.Disabled)
	for i, o := range c.RedisServers {
		c.furtherServer(p, index("redis_servers", i), o.Name)
	}
}

func (c *Config) furtherServer(p *problems, path, name string) {
	if name == "" {
		c.problem(p, path+".name", "is missing; a further server needs a name of its own")
	}
}

// ownServer also refuses settings for a server that has no address: somebody
// meant it to be looked at, and it would not be.
func (c *Config) ownServer(p *problems, path, others, name string, settled bool) {
	if name != "" {
		c.problem(p, path+".name", "is only for further servers, under "+others+"; the application's own has none")
	}
	if settled || p.blames(path) {
		return
	}
	set := slices.DeleteFunc(c.setWithin(path), func(key string) bool { return key == path+".disabled" })
	if len(set) > 0 {
		c.problem(p, path, fmt.Sprintf("has settings, but no url; set it here, in %s or in %s, or set disabled: true",
			appVariables[path+".url"], envPrefix+strings.ToUpper(path)+"_URL"))
	}
}

// problem reports what is wrong with a key at the place where it was set, or
// where the section around it was. What follows from another problem of the
// same key is left out.
func (c *Config) problem(p *problems, key, message string) {
	if !p.blames(key) {
		p.add(c.placeOf(key), key, "%s", message)
	}
}

// placeOf finds where a key was set, or else the nearest section around it, or
// else something in that section: what the environment sets has no section.
func (c *Config) placeOf(key string) Place {
	for {
		if at, ok := c.places[key]; ok {
			return at
		}
		if keys := c.setWithin(key); len(keys) > 0 {
			return c.places[keys[0]]
		}
		end := strings.LastIndexAny(key, ".[")
		if end < 0 {
			return c.places[""]
		}
		key = key[:end]
	}
}

// setWithin lists what is set inside a section, sorted.
func (c *Config) setWithin(section string) []string {
	var keys []string
	for key := range c.places {
		if key != section && within(key, section) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func inner(path, key string) string {
	if key == "" || key[0] == '[' {
		return path + key
	}
	return join(path, key)
}

func (c *Config) positive(p *problems, key string, value int64) {
	if value <= 0 {
		c.problem(p, key, "must be more than 0")
	}
}

func (c *Config) notNegative(p *problems, key string, value int64) {
	if value < 0 {
		c.problem(p, key, "must not be negative")
	}
}

func (c *Config) validateServe(p *problems) {
	s := c.Serve
	if wrong := badListen(s.Listen); wrong != "" {
		c.problem(p, "serve.listen", wrong)
	}
	if s.TLSCertFile != "" && s.TLSKeyFile == "" {
		c.problem(p, "serve.tls_cert_file", "has no serve.tls_key_file beside it; a certificate needs its key")
	}
	if s.TLSKeyFile != "" && s.TLSCertFile == "" {
		c.problem(p, "serve.tls_key_file", "has no serve.tls_cert_file beside it; a key needs its certificate")
	}
	c.validateOrigins(p)
	if n := len(s.Token); n > 0 && n < minToken {
		c.problem(p, "serve.token", fmt.Sprintf("is shorter than %d characters, which can be guessed; make one with: openssl rand -hex 32", minToken))
	}
}

// validateOrigins judges serve.allowed_origins.
func (c *Config) validateOrigins(p *problems) {
	for i, origin := range c.Serve.AllowedOrigins {
		_, host, hasScheme := strings.Cut(origin, "://")
		if !hasScheme {
			host = origin
		}
		_, err := path.Match(host, "")
		switch key := index("serve.allowed_origins", i); {
		case strings.Trim(host, "*?") == "":
			c.problem(p, key, fmt.Sprintf("%q would let every page open the stream; name hosts, such as ops.example.com or *.example.com", origin))
		case err != nil || strings.ContainsAny(host, "/ "):
			c.problem(p, key, fmt.Sprintf("%q is not a host; write ops.example.com, *.example.com or https://ops.example.com:8443", origin))
		}
	}
}

// Origins are the hosts whose pages may open the stream of metrics: those that
// are configured, and that of serve.public_url.
func (c *Config) Origins() []string {
	all := slices.Clone(c.Serve.AllowedOrigins)
	if u, err := url.Parse(c.Serve.PublicURL); err == nil && u.Host != "" {
		all = append(all, u.Host)
	}
	return all
}

// minToken is the shortest token accepted: at 36 kinds of characters, 16 are
// 82 bits, beyond guessing over a network.
const minToken = 16

// badListen tells what is wrong with an address to listen on, "" for nothing.
func badListen(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		if isNumber(address) {
			return fmt.Sprintf("%q is only a port; write 127.0.0.1:%s", address, address)
		}
		return fmt.Sprintf("%q is not an address with a port; write 127.0.0.1:8080, or :8080 for all interfaces", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Sprintf("%q is not a port; write a number from 1 to 65535", port)
	}
	return ""
}

// named is a check with the section that made it.
type named struct {
	checks.Check
	path string
}

// validateNames reports names used twice, dependencies on what does not exist,
// and dependencies in a circle.
func (c *Config) validateNames(p *problems) {
	var list []named
	var off []string
	known := map[string]string{} // name → section
	for _, s := range c.sections() {
		if s.common().Disabled {
			off = append(off, s.wouldBe()...)
			continue
		}
		for _, check := range s.options.Checks() {
			if !isWord(check.Name) {
				c.problem(p, nameKey(s.path), fmt.Sprintf("%q is no word that can be typed after \"vitals check\"; use letters, digits, - _ and .", check.Name))
			}
			if first, twice := known[check.Name]; twice {
				c.problem(p, nameKey(s.path), fmt.Sprintf("%q is the name of two checks; %s has it already", check.Name, c.describe(first)))
				continue
			}
			known[check.Name] = s.path
			list = append(list, named{check, s.path})
		}
	}
	c.validateDependencies(p, list, known, off)
}

// isWord tells whether a check can be named on a command line without quotes,
// and is not taken for a pattern.
func isWord(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:/@+", r)
	})
}

// nameKey is the key that names the check of a section.
func nameKey(path string) string {
	if strings.HasSuffix(path, "]") {
		return path + ".name"
	}
	return path
}

// describe names a section and its line.
func (c *Config) describe(path string) string {
	if at := c.placeOf(path); at.File != "" && at.Line > 0 {
		return fmt.Sprintf("%s (line %d)", path, at.Line)
	}
	return path
}

func (c *Config) validateDependencies(p *problems, list []named, known map[string]string, off []string) {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	reported := map[string]bool{}
	for _, check := range list {
		key := check.path + ".depends_on"
		at, written := c.places[key]
		for _, on := range check.DependsOn {
			if _, ok := known[on]; ok || !written || reported[key+on] || c.isOff(on) || slices.Contains(off, on) || c.halfRead() {
				continue
			}
			reported[key+on] = true
			hint := didYouMean(on, names)
			if hint == "" {
				hint = "; there are " + orList(names)
			}
			p.add(at, key, "no check is called %q%s", on, hint)
		}
	}
	if circle := findCircle(list); circle != nil {
		key := known[circle[0]] + ".depends_on"
		c.problem(p, key, "the checks wait for each other in a circle: "+strings.Join(append(circle, circle[0]), " → "))
	}
}

// isOff tells whether a name is that of a section, which then makes no check:
// depending on what is not configured means nothing, and is no mistake.
func (c *Config) isOff(name string) bool {
	return slices.ContainsFunc(c.sections(), func(s section) bool { return s.path == name })
}

// halfRead tells whether there is a probe whose kind is not known, and with it
// the names of its checks.
func (c *Config) halfRead() bool {
	return slices.ContainsFunc(c.Probes, func(p Probe) bool { return p.Options == nil })
}

// findCircle returns the names of checks that depend on each other in a
// circle, nil when there is none.
func findCircle(list []named) []string {
	on := map[string][]string{}
	for _, c := range list {
		on[c.Name] = c.DependsOn
	}
	done := map[string]bool{}
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return slices.Clone(path[i:])
		}
		if done[name] {
			return nil
		}
		path = append(path, name)
		defer func() { path = path[:len(path)-1] }()
		for _, next := range on[name] {
			if circle := visit(next); circle != nil {
				return circle
			}
		}
		done[name] = true
		return nil
	}
	for _, c := range list {
		if circle := visit(c.Name); circle != nil {
			return circle
		}
	}
	return nil
}
