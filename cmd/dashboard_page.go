package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

// dashboardUptime is how long a page that is printed looks for the uptime of
// past days.
const dashboardUptime = 20 * time.Second

func newDashboardPage(app *App) *cobra.Command {
	var file string
	var force bool
	c := &cobra.Command{
		Use:   "page",
		Short: "The status page as one HTML file, from what history knows",
		Long: `Prints the status page that 'vitals serve' shows at /, as one HTML file that needs
nothing from elsewhere: for a web server's folder, a mail, or a ticket. It runs no
check; cron can write it anew after each 'vitals check'.`,
		Example: "  vitals dashboard page > status.html\n  vitals check -q; vitals dashboard page --file /var/www/status.html --force",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.dashboardPage(c.Context(), file, force) },
	}
	c.Flags().StringVar(&file, "file", "", "`file` to write; one that exists is left alone")
	c.Flags().BoolVar(&force, "force", false, "write over a file that exists")
	return c
}

func (a *App) dashboardPage(ctx context.Context, file string, force bool) error {
	if !slices.Contains([]string{"table", "html"}, a.flags.output) {
		return usageError("Leave --output out.", "--output %s: the page is HTML", a.flags.output)
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		p, err := a.keptPage(ctx, cfg, db)
		if err != nil {
			return err
		}
		var html bytes.Buffer
		if err := report.WriteStatusPage(&html, p, a.view(cfg)); err != nil {
			return err
		}
		if file == "" {
			_, err := a.Out.Write(html.Bytes())
			return a.written(err)
		}
		return a.putPage(file, html.Bytes(), force)
	})
}

// keptPage is the status page of what history knows alone.
func (a *App) keptPage(ctx context.Context, cfg *configs.Config, db *history.DB) (report.StatusPage, error) {
	p := report.StatusPage{Environment: cfg.Environment, Version: readBuild().version, Now: a.Now(), PastSince: pagePast, Static: true}
	results, err := db.Last(ctx)
	if err != nil {
		return p, err
	}
	list := cfg.Checks()
	defer closeChecks(list)
	for _, r := range results {
		if slices.ContainsFunc(list, func(c checks.Check) bool { return c.Name == r.Check }) {
			p.Checks = append(p.Checks, report.PageCheck{Result: r})
		}
	}
	if err := errors.Join(a.pageAlerts(ctx, &p, cfg, db), pageTrends(ctx, &p, db, nil)); err != nil {
		return p, err
	}
	looking, cancel := context.WithTimeout(ctx, dashboardUptime)
	defer cancel()
	u := newUptime(ctx)
	if err := u.look(looking, history.NewEngine(db, history.EngineOptions{}), p.Now, cfg.Location()); err != nil {
		p.Notes = append(p.Notes, "Not all of the past could be looked at in time.")
	}
	u.onto(&p)
	return p, nil
}

// putPage writes the file in one go: whoever reads it meanwhile sees the old
// one or the new one.
func (a *App) putPage(name string, html []byte, force bool) error {
	path := a.path(name)
	if _, err := os.Stat(path); err == nil && !force {
		return usageError("Add --force to write over it, or name another.", "%s exists already", name)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := fmt.Sprintf("%s.new-%d", path, os.Getpid())
	if err := os.WriteFile(fresh, html, 0o644); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		_ = os.Remove(fresh) // the error of renaming counts
		return err
	}
	return nil
}
