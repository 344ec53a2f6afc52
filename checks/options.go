package checks

import "time"

// Common are the settings that every check has in the configuration. Option
// structs of checks embed it with `mapstructure:",squash"`.
type Common struct {
	Disabled  bool          `mapstructure:"disabled" help:"leave this check out"`
	Timeout   time.Duration `mapstructure:"timeout" help:"hard deadline; 0 means the global timeout"`
	Interval  time.Duration `mapstructure:"interval" help:"how often serve runs it; 0 means serve.interval"`
	Critical  bool          `mapstructure:"critical" help:"whether its failure makes the whole unhealthy"`
	Tags      []string      `mapstructure:"tags" help:"words that select it on the command line"`
	DependsOn []string      `mapstructure:"depends_on" help:"checks whose failure explains this one's"`
}

// Apply copies the settings into a check.
func (o Common) Apply(c Check) Check {
	c.Timeout, c.Interval, c.Critical, c.DependsOn = o.Timeout, o.Interval, o.Critical, o.DependsOn
	c.Tags = append(append([]string(nil), c.Tags...), o.Tags...)
	return c
}

// Problem is one thing wrong with an option, said for the person who wrote it.
type Problem struct {
	Key     string // the option, relative to its struct, such as "url" or "headers[2].name"
	Message string // what is wrong and what was expected, without the key
}

// KindOfCheck describes a sort of check to the people who configure it: the rows of
// the tables that drive validation, `vitals check --list` and the reference.
type KindOfCheck struct {
	Name    string // the word after "kind:" or the section's name
	Help    string // one line
	Example string // YAML that works, indented by nothing
	New     func() Options
}

// Options are the settings of one sort of check, holding their defaults until
// the configuration is read into them. New returns a pointer to them.
type Options interface {
	// Problems returns everything that is wrong with the settings, nil when
	// they can be used. It touches nothing outside.
	Problems() []Problem
	// Checks makes the checks that the settings ask for. It touches nothing
	// outside: connections are made when a check is first run.
	Checks() []Check
}
