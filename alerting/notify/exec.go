package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"vitals/checks"
)

// ExecOptions are the settings of a program that is handed messages.
type ExecOptions struct {
	Command []string   `mapstructure:"command" help:"the program and its arguments, each for itself; no shell is involved"`
	Dir     string     `mapstructure:"dir" path:"true" help:"folder to run it in; empty means the current one"`
	Env     []Variable `mapstructure:"env" help:"environment variables to add"`
	Common  `mapstructure:",squash"`
}

// Variable is one environment variable.
type Variable struct {
	Name  string        `mapstructure:"name" help:"the variable's name"`
	Value checks.Secret `mapstructure:"value" help:"the variable's value"`
}

func execKind() KindOfChannel {
	return KindOfChannel{
		Name: "exec",
		Help: "runs a program with the message as JSON on its standard input",
		Example: `- kind: exec
  name: pager
  command: [/usr/local/bin/page, --team, platform]
`,
		New: func() Options { return &ExecOptions{Common: defaultCommon()} },
	}
}

// Problems implements Options.
func (o *ExecOptions) Problems() []checks.Problem {
	p := &problems{}
	p.common(o.Common)
	if len(o.Command) == 0 || o.Command[0] == "" {
		p.missing("command", "a program and its arguments, such as [/usr/local/bin/page, --team, platform]")
	}
	for i, text := range o.Command {
		if strings.Contains(text, "\x00") {
			p.add(fmt.Sprintf("command[%d]", i), "holds a zero byte, which no argument can")
		}
	}
	for i, v := range o.Env {
		if v.Name == "" || strings.ContainsAny(v.Name, "=\x00") {
			p.add(fmt.Sprintf("env[%d].name", i), "%q is not the name of a variable", v.Name)
		}
		if strings.Contains(v.Value.Reveal(), "\x00") {
			p.add(fmt.Sprintf("env[%d].value", i), "holds a zero byte, which no variable can")
		}
	}
	return p.all
}

// Channel implements Options.
func (o *ExecOptions) Channel(Outlets) Channel {
	var secrets []checks.Secret
	for _, v := range o.Env {
		secrets = append(secrets, v.Value)
	}
	return program{*o, guard("", secrets...)}
}

type program struct {
	o     ExecOptions
	guard checks.Redactor
}

// Send implements Channel. Exit code 0 means that the message was taken. Codes
// that say that trying again is of no use (sysexits: 64 usage, 65 data, 77
// permission, 78 configuration; the shell's 126 and 127) make it permanent; any
// other may pass.
func (c program) Send(ctx context.Context, m Message) error {
	body, err := encode(newDocument(m))
	if err != nil {
		return &Error{What: "was not asked: the message cannot be written as JSON"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	cmd := exec.Command(c.o.Command[0], c.o.Command[1:]...)
	cmd.Dir, cmd.Env = c.o.Dir, c.environment(m)
	e, err := run(ctx, cmd, append(body, '\n'))
	name := c.guard.Redact(oneLine(c.o.Command[0]))
	switch {
	case err != nil:
		return c.notStarted(name, err)
	case e.killed && errors.Is(ctx.Err(), context.Canceled):
		return &Error{Retry: true, What: "was ended before it was done: Vitals is stopping", ended: context.Canceled}
	case e.killed:
		return &Error{Retry: true, What: fmt.Sprintf("(%s) was not done within %s and was ended", name, c.o.Timeout), Said: said(c.guard, e.said),
			Hint: "Run it by hand to see what it waits for; raise the channel's timeout if it is meant to take so long.", ended: context.DeadlineExceeded}
	case e.signal != "":
		return &Error{Retry: true, What: fmt.Sprintf("(%s) was ended by %s", name, e.signal), Said: said(c.guard, e.said), Hint: "It crashed or somebody ended it: run it by hand."}
	case e.code != 0:
		return &Error{Retry: passes(e.code), Status: e.code, What: fmt.Sprintf("(%s) ended with code %d", name, e.code), Said: said(c.guard, e.said),
			Hint: "Run it by hand with a message on its standard input to see all that it says."}
	}
	return nil
}

func passes(code int) bool {
	switch code {
	case 64, 65, 77, 78, 126, 127:
		return false
	}
	return true
}

func (c program) notStarted(name string, err error) *Error {
	e := &Error{What: "(" + name + ") could not be run"}
	switch {
	case c.o.Dir != "" && !isFolder(c.o.Dir):
		e.What, e.Hint = e.What+": there is no folder "+oneLine(c.o.Dir), "Correct dir, or make the folder."
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.What, e.Hint = e.What+": there is no such program", "Install it, or correct its path; a name without a path is looked for in PATH."
	case errors.Is(err, fs.ErrPermission):
		e.What, e.Hint = e.What+": Vitals may not execute it", "Make it executable (chmod +x), or run Vitals as a user who may run it."
	default: // too many processes, no memory: it may pass
		e.Retry, e.Said = true, said(c.guard, []byte(err.Error()))
		e.Hint = "Run it by hand as the user who runs Vitals; a script needs a first line such as #!/bin/sh."
	}
	return e
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// environment is Vitals' own with what most programs want to know, so that a
// script of one line needs no JSON.
func (c program) environment(m Message) []string {
	env := os.Environ()
	for _, v := range c.o.Env {
		env = append(env, v.Name+"="+v.Value.Reveal()) // the last one counts
	}
	for _, v := range []struct{ name, value string }{
		{"KEY", m.Key}, {"GROUP", m.Group}, {"KIND", string(m.Kind)}, {"SEVERITY", m.Severity}, {"TITLE", m.title()}, {"RUNBOOK", m.Runbook},
	} {
		env = append(env, "VITALS_"+v.name+"="+strings.ReplaceAll(v.value, "\x00", " "))
	}
	return env
}
