package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

func newIncident(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "incident",
		Short: "What somebody works on: detect, open, acknowledge, resolve, report",
	}, newIncidentDetect(app), newIncidentList(app), newIncidentShow(app), newIncidentOpen(app),
		newIncidentChange(app, incidentAck), newIncidentNote(app), newIncidentChange(app, incidentResolve),
		newIncidentChange(app, incidentReopen), newIncidentChange(app, incidentClose), newIncidentReport(app), newIncidentStats(app))
}

// withHistory opens the history for a command that is about it alone, and
// closes it afterwards.
func (a *App) withHistory(ctx context.Context, f func(cfg *configs.Config, db *history.DB) error) error {
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	if cfg.History.Disabled {
		return usageError("Take history.disabled out of the configuration.", "nothing is kept in history, so there is nothing to show or to change")
	}
	db, err := history.Open(ctx, historyOptions(cfg, recordPatience))
	if err != nil {
		return explainHistory(err)
	}
	defer db.Close() // what was kept is kept
	return explainHistory(f(cfg, db))
}

// explainHistory gives an error of the history its hint.
func explainHistory(err error) error {
	var e *history.Error
	if errors.As(err, &e) {
		return &failure{code: exitInternal, err: err, hint: e.Hint}
	}
	return err
}

// actor is who works at the keyboard: --by, or the user's name.
func (a *App) actor(by string) string {
	return or(or(or(by, a.getenv("VITALS_USER")), or(a.getenv("SUDO_USER"), a.getenv("USER"))), "somebody")
}

type openOptions struct {
	kind, severity, description, by, runbook string
	labels                                   []string
}

func newIncidentOpen(app *App) *cobra.Command {
	var o openOptions
	c := &cobra.Command{
		Use:   "open",
		Short: "Open an incident by hand, and tell those whom the routes name",
		Long: `Opens an incident by hand, writes it into the log and tells the channels that the
routes name. Prints the incident's id.`,
		Example: `  vitals incident open --type payment_provider_down --severity critical --description "Stripe answers 503"`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.openIncident(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.kind, "type", "manual", "what sort of incident it is: a `word` such as database_down")
	f.StringVar(&o.severity, "severity", "warning", "critical, warning or info")
	f.StringVar(&o.description, "description", "", "what is wrong, in one line")
	f.StringVar(&o.runbook, "runbook", "", "`address` of what to do")
	f.StringVar(&o.by, "by", "", "`name` of whoever opens it (default: the user)")
	f.StringArrayVar(&o.labels, "label", nil, "`name=value`, may be given several times")
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions([]string{"critical", "warning", "info"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *App) openIncident(ctx context.Context, o openOptions) error {
	labels := map[string]string{}
	for _, l := range o.labels {
		name, value, ok := strings.Cut(l, "=")
		if !ok || !alerting.IsLabelName(name) {
			return usageError("Write name=value, such as team=payments.", "--label %q is no label", l)
		}
		labels[name] = value
	}
	i, err := incidentByHand(o.kind, o.severity, o.description, o.runbook, labels)
	if err != nil {
		return err
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		by := a.actor(o.by)
		i, _, err := a.desk(cfg, db).open(ctx, i, by, "Opened by "+by+".")
		if err != nil {
			return err
		}
		if !a.flags.quiet {
			fmt.Fprintln(a.Out, i.ID)
		}
		a.deliver(ctx, cfg, db, func(log logLine) { logOpened(log, i, by) })
		return nil
	})
}

func logOpened(log logLine, i alerting.Incident, by string) {
	log("incident opened", "incident", i.ID, "type", i.Type, "severity", i.Severity, "description", i.Description, "by", by)
}

// logLine writes one line of Vitals' own log.
type logLine func(text string, args ...any)

// deliver writes into the log what was done and sends what is due.
func (a *App) deliver(ctx context.Context, cfg *configs.Config, db *history.DB, say func(logLine)) {
	log, file := a.quietLogger(cfg)
	defer file.Close()
	say(func(text string, args ...any) { log.Info(text, args...) })
	if !cfg.Alerting.Disabled {
		a.complainOf(a.newDrain(cfg, db, log).Once(ctx))
	}
}

// incidentVerb is one way in which a person changes an incident.
type incidentVerb struct {
	word, short, long, example string
	done                       string // for the log and the terminal
	change                     func(i alerting.Incident, at time.Time, by, note string) (alerting.Incident, []alerting.Entry, error)
	tell                       alerting.MessageKind // "" tells nobody
}

var (
	incidentAck = incidentVerb{
		word: "ack", short: "Take an incident: nobody else is woken", done: "acknowledged",
		long: `Says that you work on it: escalation and reminders stop. The alerts go on being
evaluated, and the channels hear when it is over.`,
		example: "  vitals incident ack 3f2a --note \"looking at the disk\"",
		change:  alerting.Incident.Acknowledge,
	}
	incidentResolve = incidentVerb{
		word: "resolve", short: "Say that the trouble is over", done: "resolved",
		long: `Says that the trouble is over, and tells those who were told of it. An alert that
still fires opens no second incident; it does when it fires anew.`,
		example: "  vitals incident resolve 3f2a --note \"the disk was full; rotated the logs\"",
		change:  alerting.Incident.Resolve, tell: alerting.TellResolved,
	}
	incidentReopen = incidentVerb{
		word: "reopen", short: "Go on with an incident that was taken for over", done: "reopened",
		example: "  vitals incident reopen 3f2a --note \"it is back\"",
		change:  alerting.Incident.Reopen, tell: alerting.TellFiring,
	}
	incidentClose = incidentVerb{
		word: "close", short: "End the work on a resolved incident", done: "closed",
		long:    `Says that the work on a resolved incident is done, its report written. Nothing more is written into it unless it is reopened.`,
		example: "  vitals incident close 3f2a",
		change:  alerting.Incident.Close,
	}
)

// incidentVerbs are the ways to change an incident, by their words.
func incidentVerbs() map[string]incidentVerb {
	all := map[string]incidentVerb{}
	for _, v := range []incidentVerb{incidentAck, incidentResolve, incidentReopen, incidentClose} {
		all[v.word] = v
	}
	return all
}

func newIncidentChange(app *App, verb incidentVerb) *cobra.Command {
	var by, note string
	c := &cobra.Command{
		Use: verb.word + " ID", Short: verb.short, Long: or(verb.long, verb.short+"."), Example: verb.example,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: app.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			return app.changeIncident(c.Context(), args[0], verb, by, note)
		},
	}
	c.Flags().StringVar(&by, "by", "", "`name` of whoever does it (default: the user)")
	c.Flags().StringVar(&note, "note", "", "a `text` for the timeline")
	return c
}

func (a *App) changeIncident(ctx context.Context, id string, verb incidentVerb, by, note string) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		by := a.actor(by)
		changed, err := a.desk(cfg, db).change(ctx, id, verb, by, note)
		if err != nil {
			return err
		}
		if !a.flags.quiet {
			fmt.Fprintf(a.Out, "%s  %s  %s\n", shortID(changed.ID), changed.Status, changed.Description)
		}
		if changed.Status == alerting.Settled && len(changed.Alerts) > 0 {
			fmt.Fprintf(a.Err, "vitals: note: %s of it still fires: see 'vitals alert active'\n", countOf(len(changed.Alerts), "alert"))
		}
		a.deliver(ctx, cfg, db, func(log logLine) { logChanged(log, changed, verb, by, note) })
		return nil
	})
}

