package cmd

import (
	"github.com/spf13/cobra"

	"vitals/report"
)

func newDashboardGrafana(app *App) *cobra.Command {
	var o report.GrafanaOptions
	c := &cobra.Command{
		Use:   "grafana",
		Short: "A dashboard for Grafana over what Vitals measures",
		Long: `Prints a dashboard for Grafana 8 and later: what is wrong, the application's
response times, error rate and users, the database, the machine, checks and jobs.
It asks a Prometheus data source: a Prometheus that scrapes /metrics, or Vitals
itself, whose address is a data source as it stands.`,
		Example: "  vitals dashboard grafana > vitals.json\n  vitals dashboard grafana --title Shop --uid shop --datasource P1809F7CD0C75ACF3",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if app.flags.output != "table" && app.flags.output != "json" {
				return usageError("Leave --output out.", "a dashboard is JSON; there is no --output %s of it", app.flags.output)
			}
			return app.written(report.WriteGrafana(app.Out, o))
		},
	}
	c.Flags().StringVar(&o.Title, "title", "", "the dashboard's `title` (default Vitals)")
	c.Flags().StringVar(&o.UID, "uid", "", "`id` by which Grafana knows it again (default vitals)")
	c.Flags().StringVar(&o.Datasource, "datasource", "", "`uid` of a Prometheus data source; without it whoever looks chooses one")
	return c
}
