package postgres

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"vitals/checks"
)

func TestProblems(t *testing.T) {
	good := func(change func(*Options)) Options {
		o := DefaultOptions()
		o.URL = "postgres://app:x@localhost/shop"
		change(&o)
		return o
	}
	for _, c := range []struct {
		options Options
		keys    []string
	}{
		{DefaultOptions(), nil},
		{good(func(o *Options) {}), nil},
		{good(func(o *Options) { o.URL, o.Name = "", "other" }), []string{"url"}},
		{good(func(o *Options) { o.Expect = "master" }), []string{"expect"}},
		{good(func(o *Options) { o.UsersTable = "a.b.c" }), []string{"users_table"}},
		{good(func(o *Options) { o.UsersExactLimit = -1 }), []string{"users_exact_limit"}},
		{good(func(o *Options) { o.PgBouncer = "localhost" }), []string{"pgbouncer_url"}},
		{good(func(o *Options) {
			o.Pool = PoolOptions{Size: -1, MaxOverflow: -2}
		}), []string{"pool.size", "pool.max_overflow", "pool.degraded_percent", "pool.unhealthy_percent"}},
		{good(func(o *Options) { o.URL, o.Expect = "redis://x", "x" }), []string{"url", "expect"}},
	} {
		var keys []string
		for _, p := range c.options.Problems() {
			keys = append(keys, p.Key)
		}
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%+v: got problems with %v, want %v", c.options, keys, c.keys)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{
		"postgres://", "postgresql:///shop", "postgres://app@/shop?host=/run/postgresql", "postgres://h1:5432,h2:5433/shop",
		"postgres://h1,h2/shop?target_session_attrs=any", "postgres://[::1]:5432/shop", "postgres://[::1]/shop", "host=/tmp dbname=x",
		"postgresql+psycopg://app:p%40ss%2Fword@db.example:5432/shop?application_name=a@b", "postgres://app:p#ss?word@db/shop",
	} {
		if p := urlProblem(checks.Secret(good)); p != "" {
			t.Errorf("%s: %s", good, p)
		}
	}
	for bad, part := range map[string]string{
		"localhost":                              "is not an address",
		"mysql://app:hunter2@db/shop":            "is not an address of PostgreSQL",
		"postgres://app:hunter2@here@db/shop":    "an @ too many",
		"postgres://app:hunt/er2@db:5432/shop":   "an @ too many, or a / before it",
		"postgres://app:hunter2%zz@db/shop":      "hexadecimal digits",
		"postgres://app:hunter2%":                "hexadecimal digits",
		"postgres://app:hunter2@db:port/shop":    "a port that is not a number",
		"postgres://app:hunter2@db:70000/shop":   "a port that is not a number",
		"postgres://app:hunter2@db,db2:x/shop":   "a port that is not a number",
		"postgres://app:hunter2@fe80::1/shop":    "in brackets",
		"postgres://app:hunter2@db/shop\x00evil": "zero byte",
	} {
		p := urlProblem(checks.Secret(bad))
		if !strings.Contains(p, part) || strings.Contains(p, "hunt") || strings.Contains(p, "er2") {
			t.Errorf("%q: got %q, want %q", bad, p, part)
		}
	}
}

func TestTableNames(t *testing.T) {
	for text, quoted := range map[string]string{
		"users": `"users"`, "Users": `"Users"`, "public.users": `"public"."users"`, `"a.b".c`: `"a.b"."c"`, `"a""b"`: `"a""b"`,
		`a"b`: `"a""b"`, "u; drop table users --": `"u; drop table users --"`, "benutzer_ä": `"benutzer_ä"`,
	} {
		table, err := parseTable(text)
		if err != nil || table.quoted() != quoted {
			t.Errorf("%s: got %s (%v), want %s", text, table.quoted(), err, quoted)
		}
	}
	for text, part := range map[string]string{
		"a.b.c": "3 parts", ".": "empty name", "a.": "empty name", ".a": "empty name", `"a`: "not closed", `"a"b`: "expected a dot",
		"a\nb": "no name can have", "a\x00b": "no name can have", " a": "begins or ends with a space", "\xff": "no name can have",
		strings.Repeat("x", 64): "longer than the 63 bytes",
	} {
		if _, err := parseTable(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: got %v, want %q", text, err, part)
		}
	}
	if table, err := parseTable(""); err != nil || table.name != "" {
		t.Errorf("no table: %v %v", table, err)
	}
}

func FuzzTableNames(f *testing.F) {
	for _, seed := range []string{"users", `"a.b"."c""d"`, `a"`, "..", `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseTable(text)
		if err != nil || table.name == "" {
			return
		}
		// What is quoted is one name, or two with a dot: read again it is the same.
		again, err := parseTable(table.quoted())
		if err != nil || again != table {
			t.Errorf("%q became %s, which is %v (%v)", text, table.quoted(), again, err)
		}
	})
}

// FuzzAddresses holds that no problem with an address repeats its password.
func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{"hunter2", "p@ss/word", "%zz", "a:b", "[", "?x=y#z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if len(password) < 4 || strings.Contains(encoding+" hexadecimal digits that is not a number host cannot be read", password) {
			return
		}
		text := "postgres://app:" + password + "@localhost:5432/shop"
		if p := urlProblem(checks.Secret(text)); strings.Contains(p, password) {
			t.Errorf("%q is in %q", password, p)
		}
		encoded := "postgres://app:" + url.QueryEscape(password) + "@localhost:5432/shop"
		if p := urlProblem(checks.Secret(encoded)); p != "" {
			t.Errorf("encoded %q: %s", encoded, p)
		}
	})
}

func TestWhichChecksThereAre(t *testing.T) {
	names := func(change func(*Options)) string {
		o := DefaultOptions()
		o.URL = "postgres://localhost/shop"
		change(&o)
		var all []string
		for _, c := range o.Checks() {
			all = append(all, c.Name)
			if c.Help == "" || c.Do == nil || c.Close == nil {
				t.Errorf("%s is not complete", c.Name)
			}
		}
		return strings.Join(all, " ")
	}
	for want, change := range map[string]func(*Options){
		"database":                               func(*Options) {},
		"":                                       func(o *Options) { o.URL = "" },
		"database database.pool":                 func(o *Options) { o.Pool.Size = 1 },
		"database@other database.pool@other":     func(o *Options) { o.Name, o.Pool.Size = "other", 1 },
		"database.pool":                          func(o *Options) { o.URL, o.PgBouncer, o.Pool.Size = "", "postgres://localhost/", 1 },
		"database@bounced database.pool@bounced": func(o *Options) { o.Name, o.PgBouncer = "bounced", "postgres://localhost/" },
	} {
		if got := names(change); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := names(func(o *Options) { o.Disabled, o.Pool.Size = true, 1 }); got != "" {
		t.Errorf("disabled: %q", got)
	}
	o := DefaultOptions()
	o.URL, o.Pool.Size, o.DependsOn = "postgres://localhost/shop", 1, []string{"probe.network"}
	list := o.Checks()
	if !slices.Equal(list[0].DependsOn, []string{"probe.network"}) || !slices.Equal(list[1].DependsOn, []string{"probe.network", "database"}) {
		t.Errorf("dependencies: %v and %v", list[0].DependsOn, list[1].DependsOn)
	}
}
