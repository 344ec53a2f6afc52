package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

// incidentsSince is how far back lists of incidents go by themselves.
const incidentsSince = 30 * 24 * time.Hour

func newIncidentList(app *App) *cobra.Command {
	var since time.Duration
	var open bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "Incidents, the newest first",
		Example: "  vitals incident list --open\n  vitals incident list --since 90d -o csv",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.listIncidents(c.Context(), or(since, incidentsSince), open)
		},
	}
	c.Flags().Var((*durationFlag)(&since), "since", "how far back to go (default 30d); open ones are always shown")
	c.Flags().BoolVar(&open, "open", false, "only those that are not over")
	return c
}

func (a *App) listIncidents(ctx context.Context, since time.Duration, open bool) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		all, err := incidentsSinceOrOpen(ctx, db, a.Now().Add(-since), open)
		if err != nil {
			return err
		}
		if len(all) == 0 && a.flags.output == "table" && !a.flags.quiet {
			fmt.Fprintln(a.Out, map[bool]string{true: "No incident is open.", false: "No incidents."}[open])
			return nil
		}
		return a.printList(incidentTable(all, a.Now(), a.flags.output == "table"), cfg)
	})
}

// incidentsSinceOrOpen are the incidents since a moment, the newest first, and
// after them the older ones that are open.
func incidentsSinceOrOpen(ctx context.Context, db *history.DB, since time.Time, openOnly bool) ([]alerting.Incident, error) {
	all, err := db.Incidents(ctx, history.IncidentFilter{OpenOnly: true})
	if err != nil || openOnly {
		return all, err
	}
	past, err := db.Incidents(ctx, history.IncidentFilter{From: since})
	known := map[string]bool{}
	for _, i := range past {
		known[i.ID] = true
	}
	return append(past, slices.DeleteFunc(all, func(i alerting.Incident) bool { return known[i.ID] })...), err
}

// incidentTable has the contract's keys of an incident's record. People get
// short ids.
func incidentTable(all []alerting.Incident, now time.Time, short bool) checks.Table {
	t := checks.Table{Name: "incidents", Columns: []checks.Column{
		{Name: "id"}, {Name: "status"}, {Name: "severity"}, {Name: "type"}, {Name: "description"}, {Name: "timestamp", Kind: checks.KindTime},
		{Name: "lasted", Kind: checks.KindDuration}, {Name: "acknowledged_by"}, {Name: "resolved_by"},
	}}
	for _, i := range all {
		id := i.ID
		if short {
			id = shortID(id)
		}
		t.Add(id, string(i.Status), i.Severity, i.Type, i.Description, i.OpenedAt, lasted(i, now), i.AckedBy, i.ResolvedBy)
	}
	return t
}

func lasted(i alerting.Incident, now time.Time) time.Duration {
	if d, over := i.TimeToResolve(); over {
		return d.Round(time.Second)
	}
	return now.Sub(i.OpenedAt).Round(time.Second)
}

func newIncidentShow(app *App) *cobra.Command {
	return &cobra.Command{
		Use:               "show ID",
		Short:             "One incident with its timeline",
		Long:              "Shows one incident with everything that happened in it. Any start of the id that only one incident has is enough.",
		Example:           "  vitals incident show 3f2a\n  vitals incident show 3f2a -o json",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: app.completeIncidents,
		RunE:              func(c *cobra.Command, args []string) error { return app.showIncident(c.Context(), args[0]) },
	}
}

func (a *App) showIncident(ctx context.Context, id string) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		i, timeline, err := db.Incident(ctx, id)
		if err != nil {
			return noIncident(id, err)
		}
		view := a.view(cfg)
		view.Verbose = true
		r := incidentResult(i, timeline, a.Now())
		return a.printDocument(f, report.NewDocument([]checks.Result{r}, a.Now(), 0), view)
	})
}

