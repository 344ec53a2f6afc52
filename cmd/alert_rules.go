package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

type ruleOptions struct {
	names    []string // rules, or files with test
	measures bool
	test     bool
}

func newAlertRules(app *App) *cobra.Command {
	var o ruleOptions
	c := &cobra.Command{
		Use:   "rules [NAME ...] | --measures | --test FILE ...",
		Short: "The rules: what they ask, and how they stand",
		Long: `Lists the rules, with what they ask in short and as PromQL, and how they stand:
ok, pending, firing, no data (it had some), never had data, error, or not
evaluated. With names it shows everything about those.

--test runs tests of rules, written as for promtool, on the rules of the
configuration. It needs no history; exit code 0 when all hold, else 2.`,
		Example: `  vitals alert rules
  vitals alert rules high_error_rate
  vitals alert rules --measures
  vitals alert rules --test rules_test.yml -o junit > rules.xml`,
		ValidArgsFunction: func(c *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			if o.test {
				return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
			}
			return app.completeRules(c, args, start)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.names = args
			return app.alertRules(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.measures, "measures", false, "list what a rule can compare with a threshold without PromQL")
	c.Flags().BoolVar(&o.test, "test", false, "run the tests in the files that follow")
	c.MarkFlagsMutuallyExclusive("measures", "test")
	return c
}

func (a *App) alertRules(ctx context.Context, o ruleOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	switch {
	case o.measures && len(o.names) > 0:
		return usageError("", "--measures lists all of them; it takes no names")
	case o.measures:
		return a.printList(measureTable(), cfg)
	case o.test:
		return a.testRules(ctx, f, cfg, o.names)
	}
	chosen, err := chosenRules(cfg.AlertPolicy().Rules, o.names)
	if err != nil {
		return err
	}
	if cfg.History.Disabled || cfg.Alerting.Disabled {
		a.note("%s is disabled, so no rule is evaluated", map[bool]string{true: "history", false: "alerting"}[cfg.History.Disabled])
	}
	if cfg.History.Disabled {
		return a.showRules(ctx, cfg, nil, chosen, len(o.names) > 0)
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		return a.showRules(ctx, cfg, db, chosen, len(o.names) > 0)
	})
}

func chosenRules(all []alerting.Rule, names []string) ([]alerting.Rule, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []alerting.Rule
	for _, name := range names {
		i := slices.IndexFunc(all, func(r alerting.Rule) bool { return r.Name == name })
		if i < 0 {
			return nil, usageError("See 'vitals alert rules' for those that there are.", "no rule is called %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func (a *App) showRules(ctx context.Context, cfg *configs.Config, db *history.DB, rules []alerting.Rule, whole bool) error {
	v, err := a.alertView(ctx, cfg, db)
	if err != nil {
		return err
	}
	if whole && a.forPeople() {
		return a.printText(func(b *strings.Builder) {
			for i, r := range rules {
				if i > 0 {
					b.WriteByte('\n')
				}
				v.describe(b, r)
			}
		})
	}
	if !a.forPeople() {
		return a.printList(v.ruleTable(rules), cfg)
	}
	width := a.OutWidth()
	if err := a.printList(v.ruleLines(rules, width == 0 || width >= wideEnough), cfg); err != nil {
		return err
	}
	if at, same := v.evaluatedTogether(rules); same {
		err = a.printText(func(b *strings.Builder) {
			fmt.Fprintf(b, "\nEvaluated: %s\n", shortTime(at, v.now, v.location))
		})
	}
	if width > 0 && width < wideEnough && a.ErrTerminal {
		a.note("'vitals alert rules NAME' shows a rule's PromQL")
	}
	return err
}

// evaluatedTogether tells whether all rules were evaluated at one moment, as
// they mostly are.
func (v alertView) evaluatedTogether(rules []alerting.Rule) (at time.Time, same bool) {
	for i, r := range rules {
		one := v.state.Rules[r.Name].EvaluatedAt
		if i > 0 && !one.Equal(at) {
			return at, false
		}
		at = one
	}
	return at, len(rules) > 0
}

// wideEnough is the narrowest terminal in which expressions stand in the list.
const wideEnough = 110

// printText writes what is no table, for people.
func (a *App) printText(write func(b *strings.Builder)) error {
	if a.flags.quiet {
		return nil
	}
	var b strings.Builder
	write(&b)
	_, err := fmt.Fprint(a.Out, b.String())
	return a.written(err)
}

// standing is how a rule stands now.
type standing struct {
	word            string
	firing, pending int
	alerting.RuleState
}

func (v alertView) standing(r alerting.Rule) standing {
	s := standing{RuleState: v.state.Rules[r.Name]}
	for _, a := range v.state.Alerts {
		if a.Rule == r.Name && a.Phase == alerting.Firing {
			s.firing++
		}
		if a.Rule == r.Name && a.Phase == alerting.Pending {
			s.pending++
		}
	}
	switch {
	case s.EvaluatedAt.IsZero():
		s.word = "not evaluated"
	case s.Err != "":
		s.word = "error"
	case s.firing > 0:
		s.word = "firing"
	case s.pending > 0:
		s.word = "pending"
	case s.DataAt.IsZero():
		s.word = "never had data"
	case s.DataAt.Before(s.EvaluatedAt):
		s.word = "no data"
	default:
		s.word = "ok"
	}
	return s
}

// ruleLines is the list for people.
func (v alertView) ruleLines(rules []alerting.Rule, wide bool) checks.Table {
	_, together := v.evaluatedTogether(rules)
	t := checks.Table{Name: "rules", Columns: []checks.Column{{Name: "name"}, {Name: "severity"}, {Name: "state"}}}
	if !together {
		t.Columns = append(t.Columns, checks.Column{Name: "evaluated"})
	}
	t.Columns = append(t.Columns, checks.Column{Name: "asks"})
	if wide {
		t.Columns = append(t.Columns, checks.Column{Name: "PromQL"})
	}
	for _, r := range rules {
		s := v.standing(r)
		word := s.word
		if s.firing > 1 {
			word = fmt.Sprintf("firing (%d)", s.firing)
		}
		row := []any{r.Name, r.Severity, word}
		if !together {
			row = append(row, shortTime(s.EvaluatedAt, v.now, v.location))
		}
		expr := strings.Join(strings.Fields(r.Expr), " ")
		asks := r.Shorthand
		if asks == "" && !wide {
			asks = expr
		}
		if r.For > 0 {
			asks = strings.TrimSpace(asks + " for " + forText(r.For))
		}
		t.Add(append(row, asks, expr)...)
	}
	return t
}

func forText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return checks.DurationText(d)
}

// ruleTable is the list for programs.
func (v alertView) ruleTable(rules []alerting.Rule) checks.Table {
	t := checks.Table{Name: "rules", Columns: []checks.Column{
		{Name: "name"}, {Name: "severity"}, {Name: "state"}, {Name: "firing", Kind: checks.KindInteger}, {Name: "pending", Kind: checks.KindInteger},
		{Name: "shorthand"}, {Name: "expr"}, {Name: "for", Kind: checks.KindDuration}, {Name: "keep_firing_for", Kind: checks.KindDuration},
		{Name: "labels"}, {Name: "summary"}, {Name: "description"}, {Name: "runbook"}, {Name: "incident"},
		{Name: "last_evaluated", Kind: checks.KindTime}, {Name: "last_data", Kind: checks.KindTime}, {Name: "evaluation", Kind: checks.KindDuration}, {Name: "error"},
	}}
	for _, r := range rules {
		s := v.standing(r)
		t.Add(r.Name, r.Severity, s.word, int64(s.firing), int64(s.pending),
			textOrNil(r.Shorthand), r.Expr, r.For, r.KeepFiringFor,
			labelText(r.Labels), textOrNil(r.Annotations["summary"]), textOrNil(r.Annotations["description"]), textOrNil(r.Runbook), textOrNil(r.Incident),
			timeOrNil(s.EvaluatedAt), timeOrNil(s.DataAt), s.Took, textOrNil(v.redact(s.Err)))
	}
	return t
}

// describe writes all about one rule. Nothing is cut, so that the expression
// can be copied.
func (v alertView) describe(b *strings.Builder, r alerting.Rule) {
	s := v.standing(r)
	fmt.Fprintf(b, "%s  %s  %s\n", r.Name, r.Severity, s.word)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-15s  %s\n", name, strings.ReplaceAll(cleanLines(text), "\n", "\n"+strings.Repeat(" ", 19)))
		}
	}
	line("asks", r.Shorthand)
	line("PromQL", r.Expr)
	line("for", forText(r.For))
	line("keeps firing for", forText(r.KeepFiringFor))
	line("labels", labelText(r.Labels))
	line("says", r.Annotations["summary"])
	line("advises", r.Annotations["description"])
	line("runbook", r.Runbook)
	line("opens incident", r.Incident)
	line("evaluated", shortTime(s.EvaluatedAt, v.now, v.location))
	line("had data", shortTime(s.DataAt, v.now, v.location))
	line("error", v.redact(s.Err))
	if s.firing+s.pending > 0 {
		line("alerts", fmt.Sprintf("%d firing, %d pending: see 'vitals alert active'", s.firing, s.pending))
	}
}

func measureTable() checks.Table {
	t := checks.Table{Name: "measures", Columns: []checks.Column{{Name: "name"}, {Name: "unit"}, {Name: "threshold"}, {Name: "window"}, {Name: "help"}}}
	for _, m := range alerting.Measures() {
		threshold, window := "above it", "needed"
		if m.AtLeast {
			threshold = "reached or above"
		}
		if m.Now {
			window = "or now"
		}
		t.Add(m.Name, m.Unit, threshold, window, m.Help)
	}
	return t
}
