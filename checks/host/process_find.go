package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// find returns the numbers of the processes meant, or the result when there is
// nothing to look at.
func (w *processWatch) find(ctx context.Context) ([]int32, *checks.Result) {
	o := w.options
	switch {
	case o.Match != "":
		return w.matching(ctx)
	case o.PIDFile != "":
		return w.fromFile(ctx)
	}
	if err := processExists(ctx, o.Root, int32(o.PID)); err != nil {
		return nil, w.missing(int32(o.PID), err)
	}
	return []int32{int32(o.PID)}, nil
}

// fromFile reads the number from the first word of the pid file: PostgreSQL's
// has more lines.
func (w *processWatch) fromFile(ctx context.Context) ([]int32, *checks.Result) {
	name := w.options.PIDFile
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, w.absent("there is no pid file "+name, "Start it, or correct pid_file.")
	}
	if err != nil {
		res := checks.CannotTell("the pid file cannot be read", err).WithHint("Let the user Vitals runs as read it, or use match instead.")
		return nil, &res
	}
	number := int64(0)
	if words := strings.Fields(string(text)); len(words) > 0 {
		number, _ = strconv.ParseInt(words[0], 10, 32) // what is no number stays 0
	}
	if number <= 0 {
		res := checks.CannotTell("the pid file "+name+" holds no number", nil).WithHint("See what writes it; an empty one is often left by a full disk.")
		return nil, &res
	}
	pid := int32(number)
	if err := processExists(ctx, w.options.Root, pid); err != nil {
		return nil, w.missing(pid, err)
	}
	if other := w.takenOver(ctx, pid); other != "" {
		return nil, w.absent(fmt.Sprintf("the pid file is stale, process %d is now %q", pid, other),
			"It ended without removing its pid file, and the system gave the number to another process. Start it again.")
	}
	return []int32{pid}, nil
}

// takenOver returns the name of the process when it cannot be the one that the
// pid file was written for: it began after the file was last written, and is
// called nothing like it. The time alone is not enough: machines without a
// clock of their own start in the past and set their time later.
func (w *processWatch) takenOver(ctx context.Context, pid int32) string {
	info, err := os.Stat(w.options.PIDFile)
	if err != nil {
		return ""
	}
	p, err := readProcess(ctx, w.options.Root, pid, w.users)
	const slack = 10 * time.Second // start times are not exact everywhere
	if err != nil || p.started.IsZero() || !p.started.After(info.ModTime().Add(slack)) {
		return ""
	}
	file, name := strings.ToLower(filepath.Base(w.options.PIDFile)), strings.ToLower(p.name)
	stem, _, _ := strings.Cut(file, ".")
	if len(name) > 2 && strings.Contains(file, name) || len(stem) > 2 && strings.Contains(name, stem) {
		return ""
	}
	return p.name
}

// matching returns all processes whose name is the pattern or whose command
// line it matches.
func (w *processWatch) matching(ctx context.Context) ([]int32, *checks.Result) {
	o := w.options
	list, err := listProcesses(ctx, o.Root)
	if err != nil {
		res := checks.CannotTell("the processes could not be listed", err)
		return nil, &res
	}
	pattern, err := regexp.Compile(o.Match)
	if err != nil {
		res := checks.CannotTell("match is no regular expression", err)
		return nil, &res
	}
	var matching []int32
	denied := 0
	for _, pid := range list {
		if ctx.Err() != nil {
			res := checks.CannotTell("no time was left to look through all processes", ctx.Err())
			return nil, &res
		}
		if int(pid) == os.Getpid() {
			continue // a Vitals whose command line holds the pattern is not what is meant
		}
		name, line, err := processWords(ctx, o.Root, pid)
		if errors.Is(err, fs.ErrPermission) {
			denied++
		}
		if err == nil && (isCalled(name, line, o.Match) || line != "" && pattern.MatchString(line)) {
			matching = append(matching, pid)
		}
	}
	if len(matching) == 0 && (denied > 0 || processesAreHidden(o.Root)) {
		res := w.hidden("the processes of other users are hidden from the user Vitals runs as", nil)
		return nil, &res
	}
	return matching, nil
}

// isCalled compares names. Of a process that has ended Linux keeps only the
// first bytes of its name and no command line.
func isCalled(name, line, wanted string) bool {
	return name == wanted || line == "" && len(name) == nameKept && strings.HasPrefix(wanted, name)
}

// nameKept is how many bytes of a process's name Linux keeps (TASK_COMM_LEN).
const nameKept = 15

// missing is the result for a number that no process has, or none that may be
// seen.
func (w *processWatch) missing(pid int32, err error) *checks.Result {
	if errors.Is(err, fs.ErrPermission) {
		res := w.hidden(fmt.Sprintf("process %d runs, but may not be looked at by the user Vitals runs as", pid), err)
		return &res
	}
	if !errors.Is(err, errNoProcess) {
		res := checks.CannotTell(fmt.Sprintf("process %d could not be looked at", pid), err)
		return &res
	}
	return w.absent(fmt.Sprintf("there is no process %d", pid), "Start it; its log says why it ended.")
}

// hidden is the result where Vitals lacks the right to see.
func (w *processWatch) hidden(summary string, err error) checks.Result {
	return checks.CannotTell(summary, err).WithHint("Run Vitals as the application's user or as root, or mount /proc without hidepid.")
}

// absent is the result for a process that is not there.
func (w *processWatch) absent(why, hint string) *checks.Result {
	count := checks.Int("count", 0)
	res := checks.Fail("does not run: "+why, nil, count).WithHint(hint)
	if w.options.MinCount == 0 {
		res = checks.OK("does not run, and need not", count)
	}
	return &res
}
