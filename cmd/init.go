package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"vitals/configs"
)

func newInit(app *App) *cobra.Command {
	var file string
	var force, print bool
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a commented vitals.yaml from what is found here",
		Long: `Looks at the environment, at this folder and at the usual ports of this machine,
and writes a commented vitals.yaml that says why each part was proposed and what
was not found. Secrets are referred to, never copied into the file.`,
		Example: "  vitals init\n  vitals init --print",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.init(c.Context(), file, force, print)
		},
	}
	c.Flags().StringVar(&file, "file", "vitals.yaml", "`file` to write")
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	c.Flags().BoolVar(&print, "print", false, "print it instead of writing")
	return c
}

func (a *App) init(ctx context.Context, file string, force, print bool) error {
	end := a.progress(ctx, "looking around")
	found := configs.Detect(ctx, configs.DetectInput{Env: a.Env, Dir: a.Dir})
	end()
	var text bytes.Buffer
	if err := configs.WriteInit(&text, found); err != nil {
		return err
	}
	if print {
		_, err := a.Out.Write(text.Bytes())
		return a.written(err)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(a.Dir, file)
	}
	if err := writeNew(file, text.Bytes(), force); err != nil {
		return err
	}
	if !a.flags.quiet {
		fmt.Fprintf(a.Out, "%s written. Next: vitals config check && vitals check\n", file)
	}
	return nil
}

// writeNew writes a file that must not be there yet, unless force is given.
// Only its owner may read it: people put passwords into such files.
func writeNew(file string, text []byte, force bool) error {
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, mode, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usageError("Use --force to replace it, or --print to look first.", "%s is there already", file)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
