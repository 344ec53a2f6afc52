package configs_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vitals/checks/postgres"
	"vitals/checks/sqlite"
	"vitals/configs"
)

// The forms that libpq, SQLAlchemy, Django, Rails and Prisma use, each as the
// checks get it.
func TestAddressesOfDatabases(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "here.db", "")
	in := func(path string) string { return "sqlite:" + filepath.Join(dir, path) }
	for _, c := range []struct{ text, sort, want string }{
		{"postgres://a:b@c:5432/d", "PostgreSQL", "postgres://a:b@c:5432/d"},
		{"postgresql://a@c/d?sslmode=require", "PostgreSQL", "postgres://a@c/d?sslmode=require"},
		{"postgresql+asyncpg://a@c/d?ssl=require", "PostgreSQL", "postgres://a@c/d?sslmode=require"},
		{"postgres+psycopg2://a@c/d?ssl=true&application_name=x", "PostgreSQL", "postgres://a@c/d?sslmode=require&application_name=x"},
		{"postgresql+psycopg://a@c/d", "PostgreSQL", "postgres://a@c/d"},
		{"postgresql://a@c/d?schema=public&connection_limit=5&pgbouncer=true", "PostgreSQL", "postgres://a@c/d"},
		{"POSTGRES://a@c/d", "PostgreSQL", "postgres://a@c/d"},
		{"postgres:///d?host=/run/postgresql", "PostgreSQL", "postgres:///d?host=/run/postgresql"},
		{"host=c dbname=d user=a", "PostgreSQL", "host=c dbname=d user=a"},
		{"user=a password='x.db' host=c", "PostgreSQL", "user=a password='x.db' host=c"},
		{"sqlite:app.db", "SQLite", in("app.db")},
		{"sqlite:data/app.db", "SQLite", in("data/app.db")},
		{"sqlite://app.db", "SQLite", in("app.db")},
		{"sqlite:///no/such/app.db", "SQLite", "sqlite:/no/such/app.db"},
		{"sqlite:///here.db", "SQLite", in("here.db")},
		{"sqlite:////no/such/app.db", "SQLite", "sqlite:/no/such/app.db"},
		{"sqlite+aiosqlite:///app.db", "SQLite", in("app.db")},
		{"sqlite+aiosqlite:////no/such/app.db", "SQLite", "sqlite:/no/such/app.db"},
		{"sqlite3:db/production.sqlite3", "SQLite", in("db/production.sqlite3")},
		{"file:./dev.db", "SQLite", in("dev.db")},
		{"file:dev.db?mode=ro&cache=shared", "SQLite", in("dev.db")},
		{"file:///no/such/app.db", "SQLite", "sqlite:/no/such/app.db"},
		{"app.db", "SQLite", in("app.db")},
		{"./data/app.sqlite", "SQLite", in("data/app.sqlite")},
		{"/no/such/app.sqlite3", "SQLite", "sqlite:/no/such/app.sqlite3"},
	} {
		cfg, err := configs.Load(configs.Source{Dir: dir, Env: []string{"DATABASE_URL=" + c.text}})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := cfg.Database.URL.Reveal(); got != c.want || cfg.Database.Type() != c.sort {
			t.Errorf("%s is %s at %s, want %s at %s", c.text, cfg.Database.Type(), got, c.sort, c.want)
		}
	}
	for _, text := range []string{"mysql://a@b/c", "mongodb://a", "app", "app.txt", "sqlite:", "sqlite::memory:", "sqlite://", "http://x/y.db", "="} {
		if _, err := configs.Load(configs.Source{Dir: dir, Env: []string{"DATABASE_URL=" + text}}); err == nil {
			t.Errorf("%s is taken for a database", text)
		}
		off := []string{"DATABASE_URL=" + text, "VITALS_DATABASE_DISABLED=true"}
		if _, err := configs.Load(configs.Source{Dir: dir, Env: off}); err != nil {
			t.Errorf("%s with the database disabled: %v", text, err)
		}
	}
}

// DatabaseOptions repeats the keys of both packages; none may be forgotten.
func TestDatabasesKnowEveryKeyOfBothSorts(t *testing.T) {
	known := map[string]bool{"path": true} // SQLite's, which the address holds
	for _, o := range configs.Reference() {
		if key, ok := strings.CutPrefix(o.Key, "database."); ok {
			first, _, _ := strings.Cut(key, ".")
			known[first] = true
		}
	}
	for _, options := range []reflect.Type{reflect.TypeFor[postgres.Options](), reflect.TypeFor[sqlite.Options]()} {
		for i := range options.NumField() {
			key, _, _ := strings.Cut(options.Field(i).Tag.Get("mapstructure"), ",")
			if key != "" && !known[key] {
				t.Errorf("%s has the key %s, which database does not", options, key)
			}
		}
	}
	o := configs.DefaultDatabaseOptions()
	if problems, list := o.Problems(), o.Checks(); len(problems) != 0 || len(list) != 0 {
		t.Error("without an address there are problems or checks:", problems, list)
	}
}