func logChanged(log logLine, i alerting.Incident, verb incidentVerb, by, note string) {
	log("incident "+verb.done, "incident", i.ID, "type", i.Type, "by", by, "note", note)
}

func newIncidentNote(app *App) *cobra.Command {
	var by string
	c := &cobra.Command{
		Use:               "note ID TEXT",
		Short:             "Write something into the timeline",
		Example:           "  vitals incident note 3f2a \"failover to db2 started\"",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: app.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			return app.noteIncident(c.Context(), args[0], args[1], by)
		},
	}
	c.Flags().StringVar(&by, "by", "", "`name` of whoever writes it (default: the user)")
	return c
}

func (a *App) noteIncident(ctx context.Context, id, text, by string) error {
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		_, err := a.desk(cfg, db).note(ctx, id, text, a.actor(by))
		return err
	})
}

func noIncident(id string, err error) error {
	var e *history.Error
	if errors.As(err, &e) {
		return err
	}
	return usageError("See 'vitals incident list' for the ids.", "%q: %w", id, err)
}

// shortID is as much of an id as people need.
func shortID(id string) string { return id[:min(8, len(id))] }

func (a *App) completeIncidents(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	err := a.withHistory(context.Background(), func(_ *configs.Config, db *history.DB) error {
		all, err := db.Incidents(context.Background(), history.IncidentFilter{Most: 50})
		for _, i := range all {
			words = append(words, shortID(i.ID)+"\t"+string(i.Status)+": "+i.Description)
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// incidentStatus is an incident's status as a check's.
func incidentStatus(i alerting.Incident) checks.Status {
	switch {
	case !i.IsOpen():
		return checks.Healthy
	case i.Severity == "critical":
		return checks.Unhealthy
	}
	return checks.Degraded
}
