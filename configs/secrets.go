package configs

import (
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"vitals/checks"
)

// fileSuffix ends the key, and the environment variable, that names a file to
// read a secret from.
const fileSuffix = "_file"

// maxSecret bounds a secret file.
const maxSecret = 64 << 10

// isSecretFile tells whether a key of the section is the _file sibling of one
// of its secrets.
func (s *spec) isSecretFile(key string) bool { return s.secretOf(key) != nil }

func (s *spec) secretOf(key string) *spec {
	name, ok := strings.CutSuffix(key, fileSuffix)
	if !ok {
		return nil
	}
	if f := s.field(name); f != nil && f.kind == kindSecret {
		return f
	}
	return nil
}

// secretFiles reads the secrets that a section of the file keeps elsewhere.
func (w *walker) secretFiles(s *spec, fields []field, path string, out map[string]any) {
	for _, f := range fields {
		target := s.secretOf(f.key.Value)
		if target == nil || s.field(f.key.Value) != nil {
			continue
		}
		at := join(path, f.key.Value)
		name, ok := w.value(&spec{kind: kindText, typ: textType}, f.value, at, 1)
		if !ok || name == "" { // empty is not set, as in the environment
			continue
		}
		secret := join(path, target.key)
		if direct, _ := out[target.key].(string); direct != "" {
			w.problem(f.key, at, "both %s and %s are set; keep one", target.key, f.key.Value)
			continue
		}
		value, err := readSecret(w.dir, name.(string))
		if err != nil {
			w.problem(f.value, at, "%s", err)
			continue
		}
		place := w.place(f.value)
		place.via = name.(string)
		w.layer.places[secret] = place
		out[target.key] = keep(target, value, w.dir, w.problems)
	}
}

// readSecret reads a secret from a file; the white space at its end is not
// part of it. A relative name is relative to dir. The error does not repeat
// what the file holds.
func readSecret(dir, name string) (string, error) {
	data, err := readFile(absolute(dir, name), maxSecret)
	if err != nil {
		return "", errors.New("the file " + name + " " + err.Error())
	}
	secret := strings.TrimRight(string(data), "\r\n\t ")
	if secret == "" {
		return "", errors.New("the file " + name + " is empty")
	}
	return secret, nil
}

// keep notes a secret for the Redactor, and makes paths absolute.
func keep(s *spec, value any, dir string, p *problems) any {
	switch v := value.(type) {
	case []string:
		for i := range v {
			v[i] = keepText(s, v[i], dir, p)
		}
	case string:
		return keepText(s, v, dir, p)
	}
	return value
}

func keepText(s *spec, text, dir string, p *problems) string {
	if text == "" {
		return text
	}
	if s.kind == kindSecret {
		p.secrets = append(p.secrets, checks.Secret(text))
	}
	if s.isAddress() {
		text = resolveAddress(text, dir)
		p.secrets = append(p.secrets, checks.Secret(text))
	}
	if s.isPath() {
		text = absolute(dir, text)
	}
	if s.kind == kindText && s.typ != textType {
		p.secrets = append(p.secrets, secretParts(text)...)
	}
	return text
}

// secretParts are what must not be shown of the address of a page, whose host
// and path may.
func secretParts(address string) []checks.Secret {
	u, err := url.Parse(address)
	if err != nil {
		return []checks.Secret{checks.Secret(address)}
	}
	var parts []checks.Secret
	if password, ok := u.User.Password(); ok {
		parts = append(parts, checks.Secret(password), checks.Secret(u.User.String()))
	}
	for name, values := range u.Query() {
		if !regexp.MustCompile(`(?i)pass|pwd|secret|token|key|sig|auth`).MatchString(name) {
			continue
		}
		for _, value := range values {
			parts = append(parts, checks.Secret(value), checks.Secret(url.QueryEscape(value)))
		}
	}
	return parts
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) || dir == "" {
		return path
	}
	return filepath.Join(dir, path)
}
