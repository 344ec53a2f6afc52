package cmd

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"vitals/checks"
)

func newVersion(app *App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Which Vitals this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return app.printList(versionTable(), nil)
		},
	}
}

func versionTable() checks.Table {
	b := readBuild()
	t := checks.Table{Name: "version", Columns: []checks.Column{
		{Name: "version"}, {Name: "commit"}, {Name: "built"}, {Name: "go"}, {Name: "platform"},
	}}
	t.Add(b.version, b.commit, b.time, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return t
}

// build is what the Go linker knows of this binary; parts it does not know
// are "unknown".
type build struct{ version, commit, time string }

func readBuild() build {
	b := build{version: "development", commit: "unknown", time: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.commit = s.Value
		case s.Key == "vcs.time":
			b.time = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.commit += " with changes"
		}
	}
	return b
}
