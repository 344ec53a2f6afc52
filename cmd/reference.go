package cmd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vitals/configs"
	"vitals/report"
)

// writeReference writes the pages that are made from tables: every key of the
// configuration, every sort of check, every output format.
func writeReference(dir string) error {
	pages := map[string]func(*bytes.Buffer){"configuration.md": configurationPage, "checks.md": checksPage, "formats.md": formatsPage}
	for name, write := range pages {
		var b bytes.Buffer
		write(&b)
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func configurationPage(b *bytes.Buffer) {
	b.WriteString("# Every key of the configuration\n\nMade from the code; [configuration.md](../configuration.md) explains how the layers work.\n")
	section := "\x00"
	for _, o := range configs.Reference() {
		if at := sectionOf(o.Key); at != section {
			section = at
			fmt.Fprintf(b, "\n## %s\n\n| key | type | default | what it is |\n|---|---|---|---|\n", or(section, "top"))
		}
		help := o.Help
		if o.Variable != "" {
			help += " (`" + o.Variable + "`)"
		}
		if o.Secret {
			help += "; `" + lastKey(o.Key) + "_file` names a file that holds it"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", o.Key, cell(o.Type), code(o.Default), cell(help))
	}
}

// sectionOf is the part of a key before its first dot, "" for keys at the top.
func sectionOf(key string) string {
	top, _, nested := strings.Cut(key, ".")
	if !nested {
		return ""
	}
	return top
}

func lastKey(key string) string { return key[strings.LastIndex(key, ".")+1:] }

func checksPage(b *bytes.Buffer) {
	b.WriteString("# Every sort of check\n\nMade from the code. [checks.md](../checks.md) explains what they have in common.\n")
	for _, k := range checkKinds() {
		fmt.Fprintf(b, "\n## %s\n\n%s.\n\n```yaml\n%s```\n", k.name, k.help, k.example)
	}
}

func formatsPage(b *bytes.Buffer) {
	b.WriteString("# Every output format\n\nMade from the code. `-o FORMAT` chooses one.\n\n| format | what it is | lists too |\n|---|---|---|\n")
	for _, f := range report.Formats() {
		lists := "no"
		if f.List != nil {
			lists = "yes"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Name, cell(f.Help), lists)
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}
