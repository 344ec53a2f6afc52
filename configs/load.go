package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vitals/checks"
)

// Source names everything that configuration is made from. Load reads nothing
// else of the process but whether its user is root.
type Source struct {
	File  string         // what --config gives; "" to look in the usual places
	Env   []string       // as os.Environ gives it
	Dir   string         // the working directory
	Home  string         // the user's home folder, "" when there is none
	Flags map[string]any // dotted key → value, or its text
}

// Load reads all layers and returns the configuration in force. When anything
// is wrong, the error is an *Errors with everything that is, and there is no
// configuration.
func Load(src Source) (*Config, error) {
	p := &problems{}
	env := newEnvironment(src.Env)
	root := rootSpec()
	path, shown := findFile(src, env, p)
	layers := []*layer{
		fileLayer(root, path, shown, p),
		environmentLayer(root, env, src.Dir, p),
		flagLayer(root, src.Flags, src.Dir, p),
	}
	cfg, err := merge(layers)
	if err != nil {
		if len(p.list) == 0 {
			p.add(Place{File: shown}, "", "could not be taken in: %s", err)
		}
		return nil, p.err()
	}
	cfg.file = path
	cfg.places = map[string]Place{}
	for _, l := range layers {
		maps.Copy(cfg.places, l.places) // a later layer hides the earlier ones
	}
	if cfg.DataDir == "" {
		cfg.DataDir = defaultDataDir(src.Home, env)
	}
	cfg.FileSystem.CacheFile = filepath.Join(cfg.DataDir, "folder-sizes.json")
	p.secrets = append(p.secrets, checks.Secret(env[slackVariable]))
	cfg.validate(p)
	cfg.Channels = append(cfg.Channels, cfg.ownChannels(env)...)
	cfg.buildPolicy(p)
	cfg.secrets = func() []checks.Secret { return slices.Clone(p.secrets) }
	if err := p.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// fileLayer reads the file; without one it is empty.
func fileLayer(root *spec, path, shown string, p *problems) *layer {
	l := newLayer()
	if path == "" {
		return l
	}
	data, err := readFile(path, maxFile)
	if err != nil {
		p.add(Place{File: shown}, "", "%s", err)
		return l
	}
	top, line, err := parseYAML(data)
	if err != nil {
		p.add(Place{File: shown, Line: line}, "", "%s", err)
		return l
	}
	w := &walker{file: shown, dir: filepath.Dir(path), problems: p, layer: l}
	w.root(root, top)
	return l
}

// findFile returns the absolute path of the file to read and how to show it,
// both empty when there is none. A file that was asked for must exist.
func findFile(src Source, env environment, p *problems) (path, shown string) {
	asked := src.File
	if asked == "" {
		asked = env[configVariable]
	}
	if asked != "" {
		return absolute(src.Dir, asked), asked
	}
	for _, place := range usualPlaces(src, env) {
		info, err := os.Stat(place[0])
		switch {
		case err == nil && !info.IsDir():
			return place[0], place[1]
		case err == nil:
			// A folder called vitals.yaml is not a configuration.
			p.add(Place{File: place[1]}, "", "is a folder, not a file")
		case !errors.Is(err, fs.ErrNotExist) && !notAFolder(place[0]):
			return place[0], place[1] // reading it tells what is wrong
		}
	}
	return "", ""
}

// notAFolder tells whether the place cannot exist because what should be its
// folder is none.
func notAFolder(path string) bool {
	info, err := os.Stat(filepath.Dir(path))
	return err != nil || !info.IsDir()
}

// usualPlaces are where a file is looked for: each as its path and as shown.
func usualPlaces(src Source, env environment) [][2]string {
	var places [][2]string
	if src.Dir != "" {
		for _, name := range []string{"vitals.yaml", "vitals.yml"} {
			places = append(places, [2]string{filepath.Join(src.Dir, name), name})
		}
	}
	if dir := configHome(src.Home, env); dir != "" {
		path := filepath.Join(dir, "vitals", "vitals.yaml")
		places = append(places, [2]string{path, path})
	}
	for _, dir := range systemConfigDirs(env) {
		path := filepath.Join(dir, "vitals", "vitals.yaml")
		places = append(places, [2]string{path, path})
	}
	return places
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// loadLocation reads a time zone's name.
func loadLocation(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return time.Local, nil
	}
	return time.LoadLocation(name)
}
