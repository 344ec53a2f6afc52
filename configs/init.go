package configs

import (
	"fmt"
	"io"
	pathpkg "path"
	"strconv"
	"strings"
)

const initHead = `# The configuration of Vitals, proposed by "vitals init" from what it found
# here. Comments say why; what begins with "#" and a key is not in force.
#
# Next: "vitals config check", then "vitals check". "vitals config show" prints
# every key with its value and where that comes from.
`

// WriteInit writes a commented configuration from what was found. It loads
// without errors as it is, and holds no secret: those are referred to.
func WriteInit(w io.Writer, f Found) error {
	p := &proposal{found: f}
	p.text.WriteString(initHead)
	p.database()
	p.redis()
	p.fileSystem()
	p.probes()
	p.rest()
	_, err := io.WriteString(w, p.text.String())
	return err
}

// proposal is the file while it is written.
type proposal struct {
	found Found
	text  strings.Builder
}

// note writes a comment, wrapped.
func (p *proposal) note(format string, args ...any) {
	line := "#"
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		if len(line)+1+len(word) > 80 && line != "#" {
			p.text.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	p.text.WriteString(line + "\n")
}

func (p *proposal) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format+"\n", args...)
}

// address proposes where an address comes from: the best of the variables
// that were found. It returns false when there is none.
func (p *proposal) address(section, what string, list []FoundAddress) bool {
	for _, a := range list {
		variable := envPrefix + strings.ToUpper(section) + "_URL"
		known := a.Variable == variable || a.Variable == appVariables[section+".url"]
		switch {
		case !a.usable(section):
			if known && !a.DotEnv {
				p.note("%s is set in the environment, but not to %s that Vitals knows, so this part is switched off.", a.Variable, what)
				p.line("%s:\n  disabled: true", section)
				return true
			}
			continue
		case known && !a.DotEnv:
			p.note("%s is set in the environment%s. Vitals reads it from there by itself, so no address stands here.", a.Variable, a.shown())
			p.line("%s:", section)
		case !a.DotEnv:
			p.note("%s is set in the environment%s, a name that Vitals does not read by itself. Start it with", a.Variable, a.shown())
			p.line("#   %s=\"$%s\" vitals check", variable, a.Variable)
			p.note("or put the address into a file that only you may read, and name it here.")
			p.line("%s:\n  #url_file: %s-url.secret", section, section)
		case a.Open:
			p.note("The .env file here sets %s to this. It holds no password, so it is copied.", a.Variable)
			p.line("%s:\n  url: %s", section, flowYAML(a.Address))
		default:
			p.note("The .env file here sets %s%s. It may hold a password, so it is not copied, and Vitals does not read .env by itself. Either load it first:", a.Variable, a.shown())
			p.line("#   set -a; . ./.env; set +a; vitals check")
			p.note("or put the address into a file that only you may read, and name it here.")
			p.line("%s:\n  #url_file: %s-url.secret", section, section)
		}
		return true
	}
	return false
}

// usable tells whether Vitals can look at what the address names.
func (a FoundAddress) usable(section string) bool {
	if section == "redis" {
		return a.Address == "" || isRedisURL(a.Address)
	}
	return a.Sort != ""
}

// shown is the address in a comment, "" when nothing of it can be shown.
func (a FoundAddress) shown() string {
	switch {
	case a.Address == "":
		return ""
	case a.Open:
		return " (" + a.Address + ")"
	}
	return " (" + a.Address + ", without its secrets)"
}

func (p *proposal) database() {
	p.line("")
	f := p.found
	switch {
	case p.address("database", "a database", f.Databases):
		p.usersTable()
	case len(f.SQLite) > 0:
		p.note("No variable such as DATABASE_URL was found%s, but a SQLite file was.", p.lookedFor())
		p.line("database:\n  url: %s", flowYAML("sqlite:"+f.SQLite[0]))
		p.usersTable()
	default:
		p.note("No database was found: no DATABASE_URL in the environment%s, and no SQLite file in this folder.%s", p.lookedFor(), p.hints("postgres"))
		p.line("database:\n  #url: postgres://USER@127.0.0.1:%d/NAME\n  #url_file: database-url.secret", p.port("postgres", 5432))
	}
	p.pgBouncer()
	p.moreSQLite()
}

// usersTable proposes what to count as users. It is in force only where the
// database named above is the one that was looked into.
func (p *proposal) usersTable() {
	if p.found.Users == "" {
		p.line("  #users_table: users")
		return
	}
	p.line("  # The database has this table; its rows are counted as users.")
	p.line("  users_table: %s", flowYAML(p.found.Users))
}

