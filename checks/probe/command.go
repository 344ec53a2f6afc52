package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"vitals/checks"
)

const (
	maxOutput = 64 << 10 // bytes kept of standard output
	maxErrors = 4 << 10  // bytes kept of standard error
	// afterwards is how long the program's children may hold its output open
	// after it has ended. A Nagios plugin has none.
	afterwards = 500 * time.Millisecond
	// lastWords is how long is waited for a program that was killed. Only one
	// that left its process group keeps its output open for longer.
	lastWords = 30 * time.Millisecond
)

// Problems implements checks.Options.
func (o *CommandOptions) Problems() []checks.Problem {
	p := &problems{}
	p.name(o.Name)
	if len(o.Command) == 0 || o.Command[0] == "" {
		p.missing("command", "a program and its arguments, such as [/usr/lib/nagios/plugins/check_ntp_time, -H, pool.ntp.org]")
	} else if len(o.Command) == 1 && strings.Contains(o.Command[0], " ") && !strings.ContainsAny(o.Command[0], `/\`) {
		p.add("command", "is one text with spaces; write each argument for itself, as in [date, -u], or [sh, -c, %q]", o.Command[0])
	}
	for i, text := range o.Command {
		if strings.Contains(text, "\x00") {
			p.add(fmt.Sprintf("command[%d]", i), "holds a zero byte, which no argument can")
		}
	}
	switch o.Format {
	case "", FormatExit, FormatNagios:
	default:
		p.add("format", "%q is not known; use exit or nagios", o.Format)
	}
	for i, v := range o.Env {
		if v.Name == "" || strings.ContainsAny(v.Name, "=\x00") {
			p.add(fmt.Sprintf("env[%d].name", i), "%q is not the name of a variable", v.Name)
		}
		if strings.Contains(v.Value.Reveal(), "\x00") {
			p.add(fmt.Sprintf("env[%d].value", i), "holds a zero byte, which no variable can")
		}
	}
	p.regexp("expect", o.Expect)
	return p.all
}

// program is a command probe, ready to use.
type program struct {
	CommandOptions
	expect *regexp.Regexp // nil for none
}

// Checks implements checks.Options.
func (o *CommandOptions) Checks() []checks.Check {
	if len(o.Command) == 0 {
		return nil
	}
	p := &program{CommandOptions: *o}
	if o.Expect != "" {
		p.expect, _ = regexp.Compile(o.Expect) // Problems has told what is wrong with it
	}
	var secrets []checks.Secret
	for _, v := range o.Env {
		secrets = append(secrets, v.Value)
	}
	guard := checks.NewRedactor(secrets...)
	return newCheck(o.Name, o.Common, checks.Check{Help: "runs " + o.Command[0], Do: func(ctx context.Context) checks.Result {
		res := p.do(ctx)
		guard.Result(&res)
		return res
	}})
}

// ended is how a program ended.
type ended struct {
	code     int    // -1 when a signal ended it
	signal   string // in words; "" for none
	out      string
	err      string // the end of what it wrote to standard error
	took     time.Duration
	patience string // how long it was waited for
	killed   bool   // because time ran out, or the check was interrupted
}

func (p *program) do(ctx context.Context) checks.Result {
	e, err := p.run(ctx)
	res := p.answer(ctx, e, err)
	if e == nil {
		return res
	}
	code := checks.Unmeasured("exit_code", checks.KindInteger)
	if e.code >= 0 {
		code = checks.Int("exit_code", int64(e.code))
	}
	res.Facts = append([]checks.Fact{code, checks.Duration("total", e.took)}, res.Facts...)
	return res.Measure("vitals_probe_phase_seconds", e.took.Seconds(), "probe", p.Name, "phase", "total")
}

func (p *program) answer(ctx context.Context, e *ended, err error) checks.Result {
	name := p.Command[0]
	switch {
	case e == nil:
		return notStarted(name, p.Dir, err)
	case e.killed && errors.Is(ctx.Err(), context.Canceled):
		return checks.CannotTell(name+" was ended before it was done: the check was interrupted", nil)
	case e.killed:
		// As Nagios does by default (service_check_timeout_state=c): what a
		// plugin waits for in vain is most often what it looks at.
		res := checks.Fail(name+" was not done within "+e.patience+" and was ended", nil)
		res.Error = e.err
		return res.WithHint("Run it by hand to see what it waits for; raise timeout if it is meant to take so long.")
	case p.Format == FormatNagios:
		return p.nagios(e)
	}
	return p.exit(e)
}

// notStarted is Vitals' own trouble: nothing is known of what was to be asked.
func notStarted(name, dir string, err error) checks.Result {
	switch {
	case dir != "" && !isFolder(dir):
		return checks.CannotTell(name+" could not be run: there is no folder "+dir, err).WithHint("Correct dir, or make the folder.")
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return checks.CannotTell(name+" could not be run: there is no such program", err).WithHint("Install it, or correct its path; a name without a path is looked for in PATH.")
	case errors.Is(err, fs.ErrPermission):
		return checks.CannotTell(name+" could not be run: Vitals may not execute it", err).WithHint("Make it executable (chmod +x), or run Vitals as a user who may run it.")
	}
	return checks.CannotTell(name+" could not be run", err).WithHint("Run it by hand as the user who runs Vitals; a script needs a first line such as #!/bin/sh.")
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// run runs the program and waits until it has ended, or has been ended with
// everything that it started. It returns nil when the program did not start.
func (p *program) run(ctx context.Context) (*ended, error) {
	started := time.Now()
	cmd := exec.Command(p.Command[0], p.Command[1:]...)
	cmd.Dir, cmd.Env = p.Dir, p.environment()
	out, errs := &checks.Bounded{Max: maxOutput}, &checks.Bounded{Max: maxErrors}
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.WaitDelay = afterwards
	checks.OwnGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	group := checks.NewGroup(cmd)
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		if errors.Is(err, exec.ErrWaitDelay) {
			group.Kill() // what it left behind
		}
		group.Close()
		done <- err
	}()
	e := &ended{code: -1, patience: checks.Patience(ctx, started)}
	select {
	case <-done:
		e.code, e.signal = cmd.ProcessState.ExitCode(), checks.SignalOf(cmd.ProcessState)
	case <-ctx.Done():
		e.killed = true
		group.Kill()
		select {
		case <-done:
		case <-time.After(lastWords):
		}
	}
	e.out, e.err, e.took = out.String(), strings.TrimSpace(errs.String()), time.Since(started)
	return e, nil
}

func (p *program) environment() []string {
	env := os.Environ()
	for _, v := range p.Env {
		env = append(env, v.Name+"="+v.Value.Reveal()) // the last one counts
	}
	return env
}

// exit judges a program that only tells yes or no.
func (p *program) exit(e *ended) checks.Result {
	name := p.Command[0]
	last := firstLineOf(e.err)
	if last == "" {
		last = firstLineOf(e.out)
	}
	res := checks.Result{Error: e.err}
	switch {
	case e.signal != "":
		res.Status, res.Summary, res.Hint = checks.Unhealthy, name+" was ended by "+e.signal, "It crashed or somebody ended it: run it by hand."
	case e.code != 0:
		res.Status, res.Summary, res.Hint = checks.Unhealthy, fmt.Sprintf("%s ended with code %d", name, e.code), "Run it by hand to see all that it says."
		if last != "" {
			res.Summary += ": " + last
		}
	case p.expect != nil && !p.expect.MatchString(e.out):
		res.Status, res.Hint = checks.Unhealthy, "Run it by hand and compare what it says with expect."
		res.Summary = fmt.Sprintf("%s wrote nothing that matches %q", name, p.expect)
	default:
		res.Error = "" // what it mutters while all is well is no error
		res.Summary = name + " ended well, in " + checks.DurationText(e.took)
		if line := firstLineOf(e.out); line != "" {
			res.Summary = line
		}
	}
	return res
}

// firstLineOf is the first line that says something, shortened to what fits
// into a sentence.
func firstLineOf(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			if runes := []rune(line); len(runes) > maxSummary {
				return string(runes[:maxSummary]) + "…"
			}
			return line
		}
	}
	return ""
}

// maxSummary bounds what is taken of a program's first line, in characters.
const maxSummary = 300
