package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"vitals/configs"
	"vitals/schedule"
)

func newScheduleInstall(app *App) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "install crontab|systemd",
		Short: "Print crontab lines or systemd timers, for those who run no daemon",
		Long: `Prints the jobs of the configuration as lines for a crontab, or as systemd
services with their timers. Each runs 'vitals schedule run JOB', so that it is
recorded as if serve had run it.`,
		Example:   "  vitals schedule install crontab | crontab -\n  vitals schedule install systemd --dir /etc/systemd/system",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"crontab", "systemd"},
		RunE:      func(_ *cobra.Command, args []string) error { return app.installSchedule(args[0], dir) },
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` to write the units into; files that exist are left alone")
	return c
}

func (a *App) installSchedule(kind, dir string) error {
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	if len(cfg.Jobs()) == 0 {
		return usageError("Write some under schedule.jobs.", "the configuration has no jobs")
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("where this program lies cannot be told: %w", err)
	}
	command := func(j schedule.Job) []string { return a.commandOf(cfg, program, j) }
	var jobs []schedule.Job
	for _, j := range cfg.Jobs() {
		jobs = append(jobs, j.Job)
	}
	switch kind {
	case "crontab":
		text, err := schedule.Crontab(jobs, command)
		if err != nil {
			return usageError("systemd's timers can do it: vitals schedule install systemd.", "%w", err)
		}
		_, err = fmt.Fprint(a.Out, text)
		return a.written(err)
	case "systemd":
		files, err := schedule.SystemdUnits(jobs, command)
		if err != nil {
			return usageError("", "%w", err)
		}
		return a.writeUnits(files, dir)
	}
	return usageError("Use crontab or systemd.", "%q is not known", kind)
}

// commandOf is how to run a job from outside, with the same configuration.
func (a *App) commandOf(cfg *configs.Config, program string, j schedule.Job) []string {
	words := []string{program, "schedule", "run", j.Name, "--quiet"}
	if file := cfg.File(); file != "" {
		words = append(words, "--config", file)
	}
	if a.flags.dataDir != "" {
		words = append(words, "--data-dir", a.path(a.flags.dataDir))
	}
	return words
}

func (a *App) writeUnits(files []schedule.File, dir string) error {
	for _, f := range files {
		if dir == "" {
			if _, err := fmt.Fprintf(a.Out, "# %s\n%s\n", f.Name, f.Text); err != nil {
				return a.written(err)
			}
			continue
		}
		out, err := os.OpenFile(filepath.Join(a.path(dir), f.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return usageError("Remove it first; those before it were written.", "%s exists already", filepath.Join(dir, f.Name))
		}
		if err == nil {
			_, err = out.WriteString(f.Text)
			err = errors.Join(err, out.Close())
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(a.Out, filepath.Join(dir, f.Name))
	}
	return nil
}
