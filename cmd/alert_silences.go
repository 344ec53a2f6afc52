package cmd

import (
	"cmp"
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
	"vitals/report"
)

func newAlertSilences(app *App) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "silences",
		Short: "Silences and maintenance windows: those in force and those to come",
		Long: `Lists silences and the configured maintenance windows: those in force, and those
to come with their next time. How many alerts each keeps quiet now stands beside
it.`,
		Example: "  vitals alert silences\n  vitals alert silences --all -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.silences(c.Context(), all) },
	}
	c.Flags().BoolVar(&all, "all", false, "those that have ended too")
	return c
}

func (a *App) silences(ctx context.Context, ended bool) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		v, err := a.alertView(ctx, cfg, db)
		if err != nil {
			return err
		}
		kept := v.state.Silences
		if ended {
			if kept, err = db.Silences(ctx, time.Time{}); err != nil {
				return err
			}
		}
		all := v.quiet(kept, ended)
		if a.forPeople() {
			return a.printText(func(b *strings.Builder) { v.writeQuiet(b, all) })
		}
		return a.printList(quietTable(all), cfg)
	})
}

// quiet is a silence or an occurrence of a maintenance window.
type quiet struct {
	alerting.Silence
	kind   string // silence or maintenance
	state  string // active, future or ended
	alerts int    // how many it keeps quiet now
}

// quiet gathers silences and windows: those in force first, then those to come
// in their order, then those that have ended.
func (v alertView) quiet(silences []alerting.Silence, ended bool) []quiet {
	var all []quiet
	for _, s := range silences {
		all = append(all, quiet{Silence: s, kind: "silence"})
	}
	for _, w := range v.policy.Windows {
		if s, there := occurrenceOf(w, v.now); there {
			all = append(all, quiet{Silence: s, kind: "maintenance"})
		}
	}
	for i := range all {
		switch q := &all[i]; {
		case !v.now.Before(q.Until):
			q.state = "ended"
		case v.now.Before(q.From):
			q.state = "future"
		default:
			q.state, q.alerts = "active", v.matching(q.Matchers)
		}
	}
	if !ended {
		all = slices.DeleteFunc(all, func(q quiet) bool { return q.state == "ended" })
	}
	order := []string{"active", "future", "ended"}
	slices.SortStableFunc(all, func(x, y quiet) int {
		return cmp.Or(slices.Index(order, x.state)-slices.Index(order, y.state), x.From.Compare(y.From))
	})
	return all
}

// occurrenceOf is a window's present occurrence, or the next one, or for a
// one-off window the only one.
func occurrenceOf(w alerting.Window, now time.Time) (alerting.Silence, bool) {
	if s, active := w.Silence(now); active {
		s.ID = w.Name
		return s, true
	}
	s := alerting.Silence{ID: w.Name, Matchers: w.Matchers, By: w.By, Why: w.Why}
	var coming bool
	s.From, s.Until, coming = w.Next(now)
	return s, coming || !w.Recurring()
}

// when says the times of a silence in a few words.
func (v alertView) when(q quiet) string {
	from, until := shortTime(q.From, v.now, v.location), shortTime(q.Until, v.now, v.location)
	switch q.state {
	case "active":
		return "until " + until
	case "future":
		return from + " for " + checks.DurationText(q.Until.Sub(q.From))
	}
	return "ended " + until
}

// writeQuiet is the list for people.
func (v alertView) writeQuiet(b *strings.Builder, all []quiet) {
	if len(all) == 0 {
		b.WriteString("No silence is in force or to come, and no maintenance window.\n")
	}
	for i, q := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		id := shortID(q.ID)
		if q.kind == "maintenance" {
			id = "maintenance " + q.ID
		}
		fmt.Fprintf(b, "%s  %s  %s", report.Clean(id), strings.ToUpper(q.state), v.when(q))
		if q.state == "active" {
			fmt.Fprintf(b, "  keeps %s quiet now", countOf(q.alerts, "alert"))
		}
		fmt.Fprintf(b, "\n    %s\n", report.Clean(matchersText(q.Matchers)))
		if said := strings.TrimSuffix(q.By+": "+q.Why, ": "); q.kind == "silence" || q.Why != "" {
			fmt.Fprintf(b, "    %s\n", report.Clean(v.redact(said)))
		}
	}
}

func quietTable(all []quiet) checks.Table {
	t := checks.Table{Name: "silences", Columns: []checks.Column{
		{Name: "id"}, {Name: "kind"}, {Name: "state"}, {Name: "matchers"}, {Name: "from", Kind: checks.KindTime}, {Name: "until", Kind: checks.KindTime},
		{Name: "by"}, {Name: "why"}, {Name: "alerts", Kind: checks.KindInteger},
	}}
	for _, q := range all {
		t.Add(q.ID, q.kind, q.state, matchersText(q.Matchers), q.From, q.Until, q.By, textOrNil(q.Why), int64(q.alerts))
	}
	return t
}
