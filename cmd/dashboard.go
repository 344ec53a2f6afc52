package cmd

import "github.com/spf13/cobra"

func newDashboard(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "dashboard",
		Short: "What Vitals knows, in the form in which others show it",
	}, newDashboardGrafana(app), newDashboardPage(app), newDashboardRules(app))
}
