package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"vitals/checks"
)

func newDB(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "db",
		Short: "Look at the database",
	}, newInspection(app, "database.pool", cobra.Command{
		Use:   "pool",
		Short: "The application's connection pool, as the server and PgBouncer see it",
		Long: `Counts the application's connections on the server (by its application_name or
user) against the size configured under database.pool, and shows PgBouncer's
pools where database.pgbouncer_url is set.`,
		Example: "  vitals db pool\n  vitals db pool --server replica -o json",
	}))
}

func newCache(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "cache",
		Short: "Look at Redis or Valkey",
	}, newInspection(app, "redis", cobra.Command{
		Use:     "stats",
		Short:   "Hits, misses, memory, keys and uptime",
		Example: "  vitals cache stats\n  vitals cache stats -o json",
	}))
}

// newInspection is a command that runs one check by its own name and shows
// all it found.
func newInspection(app *App, check string, c cobra.Command) *cobra.Command {
	var server string
	failOn := checks.Degraded
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		name := check
		if server != "" {
			name += "@" + server
		}
		return app.inspect(c.Context(), name, failOn)
	}
	c.Flags().StringVar(&server, "server", "", "the `name` of one of the further servers in the configuration")
	addFailOn(&c, &failOn)
	return &c
}

func (a *App) inspect(ctx context.Context, name string, failOn checks.Status) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	list := exactly(cfg.Checks(), name)
	if len(list) == 0 {
		return usageError("See 'vitals check --list' for what is, and docs/configuration.md for how.", "the check %q is not configured", name)
	}
	defer closeChecks(list)
	rec := a.startRecorder(ctx, cfg)
	defer rec.close()
	doc, err := a.round(ctx, cfg, list, rec, f, true)
	if err != nil {
		return err
	}
	return verdict(doc.Status, failOn)
}

func exactly(list []checks.Check, name string) []checks.Check {
	for _, c := range list {
		if c.Name == name {
			return []checks.Check{c}
		}
	}
	return nil
}