// incidentResult shows an incident as what a check would answer about it.
func incidentResult(i alerting.Incident, timeline []alerting.Entry, now time.Time) checks.Result {
	r := checks.Result{
		Check: "incident." + i.Type, Status: incidentStatus(i), Critical: i.Severity == "critical", Started: i.OpenedAt,
		Summary: fmt.Sprintf("%s (%s, %s)", i.Description, i.Severity, i.Status),
	}
	if i.Status == alerting.Open {
		r.Hint = "Take it with 'vitals incident ack " + shortID(i.ID) + "'."
	}
	if i.Runbook != "" {
		r.Hint = "Runbook: " + i.Runbook
	}
	r = r.Add(checks.Text("id", i.ID), checks.Text("type", i.Type), checks.Text("severity", i.Severity), checks.Text("incident_status", string(i.Status)),
		checks.Time("opened", i.OpenedAt), checks.Text("opened_by", i.OpenedBy), checks.Duration("lasted", lasted(i, now)))
	if d, acked := i.TimeToAck(); acked {
		r = r.Add(checks.Text("acknowledged_by", i.AckedBy), checks.Duration("time_to_acknowledge", d.Round(time.Second)))
	}
	if d, over := i.TimeToResolve(); over {
		r = r.Add(checks.Text("resolved_by", i.ResolvedBy), checks.Duration("time_to_resolve", d.Round(time.Second)))
	}
	for _, name := range slices.Sorted(maps.Keys(i.Labels)) {
		if name != "severity" && name != "alertname" {
			r = r.Add(checks.Text("label_"+name, i.Labels[name]))
		}
	}
	t := checks.Table{Name: "timeline", Columns: []checks.Column{{Name: "time", Kind: checks.KindTime}, {Name: "kind"}, {Name: "actor"}, {Name: "text"}}}
	for _, e := range timeline {
		t.Add(e.At, string(e.Kind), e.Actor, e.Text)
	}
	r.Tables = []checks.Table{t}
	return r
}

func newIncidentStats(app *App) *cobra.Command {
	var since time.Duration
	c := &cobra.Command{
		Use:   "stats",
		Short: "How many incidents, and how long until somebody took and solved them",
		Long: `Counts the incidents of a time by type, with the mean time to acknowledge (MTTA)
and to resolve (MTTR) of those that were.`,
		Example: "  vitals incident stats --since 90d",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.incidentStats(c.Context(), or(since, incidentsSince))
		},
	}
	c.Flags().Var((*durationFlag)(&since), "since", "how far back to go (default 30d)")
	return c
}

func (a *App) incidentStats(ctx context.Context, since time.Duration) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		all, err := db.Incidents(ctx, history.IncidentFilter{From: a.Now().Add(-since)})
		if err != nil {
			return err
		}
		t := checks.Table{Name: "incident_stats", Columns: []checks.Column{
			{Name: "type"}, {Name: "incidents", Kind: checks.KindInteger}, {Name: "open", Kind: checks.KindInteger},
			{Name: "mean_time_to_acknowledge", Kind: checks.KindDuration}, {Name: "mean_time_to_resolve", Kind: checks.KindDuration},
		}}
		for _, s := range alerting.Stats(all) {
			t.Add(s.Type, int64(s.Count), int64(s.Open), measured(s.MeanToAck), measured(s.MeanToResolve))
		}
		return a.printList(t, cfg)
	})
}

// measured is a duration, or nil where there was none to measure.
func measured(d time.Duration) any {
	if d < 0 {
		return nil
	}
	return d.Round(time.Second)
}

func newIncidentReport(app *App) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "report ID",
		Short: "Write a post-mortem in Markdown from what happened",
		Long: `Writes a post-mortem in Markdown: what happened, the timeline, who was told, what
Vitals did, the notes, and the questions that only people can answer.`,
		Example:           "  vitals incident report 3f2a > post-mortem.md\n  vitals incident report 3f2a --file docs/2026-11-23.md",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: app.completeIncidents,
		RunE:              func(c *cobra.Command, args []string) error { return app.reportIncident(c.Context(), args[0], file) },
	}
	c.Flags().StringVar(&file, "file", "", "`file` to write; one that exists is left alone")
	return c
}

func (a *App) reportIncident(ctx context.Context, id, file string) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		i, timeline, err := db.Incident(ctx, id)
		if err != nil {
			return noIncident(id, err)
		}
		out := a.Out
		if file != "" {
			f, err := os.OpenFile(a.path(file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return usageError("Somebody may have written into it: move it away, or name another.", "%s exists already", file)
			}
			if err != nil {
				return err
			}
			defer f.Close()
			out = f
		}
		return a.written(report.WritePostMortem(out, i, timeline, a.Now(), a.view(cfg)))
	})
}

// path is a file named on the command line.
func (a *App) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.Dir, name)
}
