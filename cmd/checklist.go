package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
	"vitals/schedule"
)

func newChecklist(app *App) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "checklist",
		Short: "Go through the daily, weekly or monthly checklist",
		Long: `Goes through a checklist: each item is answered by checks and by queries over the
history, and what only a person can judge is asked of a person, whose answer
counts for the day, the week or the month.`,
	}, newChecklistTick(app), newChecklistHistory(app))
	for _, list := range schedule.Builtin() {
		c.AddCommand(newChecklistRun(app, list))
	}
	return c
}

func newChecklistRun(app *App, list schedule.Checklist) *cobra.Command {
	failOn := checks.Degraded
	c := &cobra.Command{
		Use: list.Name, Short: list.Title, Args: cobra.NoArgs,
		Long: list.Title + ": each item with its answer. The exit code is that of a check; items that wait for a\nperson are unknown.",
		RunE: func(c *cobra.Command, _ []string) error { return app.checklist(c.Context(), list, failOn) },
	}
	addFailOn(c, &failOn)
	return c
}

// checklist runs `vitals checklist daily` and its like.
func (a *App) checklist(ctx context.Context, list schedule.Checklist, failOn checks.Status) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	var status checks.Status
	err = a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		started, began := a.Now(), time.Now()
		results, err := a.listResults(ctx, cfg, db, list)
		if err != nil {
			return err
		}
		all := cfg.Checks()
		defer closeChecks(all)
		answers := a.judge(ctx, all, db, list, results)
		period := list.Period.Begin(started.In(cfg.Location()))
		if err := a.addTicks(ctx, db, list, period, answers); err != nil {
			return err
		}
		doc := report.NewDocument(checklistResults(list, answers), started, time.Since(began))
		status = doc.Status
		if err := a.printDocument(f, doc, a.view(cfg)); err != nil {
			return err
		}
		return a.keepAnswers(ctx, db, list, period, answers)
	})
	if err != nil {
		return err
	}
	return verdict(status, failOn)
}

// listResults runs every check that any item asks for, once.
func (a *App) listResults(ctx context.Context, cfg *configs.Config, db *history.DB, list schedule.Checklist) (map[string]checks.Result, error) {
	all := cfg.Checks()
	defer closeChecks(all)
	wanted := map[string]bool{}
	for _, item := range list.Items {
		for _, c := range item.Select(all) {
			wanted[c.Name] = true
		}
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(c checks.Check) bool { return !wanted[c.Name] })
	if len(chosen) == 0 {
		return nil, nil
	}
	end := a.progress(ctx, "asking "+countOf(len(chosen), "check"))
	results := a.runner(cfg).Run(ctx, chosen)
	end()
	byName := map[string]checks.Result{}
	for _, r := range results {
		byName[r.Check] = r
	}
	if a.flags.noRecord {
		return byName, nil
	}
	return byName, db.Record(context.WithoutCancel(ctx), results)
}

// judge answers each item from the results and from history.
func (a *App) judge(ctx context.Context, all []checks.Check, db *history.DB, list schedule.Checklist, results map[string]checks.Result) []schedule.Answer {
	round := history.NewEngine(db, history.EngineOptions{}).Round(a.Now())
	defer round.Close()
	var answers []schedule.Answer
	for _, item := range list.Items {
		var chosen []checks.Result
		for _, c := range item.Select(all) {
			if r, ok := results[c.Name]; ok {
				chosen = append(chosen, r)
			}
		}
		var readings []schedule.Reading
		for _, q := range item.Queries {
			readings = append(readings, reading(ctx, round, q))
		}
		answers = append(answers, schedule.Judge(item, chosen, readings, a.Now()))
	}
	return answers
}

func reading(ctx context.Context, round *history.Round, q schedule.Query) schedule.Reading {
	r := schedule.Reading{Query: q}
	answer, err := round.Instant(ctx, q.Expr)
	r.Err = err
	for _, e := range answer.Vector {
		r.Values = append(r.Values, schedule.Value{Labels: e.Labels, Value: e.Value.Value})
	}
	if err == nil && answer.Kind == history.Scalar {
		r.Values = append(r.Values, schedule.Value{Value: answer.Scalar.Value})
	}
	return r
}

