package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/report"
)

type waitOptions struct {
	words  []string
	limit  time.Duration
	pause  time.Duration
	failOn checks.Status
}

func newWait(app *App) *cobra.Command {
	o := waitOptions{limit: time.Minute, pause: time.Second, failOn: checks.Degraded}
	c := &cobra.Command{
		Use:   "wait [NAME|TAG ...]",
		Short: "Block until checks are healthy: for CI and container start-up",
		Long: `Runs the selected checks again and again until all are healthy, then prints the
last round and ends with 0. When --for is over before that, it prints what still
fails and ends with 75.`,
		Example: `  vitals wait database redis --for 60s && ./migrate
  vitals wait --fail-on unhealthy       degraded is good enough`,
		ValidArgsFunction: app.completeChecks,
		RunE: func(c *cobra.Command, args []string) error {
			o.words = args
			return app.wait(c.Context(), o)
		},
	}
	c.Flags().Var((*durationFlag)(&o.limit), "for", "how long to wait")
	c.Flags().Var((*durationFlag)(&o.pause), "every", "pause between two rounds")
	addFailOn(c, &o.failOn)
	return c
}

// wait runs `vitals wait`. Only the last round is kept in history: the rounds
// before it belong to one start-up, not to the application's record.
func (a *App) wait(ctx context.Context, o waitOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	cfg, list, err := a.selectChecks(o.words)
	if err != nil {
		return err
	}
	defer closeChecks(list)
	rec := a.startRecorder(ctx, cfg)
	defer rec.close()

	started := a.Now()
	endProgress := a.progress(ctx, "waiting for "+countOf(len(list), "check"))
	results, waited := a.waitRounds(ctx, o, cfg, list)
	endProgress()
	doc := report.NewDocument(results, started, time.Since(started))
	rec.keep(context.WithoutCancel(ctx), results)
	if err := a.printDocument(f, doc, a.view(cfg)); err != nil {
		return err
	}
	if verdict(doc.Status, o.failOn) == nil {
		return nil
	}
	return gaveUp("gave up after %s: %s", waited.Round(100*time.Millisecond), stillFailing(results))
}

// waitRounds repeats until everything passes or the limit is over, which also
// cuts a round short that is under way.
func (a *App) waitRounds(ctx context.Context, o waitOptions, cfg *configs.Config, list []checks.Check) ([]checks.Result, time.Duration) {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	runner := a.runner(cfg)
	for {
		results := runner.Run(ctx, list)
		if verdict(checks.Overall(results), o.failOn) == nil {
			return results, time.Since(started)
		}
		select {
		case <-ctx.Done():
			return results, time.Since(started)
		case <-time.After(o.pause):
		}
	}
}

func stillFailing(results []checks.Result) string {
	text, more := "", 0
	for _, r := range results {
		switch {
		case r.Status == checks.Healthy:
		case text == "":
			text = fmt.Sprintf("%s is %s (%s)", r.Check, r.Status, r.Summary)
		default:
			more++
		}
	}
	if more > 0 {
		text += fmt.Sprintf(", and %s more", countOf(more, "check"))
	}
	return text
}
