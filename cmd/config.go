package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"vitals/configs"
	"vitals/report"
)

func newConfig(app *App) *cobra.Command {
	return group(&cobra.Command{
		Use:   "config",
		Short: "Check, show and describe the configuration",
	}, newConfigCheck(app), newConfigShow(app), newConfigSchema(app))
}

func newConfigCheck(app *App) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Tell everything that is wrong with the configuration",
		Long:  "Reads every layer and reports all errors at once with file, line and key.\nEnds with 0 when it can be used and 78 when not. Connects to nothing.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := app.Config()
			if err != nil {
				return err
			}
			if !app.flags.quiet {
				fmt.Fprintf(app.Out, "%s: valid, %s configured\n", or(cfg.File(), "no file"), countOf(len(cfg.Checks()), "check"))
			}
			return nil
		},
	}
}

func newConfigShow(app *App) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Print the configuration in force and where each value comes from",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := app.Config()
			if err != nil {
				return err
			}
			return app.written(cfg.Show(app.Out))
		},
	}
}

func newConfigSchema(app *App) *cobra.Command {
	var output bool
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration file, or of -o json",
		Example: `  vitals config schema > vitals.schema.json     for an editor
  vitals config schema --output-format          of what "-o json" prints`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema := configs.Schema()
			if output {
				schema = report.Schema()
			}
			_, err := app.Out.Write(schema)
			return app.written(err)
		},
	}
	c.Flags().BoolVar(&output, "output-format", false, "the schema of the JSON that commands print")
	return c
}