// addTicks puts in what people have answered in the period.
func (a *App) addTicks(ctx context.Context, db *history.DB, list schedule.Checklist, period time.Time, answers []schedule.Answer) error {
	kept, err := db.Answers(ctx, list.Name, period)
	if err != nil {
		return err
	}
	for _, k := range kept {
		for i := range answers {
			if answers[i].Item == k.Item && k.By != "" && !k.FromData {
				answers[i].By = "" // a later answer replaces an earlier one
				if answers[i], err = answers[i].Tick(k.By, k.Note, k.Status, k.At); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (a *App) keepAnswers(ctx context.Context, db *history.DB, list schedule.Checklist, period time.Time, answers []schedule.Answer) error {
	if a.flags.noRecord {
		return nil
	}
	var kept []history.ListAnswer
	for _, answer := range answers {
		answer.FromData = true // what data and people said together, at this moment
		kept = append(kept, history.ListAnswer{List: list.Name, Period: period, Answer: answer})
	}
	return db.AddAnswers(context.WithoutCancel(ctx), kept...)
}

// checklistResults shows the answers as what checks would say.
func checklistResults(list schedule.Checklist, answers []schedule.Answer) []checks.Result {
	var results []checks.Result
	for i, item := range list.Items {
		answer := answers[i]
		r := checks.Result{Check: list.Name + "." + item.ID, Status: answer.Status, Critical: true, Summary: answer.Summary, Started: answer.At}
		if answer.Open() {
			r.Hint = fmt.Sprintf("Answer it: vitals checklist tick %s --note TEXT.", item.ID)
		}
		if answer.By != "" {
			r = r.Add(checks.Text("answered_by", answer.By), checks.Time("answered", answer.At))
			if answer.Note != "" {
				r = r.Add(checks.Text("note", answer.Note))
			}
		}
		results = append(results, r)
	}
	return results
}

func newChecklistTick(app *App) *cobra.Command {
	var by, note, word string
	c := &cobra.Command{
		Use:               "tick ITEM",
		Short:             "Answer an item that data cannot",
		Example:           "  vitals checklist tick security-audit --by Ada --note \"two accounts removed\"\n  vitals checklist tick backup-status --status unhealthy --note \"restore failed\"",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeItems,
		RunE: func(c *cobra.Command, args []string) error {
			return app.tick(c.Context(), args[0], by, note, word)
		},
	}
	c.Flags().StringVar(&by, "by", "", "`name` of whoever answers (default: the user)")
	c.Flags().StringVar(&note, "note", "", "what was found")
	c.Flags().StringVar(&word, "status", "healthy", "healthy, degraded or unhealthy")
	return c
}

func (a *App) tick(ctx context.Context, id, by, note, word string) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		item, kept, err := a.keepTick(ctx, cfg, db, id, a.actor(by), note, word)
		if err == nil && !a.flags.quiet {
			fmt.Fprintf(a.Out, "%s: %s, answered by %s for the %s list that began on %s\n", item.Title, kept.Status, kept.By, kept.List, kept.Period.Format(time.DateOnly))
		}
		return err
	})
}

// keepTick keeps a person's answer to an item for the period that lasts.
func (a *App) keepTick(ctx context.Context, cfg *configs.Config, db *history.DB, id, by, note, word string) (schedule.Item, history.ListAnswer, error) {
	var status checks.Status
	if err := status.UnmarshalText([]byte(word)); err != nil || status == checks.Unknown {
		return schedule.Item{}, history.ListAnswer{}, usageError("Use healthy, degraded or unhealthy.", "the status %q is no answer", word)
	}
	list, item, err := itemNamed(id)
	if err != nil {
		return item, history.ListAnswer{}, err
	}
	now := a.Now()
	answer, err := schedule.Answer{Item: item.ID, Summary: item.Ask, Status: checks.Unknown}.Tick(by, note, status, now)
	if err != nil {
		return item, history.ListAnswer{}, usageError("", "%w", err)
	}
	kept := history.ListAnswer{List: list.Name, Period: list.Period.Begin(now.In(cfg.Location())), Answer: answer}
	return item, kept, db.AddAnswers(ctx, kept)
}

func itemNamed(id string) (schedule.Checklist, schedule.Item, error) {
	var ids []string
	for _, list := range schedule.Builtin() {
		for _, item := range list.Items {
			if item.ID == id {
				return list, item, nil
			}
			ids = append(ids, item.ID)
		}
	}
	return schedule.Checklist{}, schedule.Item{}, usageError("There are: "+strings.Join(ids, ", ")+".", "no checklist has an item %q", id)
}

func completeItems(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, list := range schedule.Builtin() {
		for _, item := range list.Items {
			words = append(words, item.ID+"\t"+list.Name+": "+item.Title)
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func newChecklistHistory(app *App) *cobra.Command {
	var since time.Duration
	var people bool
	c := &cobra.Command{
		Use: "history", Short: "What was answered, the newest first", Args: cobra.NoArgs,
		Example: "  vitals checklist history --since 90d\n  vitals checklist history --people",
		RunE: func(c *cobra.Command, _ []string) error {
			return app.checklistHistory(c.Context(), or(since, incidentsSince), people)
		},
	}
	c.Flags().Var((*durationFlag)(&since), "since", "how far back to go (default 30d)")
	c.Flags().BoolVar(&people, "people", false, "only what people answered")
	return c
}

func (a *App) checklistHistory(ctx context.Context, since time.Duration, people bool) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		all, err := db.AnswersSince(ctx, a.Now().Add(-since))
		if err != nil {
			return err
		}
		t := checks.Table{Name: "answers", Columns: []checks.Column{
			{Name: "time", Kind: checks.KindTime}, {Name: "list"}, {Name: "period"}, {Name: "item"}, {Name: "status"}, {Name: "by"}, {Name: "note"}, {Name: "summary"},
		}}
		for _, k := range slices.Backward(all) {
			if !people || k.By != "" && !k.FromData {
				t.Add(k.At, k.List, k.Period.In(cfg.Location()).Format(time.DateOnly), k.Item, k.Status.String(), k.By, k.Note, k.Summary)
			}
		}
		if len(t.Rows) == 0 && a.flags.output == "table" && !a.flags.quiet {
			fmt.Fprintln(a.Out, "No answers.")
			return nil
		}
		return a.printList(t, cfg)
	})
}
