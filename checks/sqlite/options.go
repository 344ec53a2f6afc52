// Package sqlite asks whether a SQLite database file works. It never creates,
// changes or locks out anything: the file is opened for reading only.
package sqlite

import (
	"fmt"
	"strings"

	"vitals/checks"
)

// Options are the settings of one SQLite database.
type Options struct {
	Name            string `mapstructure:"name" help:"tells several databases apart: the check is called database@NAME; empty for the application's own"`
	Path            string `mapstructure:"path" path:"true" help:"the database file"`
	UsersTable      string `mapstructure:"users_table" help:"table whose rows are the application's users; empty counts none"`
	UsersExactLimit int64  `mapstructure:"users_exact_limit" help:"with more rows than this, by the statistics of ANALYZE, those are taken instead of counting"`
	checks.Common   `mapstructure:",squash"`
}

// DefaultOptions returns the options of a database without its path.
func DefaultOptions() Options {
	return Options{UsersExactLimit: 1_000_000, Common: checks.Common{Critical: true}}
}

// Problems implements checks.Options. An empty Path is no problem where no
// Name is given: then there is no SQLite database to look at.
func (o *Options) Problems() []checks.Problem {
	var all []checks.Problem
	add := func(key, format string, values ...any) {
		all = append(all, checks.Problem{Key: key, Message: fmt.Sprintf(format, values...)})
	}
	if o.Path == "" && o.Name != "" {
		add("path", "is missing; expected the path of a database file")
	}
	if strings.Contains(o.Path, "\x00") {
		add("path", "holds a zero byte, which no path can")
	}
	if o.Path == ":memory:" {
		add("path", "a database in memory can only be seen by the program that holds it; expected a file")
	}
	if strings.ContainsFunc(o.UsersTable, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		add("users_table", "holds a character that no name should have")
	}
	if o.UsersExactLimit < 0 {
		add("users_exact_limit", "must not be negative, got %d", o.UsersExactLimit)
	}
	return all
}

// Checks implements checks.Options.
func (o *Options) Checks() []checks.Check {
	if o.Disabled || o.Path == "" {
		return nil
	}
	name := "database"
	if o.Name != "" {
		name += "@" + o.Name
	}
	d := &database{options: *o}
	return []checks.Check{o.Apply(checks.Check{
		Name: name,
		Help: "whether the SQLite database can be read",
		Tags: []string{"sqlite"}, Do: d.do,
	})}
}
