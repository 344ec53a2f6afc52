package configs

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// DetectInput is what Detect may look at.
type DetectInput struct {
	Env []string // as os.Environ gives it
	Dir string   // the folder to look around in

	// Dial connects to an address; nil means the network. Tests put theirs in.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Found is what Detect found: facts, without any secret, from which WriteInit
// makes a file.
type Found struct {
	Databases []FoundAddress // in the order of preference
	Redis     []FoundAddress
	Users     string   // the table of users in the main database, "" where none was seen
	SQLite    []string // database files, relative to the folder
	Folders   []string // that an application probably writes to, relative
	Services  []FoundService
	Ports     []FoundPort
	looked    lookedAt
}

// FoundAddress is an environment variable that names a database or Redis.
type FoundAddress struct {
	Variable string
	DotEnv   bool   // it is in the .env file, not in the environment
	Address  string // without password and query; "" when it is not an address
	Sort     string // of a database: PostgreSQL or SQLite, "" for one that Vitals does not know
	Open     bool   // the address holds no password, so it is whole
}

// FoundService is one of a Compose file.
type FoundService struct {
	File, Name, Image string
	Is                string // postgres, redis or pgbouncer
	Port              int    // published on this machine, 0 when none is
}

// FoundPort is something that answers on this machine.
type FoundPort struct {
	Port   int
	Is     string // postgres, redis or http
	Path   string // of http: what to ask for
	Status int    // of http: what it answered
}

// lookedAt remembers where nothing was, for the comments.
type lookedAt struct {
	dotEnv, compose bool
}

// detectPatience bounds everything that Detect does over the network.
const detectPatience = 2 * time.Second

// Detect looks at the environment, at a .env and a Compose file, for SQLite
// files and folders of uploads, at the usual ports of this machine, and into
// the database for a table of users. It changes nothing, reads no secret into what it returns, and takes at most two
// seconds.
func Detect(ctx context.Context, in DetectInput) Found {
	ctx, cancel := context.WithTimeout(ctx, detectPatience)
	defer cancel()
	if in.Dial == nil {
		in.Dial = (&net.Dialer{}).DialContext
	}
	var f Found
	var ports []FoundPort
	var wg sync.WaitGroup
	wg.Go(func() { ports = findPorts(ctx, in) })
	f.variables(newEnvironment(in.Env), false)
	f.dotEnv(in.Dir)
	f.files(in.Dir)
	f.compose(in.Dir)
	f.Users = f.usersTable(ctx, newEnvironment(in.Env), in.Dir)
	wg.Wait()
	f.Ports = ports
	return f
}

// usualPorts are looked at; what answers is asked what it is.
var usualPorts = []struct {
	port int
	is   string
}{
	{5432, "postgres"}, {6379, "redis"}, {8000, "http"}, {8080, "http"}, {3000, "http"}, {5000, "http"},
}

func findPorts(ctx context.Context, in DetectInput) []FoundPort {
	answers := make([]FoundPort, len(usualPorts))
	var wg sync.WaitGroup
	for i, u := range usualPorts {
		wg.Go(func() { answers[i] = askPort(ctx, in, u.port, u.is) })
	}
	wg.Wait()
	var found []FoundPort
	for _, a := range answers {
		if a.Port != 0 {
			found = append(found, a)
		}
	}
	return found
}

// askPort finds out whether a port speaks the protocol: a listener that does
// not is somebody else's.
func askPort(ctx context.Context, in DetectInput, port int, is string) FoundPort {
	address := localAddress(port)
	if is == "http" {
		return askHTTP(ctx, in, port)
	}
	conn, err := in.Dial(ctx, "tcp", address)
	if err != nil {
		return FoundPort{}
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline) // without one, ctx's end still bounds the dial
	question := "PING\r\n"
	if is == "postgres" {
		// SSLRequest, answered with one letter: PostgreSQL, "Frontend/Backend
		// Protocol", message formats.
		question = "\x00\x00\x00\x08\x04\xd2\x16\x2f"
	}
	if _, err := conn.Write([]byte(question)); err != nil {
		return FoundPort{}
	}
	answer := make([]byte, 1)
	if _, err := conn.Read(answer); err != nil {
		return FoundPort{}
	}
	c := answer[0]
	if is == "postgres" && (c == 'S' || c == 'N') || is == "redis" && (c == '+' || c == '-') {
		return FoundPort{Port: port, Is: is}
	}
	return FoundPort{}
}

// healthPaths are where applications answer when asked how they are.
var healthPaths = []string{"/health", "/healthz", "/"}

func askHTTP(ctx context.Context, in DetectInput, port int) FoundPort {
	transport := &http.Transport{DialContext: in.Dial, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range healthPaths {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+localAddress(port)+path, nil)
		if err != nil {
			return FoundPort{}
		}
		response, err := client.Do(request)
		if err != nil {
			return FoundPort{}
		}
		response.Body.Close()
		if path == "/" || response.StatusCode < 400 || response.StatusCode == http.StatusServiceUnavailable {
			return FoundPort{Port: port, Is: "http", Path: path, Status: response.StatusCode}
		}
	}
	return FoundPort{}
}
