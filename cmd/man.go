package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan(app *App) *cobra.Command {
	var dir, format string
	c := &cobra.Command{
		Use:   "man",
		Short: "Write the manual: man pages, or the reference in Markdown",
		Example: `  vitals man --dir /usr/local/share/man/man1
  vitals man --format markdown --dir docs/reference`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return writeManual(app, c.Root(), dir, format) },
	}
	c.Flags().StringVar(&dir, "dir", ".", "`folder` to write to; made where it is missing")
	c.Flags().StringVar(&format, "format", "man", "man or markdown")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"man", "markdown"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func writeManual(app *App, root *cobra.Command, dir, format string) error {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(app.Dir, dir)
	}
	if format != "man" && format != "markdown" {
		return usageError("Use man or markdown.", "%q is not a format of the manual", format)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	var err error
	if format == "man" {
		// A fixed date keeps the pages the same from build to build.
		date := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
		err = doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "Vitals", Manual: "Vitals", Date: &date}, dir)
	} else {
		err = errors.Join(doc.GenMarkdownTree(root, dir), writeReference(dir))
	}
	if err != nil {
		return fmt.Errorf("the manual could not be written: %w", err)
	}
	return nil
}
