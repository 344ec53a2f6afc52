package configs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vitals/checks"
	"vitals/configs"
)

const marked = "marked-secret-value"

func TestSecretsAreHiddenEverywhere(t *testing.T) {
	cfg := mustLoad(t, `
database:
  url: postgres://app:marked-secret-value@127.0.0.1:1/app?sslmode=disable
  pgbouncer_url: postgres://stats:marked-secret-value@127.0.0.1:1/pgbouncer
serve:
  token: marked-secret-value
databases:
- name: other
  url: postgres://other:marked-secret-value@127.0.0.1:1/app
probes:
- kind: http
  name: page
  url: https://user:marked-secret-value@example.com/health?key=marked-secret-value
  body: marked-secret-value
  headers: [{name: X-Key, value: marked-secret-value}]
  basic_auth: {username: a, password: marked-secret-value}
- kind: command
  name: program
  command: ["true"]
  env: [{name: KEY, value: marked-secret-value}]
`, "REDIS_URL=redis://:marked-secret-value@127.0.0.1:1")
	var shown strings.Builder
	if err := cfg.Show(&shown); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for how, got := range map[string]string{
		"show": shown.String(), "json": string(text), "%v": fmt.Sprintf("%v", *cfg), "%+v": fmt.Sprintf("%+v", cfg), "%#v": fmt.Sprintf("%#v", cfg),
	} {
		if strings.Contains(got, marked) {
			t.Errorf("%s shows a secret", how)
		}
	}
	redactor := checks.NewRedactor(cfg.Secrets()...)
	if got := redactor.Redact("GET https://example.com/health failed"); strings.Contains(got, "hidden") {
		t.Error("the Redactor hides an address that is no secret:", got)
	}
	if got := redactor.Redact("password " + marked + " was refused"); strings.Contains(got, marked) {
		t.Error("the Redactor does not know the password of an address:", got)
	}
}

func TestSecretsOfEveryLayerAreKnown(t *testing.T) {
	cfg := mustLoad(t, "serve:\n  token: below-secret-value\n", "VITALS_SERVE_TOKEN=above-secret-value")
	if cfg.Serve.Token.Reveal() != "above-secret-value" {
		t.Error("the environment does not win")
	}
	for _, want := range []checks.Secret{"below-secret-value", "above-secret-value"} {
		if !slices.Contains(cfg.Secrets(), want) {
			t.Errorf("%s is not among the secrets", want.Reveal())
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dir := write(t, "vitals.yaml", "serve:\n  token_file: secrets/token\ndatabases:\n- name: a\n  url_file: secrets/address\n")
	writeIn(t, dir, "secrets/token", marked+"\r\n")
	writeIn(t, dir, "secrets/address", "postgres://a:"+marked+"@b/c\n")
	writeIn(t, dir, "other", "another-secret-value")
	load := func(env ...string) *configs.Config {
		t.Helper()
		cfg, err := configs.Load(configs.Source{Dir: dir, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	cfg := load()
	if cfg.Serve.Token.Reveal() != marked {
		t.Errorf("token %q", cfg.Serve.Token.Reveal())
	}
	if got := cfg.Databases[0].URL.Reveal(); got != "postgres://a:"+marked+"@b/c" {
		t.Errorf("url %q", got)
	}
	var b strings.Builder
	if err := cfg.Show(&b); err != nil {
		t.Fatal(err)
	}
	if want := "token: '[hidden]'  # vitals.yaml:2, read from secrets/token\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%s\nhas no line %s", b.String(), want)
	}
	if got := load("VITALS_SERVE_TOKEN_FILE=other").Serve.Token.Reveal(); got != "another-secret-value" {
		t.Errorf("a file that the environment names: %q", got)
	}
	if got := load("VITALS_SERVE_TOKEN=yet-another-secret").Serve.Token.Reveal(); got != "yet-another-secret" {
		t.Errorf("the environment above a file's secret: %q", got)
	}
}

// People put secrets in wrong places, and errors quote what they wrote.
func TestErrorsShowNoSecret(t *testing.T) {
	for _, text := range []string{
		"database: postgres://app:marked-secret-value@db/app\n",
		"database:\n  url: [postgres://app:marked-secret-value@db/app]\n",
		"database:\n  url: {postgres://app:marked-secret-value@db/app: }\n",
		"database:\n  url:postgres://app:marked-secret-value@db/app\n",
		"database:\n  url: postgress://app:marked-secret-value@db/app\n",
		"database:\n  url: postgres://app:marked-secret-value@db:port/app\n",
		"database:\n  url: postgres://app:marked-secret-value%zz@db/app\n",
		"database:\n  url: marked-secret-value\n  expect: marked-secret-value\n",
		"database:\n  users_table: postgres://app:marked-secret-value@db/app\n  url: 'x\n",
		"database:\n  users_table: \"postgres://app:marked-secret-value@db/app\\u0000\"\n  url: postgres://a@b/c\n",
		"timezone: postgres://app:marked-secret-value@db/app\n",
		"timeout: postgres://app:marked-secret-value@db/app\n",
		"serve:\n  token: !mine marked-secret-value\n",
		"serve:\n  token: *marked-secret-value\n",
		"serve:\n  token: \"marked-secret-value\n",
		"serve:\n  token: marked-secret-value\n  listen: marked-secret-value\n",
		"serve:\n  token: [marked-secret-value, {a: marked-secret-value}]\n",
		"serve:\n  token: marked-secret-value\n  token: marked-secret-value\n",
		"serve:\n\ttoken: marked-secret-value\n",
		"serve: token: marked-secret-value\n",
		"redis:\n  url: http://user:marked-secret-value@h\n",
		"redis:\n  url: marked-secret-value\n",
		"redis:\n  url: redis://:marked-secret-value@h:port/x\n",
		"redis:\n  url: redis://:marked-secret-value@h:1/database\n",
		"probes:\n- kind: postgres://app:marked-secret-value@db/app\n",
		"probes:\n- postgres://app:marked-secret-value@db/app\n",
	} {
		_, err := load(t, text)
		if err == nil {
			t.Errorf("loads: %s", text)
		} else if strings.Contains(err.Error(), marked) {
			t.Errorf("%s gives\n%v", text, err)
		}
	}
}
