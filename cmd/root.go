package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
)

// globalFlags are understood by every command.
type globalFlags struct {
	output   string
	config   string
	dataDir  string
	timeout  time.Duration
	noRecord bool
	noColor  bool
	quiet    bool
}

// execute runs the command line.
func execute(ctx context.Context, app *App) error {
	root := newRoot(app)
	root.SetArgs(app.Args)
	root.SetIn(app.In)
	root.SetOut(app.Out)
	root.SetErr(app.Err)
	err := root.ExecuteContext(ctx)
	var f *failure
	if err != nil && !errors.As(err, &f) && isCobraUsage(err) {
		return usageError("Run 'vitals --help' for the commands, or the command with --help.", "%w", err)
	}
	return err
}

func newRoot(app *App) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "vitals",
		Short: "Tells whether your application is well, remembers it, and wakes somebody when it is not",
		Long: `Vitals tells a team whether their application is well, remembers it, and wakes
somebody when it is not. Without any configuration, "vitals check" looks at this
machine and at what DATABASE_URL and REDIS_URL name.`,
		SilenceErrors: true, SilenceUsage: true,
	})
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("Run '"+c.CommandPath()+" --help' for its flags.", "%w", err)
	})
	addGlobalFlags(root, app)
	root.AddCommand(
		newAlert(app), newCache(app), newCheck(app), newChecklist(app), newConfig(app), newDashboard(app), newDB(app), newDemo(app), newEmergency(app), newIncident(app), newInit(app),
		newMan(app), newMetrics(app), newRun(app), newSchedule(app), newServe(app), newVersion(app), newWait(app),
	)
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = cobra.NoArgs, showHelp
		}
	}
	return root
}

func addGlobalFlags(root *cobra.Command, app *App) {
	f := root.PersistentFlags()
	f.StringVarP(&app.flags.output, "output", "o", "table", "`format`: "+formatNames())
	f.StringVar(&app.flags.config, "config", "", "configuration `file` (default: $VITALS_CONFIG, ./vitals.yaml, the XDG folder, /etc/vitals/vitals.yaml)")
	f.StringVar(&app.flags.dataDir, "data-dir", "", "`folder` of history and logs")
	f.Var((*durationFlag)(&app.flags.timeout), "timeout", "hard deadline of each check that sets none, such as 5s")
	f.BoolVar(&app.flags.noRecord, "no-record", false, "keep nothing in history")
	f.BoolVar(&app.flags.noColor, "no-color", false, "no colour (also: NO_COLOR)")
	f.BoolVarP(&app.flags.quiet, "quiet", "q", false, "print nothing but errors; the exit code tells")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formatCompletions(), cobra.ShellCompDirectiveNoFileComp))
	_ = root.MarkPersistentFlagDirname("data-dir")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml")
}

// group makes a command that only holds others. By itself it prints its help;
// with an unknown word it fails, which cobra alone would call success.
func group(c *cobra.Command, children ...*cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := "Run '" + c.CommandPath() + " --help' for its commands."
		if similar := c.SuggestionsFor(args[0]); len(similar) > 0 {
			hint = "Did you mean '" + c.CommandPath() + " " + similar[0] + "'?"
		}
		return usageError(hint, "%q is not a command of %q", args[0], c.CommandPath())
	}
	c.RunE = showHelp
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(children...)
	return c
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

// complain says on standard error why the command failed.
func (a *App) complain(err error) {
	var f *failure
	switch {
	case err == nil:
		return
	case errors.As(err, &f):
		if f.err == nil {
			return
		}
		fmt.Fprintf(a.Err, "vitals: %s\n", f.err)
		if f.hint != "" {
			fmt.Fprintf(a.Err, "%s\n", f.hint)
		}
	default:
		fmt.Fprintf(a.Err, "vitals: %s\n", err)
	}
}

// isCobraUsage recognises cobra's own complaints about arguments, which have
// no type of their own.
func isCobraUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "required flag", "accepts ", "requires ", "invalid argument", "if any flags in the group", "at least one of the flags"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// statusFlag reads --fail-on.
type statusFlag checks.Status

func (s *statusFlag) String() string { return checks.Status(*s).String() }
func (s *statusFlag) Type() string   { return "status" }
func (s *statusFlag) Set(text string) error {
	var status checks.Status
	if err := status.UnmarshalText([]byte(text)); err != nil || status < checks.Degraded {
		return fmt.Errorf("%q: use degraded or unhealthy", text)
	}
	*s = statusFlag(status)
	return nil
}
