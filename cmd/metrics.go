package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

func newMetrics(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "metrics",
		Short: "Look at what was measured",
	}, newMetricsQuery(app))
}

type queryOptions struct {
	expr string
	at   string        // RFC 3339, "" for now
	span time.Duration // how far back a range goes; 0 asks for one moment
	step time.Duration // between two points of a range; 0 fits the terminal
}

func newMetricsQuery(app *App) *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query PROMQL",
		Short: "Ask the history with PromQL",
		Long: `Answers a PromQL expression from the history: at one moment, or over a range,
which a terminal shows as a chart.`,
		Example: `  vitals metrics query 'vitals_check_failed == 1'
  vitals metrics query 'avg_over_time(memory_usage_mb[10m])' --range 6h
  vitals metrics query 'vitals_check_duration_seconds{check="database"}' --range 1h -o csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.expr = args[0]
			return app.query(c.Context(), o)
		},
	}
	c.Flags().Var((*durationFlag)(&o.span), "range", "how far back to go, such as 1h; without it one moment is asked for")
	c.Flags().Var((*durationFlag)(&o.step), "step", "time between two points of a range (default: as many as fit)")
	c.Flags().StringVar(&o.at, "at", "", "the `moment`, or the end of the range, as 2026-11-23T10:00:00Z (default: now)")
	return c
}

// query runs `vitals metrics query`.
func (a *App) query(ctx context.Context, o queryOptions) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	at := a.Now()
	if o.at != "" {
		if at, err = time.Parse(time.RFC3339, o.at); err != nil {
			return usageError("Write it as 2026-11-23T10:00:00Z.", "--at %q is no moment", o.at)
		}
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	db, err := history.Open(ctx, historyOptions(cfg, recordPatience))
	if err != nil {
		return err
	}
	defer db.Close()
	answer, err := a.ask(ctx, db, cfg, o, at)
	var wrong *history.ExpressionError
	if errors.As(err, &wrong) && wrong.Line > 0 {
		return usageError("", "%w", err)
	}
	if err != nil {
		return err
	}
	for _, w := range answer.Warnings {
		fmt.Fprintf(a.Err, "vitals: note: %s\n", report.Clean(w))
	}
	if f.Name == "table" && answer.Kind == history.Matrix && a.OutWidth() > 0 && !a.flags.quiet {
		return a.written(report.WriteChart(a.Out, linesOf(answer), at.Add(-o.span), at, a.view(cfg)))
	}
	return a.printList(samplesTable(answer), cfg)
}

func (a *App) ask(ctx context.Context, db *history.DB, cfg *configs.Config, o queryOptions, at time.Time) (history.Answer, error) {
	end := a.progress(ctx, "asking the history")
	defer end()
	engine := history.NewEngine(db, history.EngineOptions{Timeout: max(cfg.Timeout, 30*time.Second)})
	if o.span == 0 {
		return engine.Instant(ctx, o.expr, at)
	}
	step := o.step
	if step == 0 {
		step = stepFor(o.span, a.OutWidth())
	}
	return engine.Range(ctx, o.expr, at.Add(-o.span), at, step)
}

// stepFor gives a point for each column of a chart, or 100 for a program, at
// whole seconds.
func stepFor(span time.Duration, width int) time.Duration {
	points := 100
	if width > 0 {
		points = report.ChartPoints(width)
	}
	return max(time.Second, (span / time.Duration(points)).Round(time.Second))
}

func linesOf(answer history.Answer) []report.Line {
	var lines []report.Line
	for _, l := range answer.Matrix {
		line := report.Line{Labels: l.Labels}
		for _, v := range l.Values {
			line.Times, line.Values = append(line.Times, v.Time), append(line.Values, v.Value)
		}
		lines = append(lines, line)
	}
	return lines
}

// samplesTable has a column for each label, then value and time.
func samplesTable(answer history.Answer) checks.Table {
	type sample struct {
		labels map[string]string
		history.Value
	}
	var all []sample
	for _, e := range answer.Vector {
		all = append(all, sample{e.Labels, e.Value})
	}
	for _, l := range answer.Matrix {
		for _, v := range l.Values {
			all = append(all, sample{l.Labels, v})
		}
	}
	if answer.Kind == history.Scalar {
		all = append(all, sample{nil, answer.Scalar})
	}
	t := checks.Table{Name: "samples"}
	if answer.Kind == history.String {
		t.Columns = []checks.Column{{Name: "text"}}
		t.Add(answer.String)
		return t
	}
	labels := map[string]bool{}
	for _, s := range all {
		for name := range s.labels {
			labels[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(labels))
	for _, name := range names {
		t.Columns = append(t.Columns, checks.Column{Name: columnName(name)})
	}
	t.Columns = append(t.Columns, checks.Column{Name: "value", Kind: checks.KindNumber}, checks.Column{Name: "time", Kind: checks.KindTime})
	for _, s := range all {
		var row []any
		for _, name := range names {
			row = append(row, s.labels[name])
		}
		t.Add(append(row, s.Value.Value, s.Time)...)
	}
	return t
}

// columnName keeps labels apart from the two columns that are always there.
func columnName(label string) string {
	switch label {
	case "__name__":
		return "metric"
	case "value", "time", "metric":
		return "label_" + label
	}
	return label
}
