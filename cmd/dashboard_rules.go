package cmd

import (
	"github.com/spf13/cobra"

	"vitals/report"
)

func newDashboardRules(app *App) *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "The alert rules as a rule file for Prometheus",
		Long: `Writes the alert rules of the configuration as a rule file for Prometheus 2.42 and
later. 'promtool check rules' accepts it.`,
		Example: "  vitals dashboard rules > /etc/prometheus/rules/vitals.yml",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return app.dashboardRules() },
	}
}

func (a *App) dashboardRules() error {
	if a.flags.output != "table" && a.flags.output != "yaml" {
		return usageError("Leave --output out.", "a rule file is YAML; there is no --output %s of it", a.flags.output)
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	if a.flags.quiet {
		return nil
	}
	return a.written(report.WritePrometheusRules(a.Out, cfg.AlertPolicy().Rules))
}
