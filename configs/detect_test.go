package configs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitals/configs"
)

// nobody is a machine on which nothing listens.
func nobody(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }

// proposed runs init in a folder and checks what is always so: the file loads
// in the same surroundings, and holds no secret.
func proposed(t *testing.T, in configs.DetectInput) (string, *configs.Config) {
	t.Helper()
	if in.Dial == nil {
		in.Dial = nobody
	}
	var b bytes.Buffer
	if err := configs.WriteInit(&b, configs.Detect(t.Context(), in)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, marked) {
		t.Errorf("a secret is in the file:\n%s", text)
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 100 && !strings.Contains(line, "://") {
			t.Errorf("a long line: %s", line)
		}
	}
	writeIn(t, in.Dir, "vitals.yaml", text)
	cfg, err := configs.Load(configs.Source{Dir: in.Dir, Env: in.Env})
	if err != nil {
		t.Fatalf("the file does not load: %v\n%s", err, text)
	}
	return text, cfg
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	unwrapped := strings.ReplaceAll(text, "\n# ", " ")
	for _, part := range parts {
		if !strings.Contains(text, part) && !strings.Contains(unwrapped, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestInitWhereNothingIs(t *testing.T) {
	text, cfg := proposed(t, configs.DetectInput{Dir: t.TempDir()})
	wants(t, text, "No database was found: no DATABASE_URL in the environment, and no SQLite file in this folder.",
		"No Redis or Valkey was found", "No folder such as uploads", "Nothing answers HTTP")
	if cfg.Database.URL != "" || cfg.Redis.URL != "" {
		t.Error("something came from nothing")
	}
}

func TestInitFromTheEnvironment(t *testing.T) {
	env := []string{"DATABASE_URL=postgresql://app:" + marked + "@db/app?password=" + marked, "REDIS_URL=redis://:" + marked + "@cache"}
	text, cfg := proposed(t, configs.DetectInput{Dir: t.TempDir(), Env: env})
	wants(t, text, "DATABASE_URL is set in the environment (postgresql://app@db/app, without its secrets).",
		"REDIS_URL is set in the environment (redis://cache, without its secrets).")
	if cfg.Database.Type() != "PostgreSQL" || cfg.Redis.URL == "" {
		t.Error("the variables are not in force")
	}

	text, _ = proposed(t, configs.DetectInput{Dir: t.TempDir(), Env: []string{"POSTGRES_URL=postgres://app:" + marked + "@db/app"}})
	wants(t, text, "POSTGRES_URL is set in the environment", `VITALS_DATABASE_URL="$POSTGRES_URL" vitals check`, "  #url_file: database-url.secret\n")

	text, cfg = proposed(t, configs.DetectInput{Dir: t.TempDir(), Env: []string{"DATABASE_URL=mysql://app:" + marked + "@db/app"}})
	wants(t, text, "not to a database that Vitals knows", "database:\n  disabled: true\n")
	if !cfg.Database.Disabled {
		t.Error("not switched off")
	}
}

func TestInitFromDotEnv(t *testing.T) {
	dir := write(t, ".env", "# comment DATABASE_URL=no\nexport DATABASE_URL=\"postgres://app:"+marked+"@db/app\"\nREDIS_URL=redis://cache:6379/0 # local\nSECRET_KEY="+marked+"\n")
	text, cfg := proposed(t, configs.DetectInput{Dir: dir})
	wants(t, text, "The .env file here sets DATABASE_URL (postgres://app@db/app, without its secrets).", "set -a; . ./.env; set +a; vitals check",
		"The .env file here sets REDIS_URL to this.", "redis:\n  url: redis://cache:6379/0\n")
	if cfg.Redis.URL.Reveal() != "redis://cache:6379/0" || cfg.Database.URL != "" {
		t.Error(cfg.Redis.URL.Reveal(), cfg.Database.URL.Reveal())
	}

	dir = write(t, ".env", "DATABASE_URL=sqlite+aiosqlite:///./app.db\n")
	_, cfg = proposed(t, configs.DetectInput{Dir: dir})
	if cfg.Database.Type() != "SQLite" || !strings.HasSuffix(cfg.Database.URL.Reveal(), "app.db") {
		t.Error(cfg.Database.URL.Reveal())
	}
}

func TestInitFromFiles(t *testing.T) {
	dir := write(t, "events.db", "SQLite format 3\x00...")
	writeIn(t, dir, "data/sessions.sqlite3", "SQLite format 3\x00...")
	writeIn(t, dir, "thumbs.db", "not a database")
	writeIn(t, dir, "uploads/picture.png", "")
	writeIn(t, dir, "public/uploads/picture.png", "")
	text, cfg := proposed(t, configs.DetectInput{Dir: dir})
	wants(t, text, "url: sqlite:events.db\n", "  #- name: sessions\n  #  url: sqlite:data/sessions.sqlite3\n", "paths: [uploads, public/uploads]\n")
	if cfg.Database.Type() != "SQLite" {
		t.Error(cfg.Database.Type())
	}
	if strings.Contains(text, "thumbs") {
		t.Error("a file that is no database was proposed")
	}
}

func TestInitFromCompose(t *testing.T) {
	dir := write(t, "docker-compose.yml", `services:
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: `+marked+`}
    ports: ["127.0.0.1:5433:5432"]
  cache:
    image: valkey/valkey:8
    ports:
      - target: 6379
        published: "6380"
  metrics:
    image: prom/postgres_exporter
  pooler:
    image: edoburu/pgbouncer
`)
	text, _ := proposed(t, configs.DetectInput{Dir: dir})
	wants(t, text, "But the service db in docker-compose.yml (postgres:16) is one, on port 5433 of this machine.", "  #url: postgres://USER@127.0.0.1:5433/NAME\n",
		"  #url: redis://127.0.0.1:6380/0\n", "The service pooler in docker-compose.yml looks like PgBouncer")
}

func TestInitFromPorts(t *testing.T) {
	text, cfg := proposed(t, configs.DetectInput{Dir: t.TempDir(), Dial: machine(t)})
	wants(t, text, "But port 5432 of this machine answers as one does.", "redis:\n  url: redis://127.0.0.1:6379/0\n",
		"Port 8000 of this machine answers /health with status 200.", "  - kind: http\n    name: port-8000\n    url: http://127.0.0.1:8000/health\n",
		"Port 3000 of this machine answers / with status 404.", "  #- kind: http\n")
	if len(cfg.Probes) != 1 {
		t.Error(len(cfg.Probes), "probes")
	}
}

// machine is one where something answers on the usual ports.
func machine(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	answer := func(text string) string {
		return serve(t, func(c net.Conn) { io.ReadFull(c, make([]byte, 6)); io.WriteString(c, text) })
	}
	web := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	empty := serveHTTP(t, http.NotFound)
	real := map[string]string{
		"127.0.0.1:5432": answer("N"), "127.0.0.1:6379": answer("+PONG\r\n"), "127.0.0.1:8000": web, "127.0.0.1:3000": empty,
		"127.0.0.1:8080": answer("220 mail\r\n"),
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if real[address] == "" {
			return nil, errors.New("refused")
		}
		return (&net.Dialer{}).DialContext(ctx, network, real[address])
	}
}

func serve(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l := listener(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func serveHTTP(t *testing.T, do http.HandlerFunc) string {
	t.Helper()
	l := listener(t)
	go http.Serve(l, do)
	return l.Addr().String()
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A port that accepts and never answers must not hold init up.
func TestDetectEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		found := configs.Detect(t.Context(), configs.DetectInput{Dir: t.TempDir(), Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go io.Copy(io.Discard, theirs)
			return ours, nil
		}})
		if took := time.Since(started); took > 2*time.Second {
			t.Error("took", took)
		}
		if len(found.Ports) != 0 {
			t.Error("found what does not answer:", found.Ports)
		}
	})
}