func (p *proposal) pgBouncer() {
	if s := p.service("pgbouncer"); s != nil {
		p.line("  # The service %s in %s looks like PgBouncer; its console tells of its pools.", s.Name, s.File)
		p.line("  #pgbouncer_url_file: pgbouncer-url.secret")
	}
}

// moreSQLite mentions the other files.
func (p *proposal) moreSQLite() {
	if len(p.found.SQLite) < 2 || len(p.found.Databases) > 0 {
		return
	}
	p.note("There are more SQLite files. Take out the \"#\" of those that matter.")
	p.line("databases:")
	for _, path := range p.found.SQLite[1:] {
		name := strings.TrimSuffix(pathpkg.Base(path), pathpkg.Ext(path))
		p.line("  #- name: %s\n  #  url: %s", flowYAML(name), flowYAML("sqlite:"+path))
	}
}

func (p *proposal) redis() {
	p.line("")
	if p.address("redis", "a Redis or Valkey", p.found.Redis) {
		return
	}
	if port := p.answering("redis"); port != 0 {
		p.note("No REDIS_URL was found%s, but port %d of this machine answers as Redis does. If it wants a password, name a file that holds the whole address: url_file in place of url.", p.lookedFor(), port)
		p.line("redis:\n  url: redis://%s/0", localAddress(port))
		return
	}
	p.note("No Redis or Valkey was found: no REDIS_URL in the environment%s, and nothing answers on port 6379.%s", p.lookedFor(), p.hints("redis"))
	p.line("redis:\n  #url: redis://127.0.0.1:%d/0\n  #url_file: redis-url.secret", p.port("redis", 6379))
}

func (p *proposal) fileSystem() {
	p.line("")
	if len(p.found.Folders) == 0 {
		p.note("No folder such as uploads or media was found here. Name those that the application writes to: each is tried with a small file that is removed again.")
		p.line("file_system:\n  #paths: [uploads]")
		return
	}
	p.note("The application probably writes here. Each folder is tried with a small file that is removed again.")
	p.line("file_system:\n  paths: %s", flowYAML(p.found.Folders))
}

func (p *proposal) probes() {
	p.line("")
	head := "probes:"
	for _, port := range p.found.Ports {
		if port.Is != "http" {
			continue
		}
		comment := ""
		p.note("Port %d of this machine answers %s with status %d.", port.Port, port.Path, port.Status)
		if port.Status >= 400 {
			p.note("That is no success; put in an address that is.")
			comment = "#"
		}
		if head != "" {
			p.line("%s", head)
			head = ""
		}
		p.line("  %s- kind: http\n  %s  name: port-%d\n  %s  url: http://%s%s", comment, comment, port.Port, comment, localAddress(port.Port), port.Path)
	}
	if head != "" {
		p.note("Nothing answers HTTP on the usual ports of this machine (3000, 5000, 8000, 8080). A web site is watched like this:")
		p.line("probes:\n  #- kind: http\n  #  name: website\n  #  url: https://www.example.com/health")
	}
}

func (p *proposal) rest() {
	p.line("")
	p.note("Memory, processor, disks, load and network of this machine are looked at without a word here. \"vitals serve\" needs a token for its admin routes:")
	p.line("serve:\n  #listen: 127.0.0.1:8080\n  #token_file: vitals-token.secret")
}

// lookedFor adds the .env file to where nothing was found.
func (p *proposal) lookedFor() string {
	if p.found.looked.dotEnv {
		return " or in .env"
	}
	return ""
}

// hints tells what else points to a database or Redis.
func (p *proposal) hints(is string) string {
	var out string
	if s := p.service(is); s != nil {
		out += " But the service " + s.Name + " in " + s.File + " (" + s.Image + ") is one"
		if s.Port != 0 {
			out += ", on port " + strconv.Itoa(s.Port) + " of this machine"
		}
		out += "."
	}
	if port := p.answering(is); port != 0 {
		out += fmt.Sprintf(" But port %d of this machine answers as one does.", port)
	}
	return out
}

func (p *proposal) service(is string) *FoundService {
	for i, s := range p.found.Services {
		if s.Is == is {
			return &p.found.Services[i]
		}
	}
	return nil
}

// answering is the port of this machine on which something was found, or 0.
func (p *proposal) answering(is string) int {
	for _, port := range p.found.Ports {
		if port.Is == is {
			return port.Port
		}
	}
	return 0
}

// port is the best guess at a port.
func (p *proposal) port(is string, usual int) int {
	if s := p.service(is); s != nil && s.Port != 0 {
		return s.Port
	}
	return usual
}
