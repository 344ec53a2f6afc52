package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

func newEmergency(app *App) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "emergency",
		Short: "What is wrong, whom to call and what to do, within a second",
		Long: `Shows what is wrong now, whom to call and what to do. It takes at most a second:
what does not answer in time is shown as it was last known, with its age.`,
		Example: "  vitals emergency\n  vitals emergency -o json\n  vitals emergency contacts\n  vitals emergency page --message \"checkout is down\"",
	}, newEmergencyStatus(app), newEmergencyContacts(app), newEmergencyPage(app))
	onlyCommands := c.Args
	c.Args = func(c *cobra.Command, args []string) error { return onlyCommands(c, args) }
	c.RunE = func(c *cobra.Command, _ []string) error { return app.emergency(c.Context()) }
	return c
}

func newEmergencyStatus(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "What is wrong now", Args: cobra.NoArgs,
		Long: "Shows what is wrong now. The exit code is 2 in an emergency.",
		RunE: func(c *cobra.Command, _ []string) error { return app.emergency(c.Context()) },
	}
}

// emergency runs `vitals emergency`.
func (a *App) emergency(ctx context.Context) error {
	if !slices.Contains([]string{"table", "json"}, a.flags.output) {
		return usageError("Use table or json.", "--output %s cannot show an emergency", a.flags.output)
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	g := a.newGatherer(cfg)
	defer g.close()
	e := g.emergency(ctx)
	write := report.WriteEmergency
	if a.flags.output == "json" {
		write = report.WriteEmergencyJSON
	}
	if !a.flags.quiet {
		if err := write(a.Out, e, a.view(cfg)); err != nil {
			return a.written(err)
		}
	}
	if e.Status == "emergency" {
		return &failure{code: exitUnhealthy}
	}
	return nil
}

func newEmergencyContacts(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "contacts", Short: "Whom to call, in this order", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := app.Config()
			if err != nil {
				return err
			}
			t := checks.Table{Name: "contacts", Columns: []checks.Column{{Name: "order"}, {Name: "name"}, {Name: "role"}, {Name: "phone"}, {Name: "email"}, {Name: "channels"}}}
			for i, c := range cfg.Contacts {
				t.Add(report.OrderOf(i), c.Name, c.Role, c.Phone, c.Email, strings.Join(c.Channels, " "))
			}
			if len(cfg.Contacts) == 0 {
				return usageError("Write them into the configuration under contacts: see docs/configuration.md.", "no contact is configured")
			}
			return app.printList(t, cfg)
		},
	}
}

func contactsOf(cfg *configs.Config) []report.Contact {
	all := []report.Contact{}
	for i, c := range cfg.Contacts {
		all = append(all, report.Contact{Order: report.OrderOf(i), Name: c.Name, Role: c.Role, Phone: c.Phone, Email: c.Email})
	}
	return all
}

func newEmergencyPage(app *App) *cobra.Command {
	var message, by string
	c := &cobra.Command{
		Use:   "page [CONTACT]",
		Short: "Wake a contact: opens a critical incident and tells the contact's channels",
		Long: `Opens a critical incident by hand and tells the channels of a contact, the primary
one when none is named, as well as those that the routes name.`,
		Example: "  vitals emergency page --message \"checkout is down\"\n  vitals emergency page \"Grace Hopper\" --message \"the database is gone\"",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return app.page(c.Context(), strings.Join(args, ""), message, by)
		},
	}
	c.Flags().StringVar(&message, "message", "", "what is wrong, in one line")
	c.Flags().StringVar(&by, "by", "", "`name` of whoever calls (default: the user)")
	return c
}

func (a *App) page(ctx context.Context, name, message, by string) error {
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	if strings.TrimSpace(message) == "" {
		return usageError("", "--message is missing: say in one line what is wrong")
	}
	contact, err := contactNamed(cfg, name)
	if err != nil {
		return err
	}
	if len(contact.Channels) == 0 {
		return usageError("Give the contact channels in the configuration, or call "+or(contact.Phone, "by phone")+".", "%s has no channels to be reached by", contact.Name)
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		by := a.actor(by)
		i, notices, err := a.desk(cfg, db).open(ctx, alerting.Incident{
			ID: uuid.NewString(), Type: "emergency", Severity: "critical", Description: strings.TrimSpace(message), Labels: map[string]string{"contact": contact.Name},
		}, by, fmt.Sprintf("%s calls %s.", by, contact.Name), contact.Channels...)
		if err != nil {
			return err
		}
		a.deliver(ctx, cfg, db, func(log logLine) { logOpened(log, i, by) })
		return a.sayReached(ctx, db, contact, notices)
	})
}

// sayReached tells which of the contact's channels have taken the message, and
// fails when none has: then somebody must be called by other means.
func (a *App) sayReached(ctx context.Context, db *history.DB, contact configs.ContactOptions, notices []alerting.Notice) error {
	reached := 0
	for _, n := range notices {
		if !slices.Contains(contact.Channels, n.Channel) {
			continue
		}
		o, _, err := db.Message(ctx, n.Message.Key)
		if err != nil {
			return err
		}
		word := "waits to be sent: " + o.Error
		if o.State == "sent" {
			word = "has taken the message"
			reached++
		} else if o.State == "dead" {
			word = "could not be told: " + o.Error
		}
		if !a.flags.quiet {
			fmt.Fprintf(a.Out, "%s: %s %s\n", contact.Name, n.Channel, report.Clean(word))
		}
	}
	if reached == 0 {
		return &failure{code: exitGaveUp, err: fmt.Errorf("%s was not reached", contact.Name), hint: "Call " + or(contact.Phone, "the next contact: see 'vitals emergency contacts'") + "."}
	}
	return nil
}

func contactNamed(cfg *configs.Config, name string) (configs.ContactOptions, error) {
	if len(cfg.Contacts) == 0 {
		return configs.ContactOptions{}, usageError("Write them into the configuration under contacts: see docs/configuration.md.", "no contact is configured")
	}
	var names []string
	for i, c := range cfg.Contacts {
		if name == "" && i == 0 || strings.EqualFold(name, c.Name) || strings.EqualFold(name, report.OrderOf(i)) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return configs.ContactOptions{}, usageError("There are: "+strings.Join(names, ", ")+".", "no contact is called %q", name)
}

// emergencyPatience is how much of the second the checks may take.
const emergencyPatience = 700 * time.Millisecond

// historyPatience is how long an emergency waits for what history knows.
const historyPatience = 250 * time.Millisecond
