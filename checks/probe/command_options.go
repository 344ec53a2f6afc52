package probe

import "vitals/checks"

// The values of CommandOptions.Format.
const (
	FormatNagios = "nagios"
	FormatExit   = "exit"
)

// CommandOptions are the settings of a probe that runs a program.
type CommandOptions struct {
	Name          string     `mapstructure:"name" help:"the check is called probe.NAME"`
	Command       []string   `mapstructure:"command" help:"the program and its arguments, each for itself; no shell is involved"`
	Dir           string     `mapstructure:"dir" path:"true" help:"folder to run it in; empty means the current one"`
	Env           []Variable `mapstructure:"env" help:"environment variables to add"`
	Format        string     `mapstructure:"format" oneof:"exit,nagios" help:"exit: 0 is healthy, anything else is not; nagios: the exit code and output of a Nagios plugin"`
	Expect        string     `mapstructure:"expect" help:"regular expression that must be found in what it writes to standard output"`
	checks.Common `mapstructure:",squash"`
}

// Variable is one environment variable.
type Variable struct {
	Name  string        `mapstructure:"name" help:"the variable's name"`
	Value checks.Secret `mapstructure:"value" help:"the variable's value"`
}

// NewCommandOptions returns the defaults.
func NewCommandOptions() *CommandOptions {
	return &CommandOptions{Format: FormatExit, Common: checks.Common{Critical: true}}
}

func commandKind() checks.KindOfCheck {
	return checks.KindOfCheck{
		Name: "command",
		Help: "runs a program, such as a Nagios plugin, and judges its exit code and output",
		Example: `- kind: command
  name: mail-queue
  command: [/usr/lib/nagios/plugins/check_mailq, -w, "50", -c, "200"]
  format: nagios
`,
		New: func() checks.Options { return NewCommandOptions() },
	}
}
