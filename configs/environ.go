package configs

import (
	"slices"
	"strings"
)

const envPrefix = "VITALS_"

// configVariable names the configuration file.
const configVariable = envPrefix + "CONFIG"

// appVariables are names that applications already use. They stand below the
// VITALS_ variable of the same key and above the file.
var appVariables = map[string]string{
	"database.url": "DATABASE_URL",
	"redis.url":    "REDIS_URL",
}

// environment is what a process was started with. An empty variable counts as
// not set, as everywhere in a shell.
type environment map[string]string

func newEnvironment(list []string) environment {
	env := environment{}
	for _, pair := range list {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" {
			env[name] = value
		} else if ok {
			delete(env, name) // the last one wins, also when it is empty
		}
	}
	return env
}

// concernsUs tells whether any variable can set anything.
func (e environment) concernsUs() bool {
	for name := range e {
		if strings.HasPrefix(name, envPrefix) {
			return true
		}
	}
	for _, name := range appVariables {
		if e[name] != "" {
			return true
		}
	}
	return false
}

// environmentLayer reads every variable that sets a leaf.
func environmentLayer(root *spec, env environment, dir string, p *problems) *layer {
	l := newLayer()
	if !env.concernsUs() {
		return l
	}
	known := []string{configVariable}
	root.leaves(func(s *spec) {
		name := s.variable()
		known = append(known, name)
		if s.kind == kindSecret {
			known = append(known, name+"_FILE")
			l.secretVariable(s, env, name, dir, p)
			return
		}
		if text := env[name]; text != "" {
			l.variable(s, name, text, dir, p)
		}
	})
	for _, f := range root.fields {
		if (f.kind == kindList || f.kind == kindKinds) && env[f.variable()] != "" {
			p.add(Place{Variable: f.variable()}, f.path, "is a list of sections, which only a file can hold")
			known = append(known, f.variable())
		}
	}
	misspelt(env, known, p)
	return l
}

// variable sets a leaf from one variable.
func (l *layer) variable(s *spec, name, text, dir string, p *problems) {
	at := Place{Variable: name}
	value, wrong := s.textValue(text)
	if wrong != "" {
		p.add(at, s.path, "%s", wrong)
		return
	}
	l.set(s, keep(s, value, dir, p), at)
}

// secretVariable sets a secret from its variable, the one that names a file,
// or the one that applications use.
func (l *layer) secretVariable(s *spec, env environment, name, dir string, p *problems) {
	file := name + "_FILE"
	switch {
	case env[name] != "" && env[file] != "":
		p.add(Place{Variable: file}, s.path, "both %s and %s are set; keep one", name, file)
	case env[name] != "":
		l.variable(s, name, env[name], dir, p)
	case env[file] != "":
		value, err := readSecret(dir, env[file])
		if err != nil {
			p.add(Place{Variable: file}, s.path, "%s", err)
			return
		}
		l.set(s, keep(s, value, dir, p), Place{Variable: file, via: env[file]})
	case env[appVariables[s.path]] != "":
		l.variable(s, appVariables[s.path], env[appVariables[s.path]], dir, p)
	}
}

// set puts a leaf into the layer.
func (l *layer) set(s *spec, value any, at Place) {
	parts := strings.Split(s.path, ".")
	section := l.values
	for _, part := range parts[:len(parts)-1] {
		inner, ok := section[part].(map[string]any)
		if !ok {
			inner = map[string]any{}
			section[part] = inner
		}
		section = inner
	}
	section[parts[len(parts)-1]] = value
	l.places[s.path] = at
}

// misspelt reports VITALS_ variables that are nearly one that exists. Others
// are left alone: Kubernetes makes VITALS_SERVICE_HOST and its like for every
// service of that name.
func misspelt(env environment, known []string, p *problems) {
	for name := range env {
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) {
			continue
		}
		for _, k := range known {
			if distance(name, k) <= 2 {
				p.add(Place{Variable: name}, "", "is not a setting; did you mean %s?", k)
				break
			}
		}
	}
}

// flagLayer reads what the command line sets, by dotted key.
func flagLayer(root *spec, flags map[string]any, dir string, p *problems) *layer {
	l := newLayer()
	known := map[string]bool{}
	root.leaves(func(s *spec) {
		value, ok := flags[s.path]
		if !ok {
			return
		}
		known[s.path] = true
		at := Place{Flag: "--" + strings.ReplaceAll(s.key, "_", "-")}
		value, wrong := s.flagValue(value)
		if wrong != "" {
			p.add(at, s.path, "%s", wrong)
			return
		}
		l.set(s, keep(s, value, dir, p), at)
	})
	for key := range flags {
		if !known[key] {
			p.add(Place{}, key, "a flag sets this key, but there is none of this name")
		}
	}
	return l
}
