package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/report"
)

type checkOptions struct {
	words   []string // names, tags or patterns; none means all
	list    bool
	watch   time.Duration // 0 = once
	failOn  checks.Status
	verbose bool
}

func newCheck(app *App) *cobra.Command {
	o := checkOptions{failOn: checks.Degraded}
	c := &cobra.Command{
		Use:   "check [NAME|TAG ...]",
		Short: "Run checks now; the exit code tells the worst status",
		Long: `Runs the configured checks, or those that the given names, tags or patterns
select, and prints what they found. "database" also selects database.pool;
"probe.*" selects all probes.

Exit codes: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown, 64 wrong usage,
78 wrong configuration, 70 an internal fault. So it is a Nagios plugin
(-o nagios) and a gate for a pipeline as it stands.`,
		Example: `  vitals check                          everything
  vitals check database redis           two of them
  vitals check --fail-on unhealthy      degraded passes
  vitals check -o junit > vitals.xml    for a pipeline
  vitals check --watch                  again every two seconds`,
		ValidArgsFunction: app.completeChecks,
		RunE: func(c *cobra.Command, args []string) error {
			o.words = args
			return app.check(c.Context(), o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.list, "list", false, "list the checks instead of running them")
	f.Var((*durationFlag)(&o.watch), "watch", "run again and again, this long apart")
	f.Lookup("watch").NoOptDefVal = "2s"
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the facts and tables of healthy checks too")
	addFailOn(c, &o.failOn)
	return c
}

func addFailOn(c *cobra.Command, failOn *checks.Status) {
	c.Flags().Var((*statusFlag)(failOn), "fail-on", "the mildest status that fails: degraded or unhealthy")
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"degraded", "unhealthy"}, cobra.ShellCompDirectiveNoFileComp))
}

// check runs `vitals check`.
func (a *App) check(ctx context.Context, o checkOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	cfg, list, err := a.selectChecks(o.words)
	if err != nil {
		return err
	}
	defer closeChecks(list)
	if o.list {
		return a.printList(listOf(list, cfg), cfg)
	}
	rec := a.startRecorder(ctx, cfg)
	defer rec.close()
	round := func() (report.Document, error) { return a.round(ctx, cfg, list, rec, f, o.verbose) }
	if o.watch > 0 {
		return a.watch(ctx, o, func() (report.Document, error) {
			doc, err := round()
			rec.alert(ctx, cfg)
			return doc, err
		})
	}
	doc, err := round()
	if err != nil {
		return err
	}
	rec.alert(ctx, cfg)
	return verdict(doc.Status, o.failOn)
}

// round runs the checks once, keeps the results and prints them.
func (a *App) round(ctx context.Context, cfg *configs.Config, list []checks.Check, rec *recorder, f report.Format, verbose bool) (report.Document, error) {
	started := a.Now()
	endProgress := a.progress(ctx, "asking "+countOf(len(list), "check"))
	results := a.runner(cfg).Run(ctx, list)
	endProgress()
	doc := report.NewDocument(results, started, time.Since(started))
	rec.keep(context.WithoutCancel(ctx), results)
	view := a.view(cfg)
	view.Verbose = verbose
	if f.Name == "table" && view.Width >= minTrendWidth {
		view.Trend = rec.trend(ctx, results)
	}
	return doc, a.printDocument(f, doc, view)
}

// watch repeats rounds until it is interrupted and ends as the last one did.
func (a *App) watch(ctx context.Context, o checkOptions, round func() (report.Document, error)) error {
	for {
		if a.OutWidth() > 0 {
			fmt.Fprint(a.Out, "\x1b[H\x1b[2J")
		}
		doc, err := round()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return verdict(doc.Status, o.failOn)
		case <-time.After(o.watch):
		}
	}
}

// selectChecks loads the configuration and picks checks from it. Selecting
// none is wrong usage: a gate that looks at nothing must not pass.
func (a *App) selectChecks(words []string) (*configs.Config, []checks.Check, error) {
	cfg, err := a.Config()
	if err != nil {
		return nil, nil, err
	}
	all := cfg.Checks()
	list, unmatched := checks.Select(all, words)
	if len(unmatched) > 0 {
		return nil, nil, usageError("There are: "+strings.Join(names(all), ", ")+".",
			"no check has the name, tag or pattern %s", quoted(unmatched))
	}
	if len(list) == 0 {
		return nil, nil, usageError("Give it a database, Redis or probe: see 'vitals init'.", "no check is configured, so nothing was looked at")
	}
	return cfg, list, nil
}

func closeChecks(list []checks.Check) {
	for _, c := range list {
		if c.Close != nil {
			c.Close()
		}
	}
}

func listOf(list []checks.Check, cfg *configs.Config) checks.Table {
	t := checks.Table{Name: "checks", Columns: []checks.Column{
		{Name: "name"}, {Name: "critical", Kind: checks.KindBool},
		{Name: "timeout", Kind: checks.KindDuration}, {Name: "interval", Kind: checks.KindDuration},
		{Name: "tags"}, {Name: "depends_on"}, {Name: "help"},
	}}
	for _, c := range list {
		t.Add(c.Name, c.Critical, or(c.Timeout, cfg.Timeout), or(c.Interval, cfg.Serve.Interval),
			strings.Join(c.Tags, " "), strings.Join(c.DependsOn, " "), c.Help)
	}
	return t
}

func (a *App) completeChecks(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.Config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var words []string
	for _, c := range cfg.Checks() {
		words = append(words, c.Name+"\t"+c.Help)
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func names(list []checks.Check) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Name
	}
	return out
}
