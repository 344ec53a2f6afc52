package configs_test

import (
	"strings"
	"testing"

	"vitals/configs"
)

// valueFor is something to put into a leaf that differs from its default, as
// a variable holds it and as Show prints it.
func valueFor(o configs.Option) (text, shown string) {
	switch {
	case o.Secret && strings.HasSuffix(o.Key, "url"):
		return "", "" // an address has a test of its own
	case o.Secret:
		return "marked-secret-value", "'[hidden]'"
	}
	if strings.HasSuffix(o.Key, "depends_on") {
		return "database, redis", "[database, redis]"
	}
	switch o.Type {
	case "true or false":
		if o.Default == "true" {
			return "false", "false"
		}
		return "true", "true"
	case "whole number":
		return "7", "7"
	case "number":
		return "77.5", "77.5"
	case "list of texts":
		return "a, b", "[a, b]"
	case "list of whole numbers":
		return "1, 2", "[1, 2]"
	}
	switch {
	case strings.HasPrefix(o.Type, "duration"):
		return "77s", "1m17s"
	case strings.HasPrefix(o.Type, "size"):
		return "77MB", "77MB"
	}
	return "", ""
}

// Every scalar that is not inside a list can be set by its variable, and then
// Show says so.
func TestTheEnvironmentReachesEveryLeaf(t *testing.T) {
	reached := 0
	seen := map[string]bool{}
	for _, o := range configs.Reference() {
		if strings.Contains(o.Key, "[") {
			if o.Variable != "" {
				t.Errorf("%s is inside a list and has the variable %s", o.Key, o.Variable)
			}
			continue
		}
		if want := "VITALS_" + strings.ToUpper(strings.ReplaceAll(o.Key, ".", "_")); o.Variable != want || seen[want] {
			t.Errorf("%s has the variable %s, want %s once", o.Key, o.Variable, want)
		}
		seen[o.Variable], seen[o.Variable+"_FILE"] = true, seen[o.Variable+"_FILE"] || o.Secret
		text, shown := valueFor(o)
		if text == "" || o.Key == "file_system.paths" { // paths become absolute
			continue
		}
		reached++
		env := []string{o.Variable + "=" + text, "DATABASE_URL=postgres://app@db/app", "REDIS_URL=redis://cache"}
		cfg, err := configs.Load(configs.Source{Dir: t.TempDir(), Env: env})
		if err != nil {
			// A value that only goes with another proves as well that it arrived.
			if !strings.Contains(err.Error(), "environment "+o.Variable+": ") {
				t.Errorf("%s=%s: %v", o.Variable, text, err)
			}
			continue
		}
		var b strings.Builder
		if err := cfg.Show(&b); err != nil {
			t.Fatal(err)
		}
		key := o.Key[strings.LastIndexByte(o.Key, '.')+1:]
		if want := key + ": " + shown + "  # environment " + o.Variable + "\n"; !strings.Contains(b.String(), want) {
			t.Errorf("%s=%s does not show as %s", o.Variable, text, want)
		}
	}
	if reached < 50 {
		t.Errorf("only %d keys were tried", reached)
	}
}

func TestTextsFromTheEnvironment(t *testing.T) {
	cfg := mustLoad(t, "", "VITALS_ENVIRONMENT=staging", "VITALS_SERVE_LISTEN=:9000", "VITALS_LOG_LEVEL=debug", "VITALS_TIMEZONE=UTC",
		"DATABASE_URL=postgres://a@b/c", "VITALS_DATABASE_USERS_TABLE=people")
	if cfg.Environment != "staging" || cfg.Serve.Listen != ":9000" || cfg.Log.Level != "debug" || cfg.Timezone != "UTC" || cfg.Database.UsersTable != "people" {
		t.Errorf("%+v", cfg)
	}
}

// Kubernetes puts such variables into every container of a namespace that has
// a service called vitals; other tools have their own.
func TestForeignVariablesAreLeftAlone(t *testing.T) {
	mustLoad(t, "", "VITALS_SERVICE_HOST=10.0.0.1", "VITALS_SERVICE_PORT=80", "VITALS_PORT=tcp://10.0.0.1:80",
		"VITALS_PORT_80_TCP_ADDR=10.0.0.1", "VITALS_REDIS_PORT=tcp://10.0.0.1:6379", "VITALS_REDIS_SERVICE_HOST=x", "VITALSX=1", "TIMEOUT=1", "PATH=/bin")
}
