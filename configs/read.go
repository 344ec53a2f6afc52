package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds what is read: a configuration is a few kilobytes, and a
// mistaken --config /var/log/syslog must not fill the memory.
const maxFile = 1 << 20

// readFile reads at most max bytes. The error says what is wrong without
// naming the file.
func readFile(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainly(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, plainly(err)
	}
	if info.IsDir() {
		return nil, errors.New("is a folder, not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return nil, plainly(err)
	}
	if int64(len(data)) > max {
		return nil, fmt.Errorf("is larger than %s", FormatSize(max))
	}
	return data, nil
}

// plainly takes the path and the system call's name out of an error.
func plainly(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read: permission denied")
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// parseYAML returns the top node of the only document, nil for an empty file.
// The second value is the line of an error, 0 when the parser knows none.
func parseYAML(data []byte) (*yaml.Node, int, error) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return nil, 0, errors.New("is UTF-16: save it as UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, ok := invalidUTF8(data); ok {
		return nil, line, errors.New("is not UTF-8 text")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decode(decoder, &document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, nil
		}
		line, err := syntaxError(err, data)
		return nil, line, err
	}
	if err := decode(decoder, &second); err == nil {
		return nil, second.Line, errors.New("a second document begins here (---); one file holds one configuration")
	} else if !errors.Is(err, io.EOF) {
		line, err := syntaxError(err, data)
		return nil, line, err
	}
	if len(document.Content) == 0 {
		return nil, 0, nil
	}
	return document.Content[0], 0, nil
}

// decode keeps a fault in the YAML library from becoming one of Vitals'.
func decode(d *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("is not YAML that can be read")
		}
	}()
	return d.Decode(n)
}

func invalidUTF8(data []byte) (line int, found bool) {
	if utf8.Valid(data) {
		return 0, false
	}
	line = 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line, true
}

// syntaxError splits the YAML library's error into its line and its words.
// Quoted words are what stood in the file, perhaps a secret, and are left out;
// quoted characters are what the library expected.
func syntaxError(err error, data []byte) (int, error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if found := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1])
		text = text[len(found[0]):]
	}
	if found := regexp.MustCompile(`^unknown anchor '(.*)' referenced$`).FindStringSubmatch(text); found != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+found[1]))
		return 1 + bytes.Count(before, []byte("\n")), errors.New("is not valid YAML: an alias (*name) stands for an anchor (&name) that is not above it")
	}
	text = regexp.MustCompile(`'[^']*'|"[^"]*"`).ReplaceAllStringFunc(text, func(quoted string) string {
		if len(quoted) > 4 {
			return "a word"
		}
		return quoted
	})
	hint := ""
	switch {
	case strings.Contains(text, "mapping values are not allowed"):
		hint = "; perhaps the line before is indented differently, or a text with \": \" needs quotes"
	case strings.Contains(text, "cannot start any token") && strings.Contains(text, "character"):
		hint = "; indent with spaces, not tabs, and put texts that begin with @, ` or % in quotes"
	case strings.Contains(text, "unexpected end of stream"), strings.Contains(text, "expected ',' or"):
		hint = "; perhaps a quote or a bracket is not closed"
	case strings.Contains(text, "did not find expected key"), strings.Contains(text, "did not find expected '-'"):
		hint = "; perhaps a line is indented differently from its neighbours"
	}
	return line, errors.New("is not valid YAML: " + text + hint)
}
