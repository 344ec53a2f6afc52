package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"vitals/checks"
)

// ProcessOptions are the settings of one process check. Exactly one of pid,
// pid_file and match says which process is meant.
type ProcessOptions struct {
	Name            string  `mapstructure:"name" help:"the check is called process.NAME"`
	PID             int64   `mapstructure:"pid" help:"a process by its number"`
	PIDFile         string  `mapstructure:"pid_file" path:"true" help:"a file that holds the number"`
	Match           string  `mapstructure:"match" help:"the program's name, or a regular expression that the whole command line has to contain"`
	MinCount        int64   `mapstructure:"min_count" help:"unhealthy below this many"`
	MaxCount        int64   `mapstructure:"max_count" help:"degraded above this many; 0 means no limit"`
	MemoryDegraded  int64   `mapstructure:"memory_degraded" unit:"bytes" help:"degraded above this resident size of all together; 0 means never"`
	MemoryUnhealthy int64   `mapstructure:"memory_unhealthy" unit:"bytes" help:"unhealthy above this resident size of all together; 0 means never"`
	CPUDegraded     float64 `mapstructure:"cpu_degraded_percent" help:"degraded above this share of one core of all together; 0 means never"`
	checks.Common   `mapstructure:",squash"`
}

const processExample = `processes:
  - name: worker
    match: "celery worker"
    min_count: 2
    memory_degraded: 2GB
  - name: nginx
    pid_file: /run/nginx.pid
`

// DefaultProcessOptions wants at least one such process; who names a process
// needs it, so the check is critical.
func DefaultProcessOptions() ProcessOptions {
	return ProcessOptions{MinCount: 1, Common: checks.Common{Critical: true}}
}

// Problems returns what is wrong with the settings.
func (o *ProcessOptions) Problems() []checks.Problem {
	var all []checks.Problem
	if o.Name == "" {
		all = append(all, checks.Problem{Key: "name", Message: "is required"})
	}
	given := 0
	for _, is := range []bool{o.PID != 0, o.PIDFile != "", o.Match != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		all = append(all, checks.Problem{Key: "match", Message: "give exactly one of pid, pid_file and match"})
	}
	if _, err := regexp.Compile(o.Match); err != nil {
		all = append(all, checks.Problem{Key: "match", Message: "is no regular expression: " + err.Error()})
	}
	if o.MinCount < 0 || o.MaxCount < 0 || o.MaxCount > 0 && o.MaxCount < o.MinCount {
		all = append(all, checks.Problem{Key: "max_count", Message: "must be 0 or at least min_count, and neither below 0"})
	}
	return all
}

// Checks makes the check process.NAME.
func (o *ProcessOptions) Checks() []checks.Check {
	w := &processWatch{options: *o, cpu: map[int32]cpuMark{}}
	return []checks.Check{o.Apply(checks.Check{Name: "process." + o.Name, Help: "whether the process runs, and what it uses", Tags: []string{"host", "process"}, Do: w.look})}
}

// cpuMark is a process's processor time at an earlier look.
type cpuMark struct {
	at      time.Time
	started int64
	seconds float64
}

type processWatch struct {
	options ProcessOptions
	mu      sync.Mutex
	cpu     map[int32]cpuMark
}

// found is what is known of one process; what may not be read stays nil.
type found struct {
	pid           int32
	name, state   string
	rss, vms      int64
	memory, cpu   any // percent
	threads, open any // counts
	started       time.Time
}

func (w *processWatch) look(ctx context.Context) checks.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	list, res := w.find(ctx)
	if res != nil {
		return *res
	}
	var all []found
	for _, p := range list {
		if f, ok := w.describe(ctx, p); ok {
			all = append(all, f)
		}
	}
	return w.result(all)
}

// find returns the processes meant, or the result when that cannot be told.
func (w *processWatch) find(ctx context.Context) ([]*process.Process, *checks.Result) {
	if w.options.Match != "" {
		return w.matching(ctx)
	}
	pid := w.options.PID
	if w.options.PIDFile != "" {
		text, err := os.ReadFile(w.options.PIDFile)
		if err != nil {
			if os.IsNotExist(err) {
				res := checks.Fail("does not run: there is no pid file "+w.options.PIDFile, nil).WithHint("Start it, or correct pid_file.")
				return nil, &res
			}
			res := checks.CannotTell("the pid file cannot be read", err)
			return nil, &res
		}
		pid, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
		if err != nil || pid <= 0 {
			res := checks.CannotTell("the pid file "+w.options.PIDFile+" holds no number", nil)
			return nil, &res
		}
	}
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		res := checks.Fail(fmt.Sprintf("does not run: there is no process %d", pid), nil).WithHint("Start it; its log says why it ended.")
		return nil, &res
	}
	if stale := w.stale(ctx, p); stale != "" {
		res := checks.Fail(stale, nil).WithHint("The process ended without removing its pid file, and the system gave the number to another. Start it again.")
		return nil, &res
	}
	return []*process.Process{p}, nil
}

// stale tells when a pid file names a process that began after the file was
// last written: the number was given to somebody else.
func (w *processWatch) stale(ctx context.Context, p *process.Process) string {
	if w.options.PIDFile == "" {
		return ""
	}
	info, err := os.Stat(w.options.PIDFile)
	started, err2 := p.CreateTimeWithContext(ctx)
	if err != nil || err2 != nil {
		return ""
	}
	const slack = 10 * time.Second // start times are in clock ticks since a boot time in whole seconds
	if time.UnixMilli(started).After(info.ModTime().Add(slack)) {
		name, _ := p.NameWithContext(ctx) // "" only shortens the sentence
		return fmt.Sprintf("does not run: the pid file is stale, process %d is now %q", p.Pid, name)
	}
	return ""
}

func (w *processWatch) matching(ctx context.Context) ([]*process.Process, *checks.Result) {
	list, err := process.ProcessesWithContext(ctx)
	if err != nil {
		res := checks.CannotTell("the processes could not be listed", err)
		return nil, &res
	}
	pattern := regexp.MustCompile(w.options.Match) // Problems has seen that it compiles
	var matching []*process.Process
	for _, p := range list {
		if int(p.Pid) == os.Getpid() {
			continue // a Vitals whose command line holds the pattern is not what is meant
		}
		name, err := p.NameWithContext(ctx)
		if err != nil {
			continue // it ended meanwhile
		}
		line, _ := p.CmdlineWithContext(ctx) // not readable: the name has to do
		if name == w.options.Match || line != "" && pattern.MatchString(line) {
			matching = append(matching, p)
		}
	}
	return matching, nil
}

// describe reads what a process uses; false when it has ended meanwhile.
func (w *processWatch) describe(ctx context.Context, p *process.Process) (found, bool) {
	f := found{pid: p.Pid}
	var err error
	if f.name, err = p.NameWithContext(ctx); err != nil {
		return f, false
	}
	f.name = filepath.Base(f.name)
	if states, err := p.StatusWithContext(ctx); err == nil && len(states) > 0 {
		f.state = states[0]
	}
	if m, err := p.MemoryInfoWithContext(ctx); err == nil {
		f.rss, f.vms = int64(m.RSS), int64(m.VMS)
	}
	if m, err := p.MemoryPercentWithContext(ctx); err == nil {
		f.memory = float64(m)
	}
	if n, err := p.NumThreadsWithContext(ctx); err == nil {
		f.threads = int64(n)
	}
	if n, err := p.NumFDsWithContext(ctx); err == nil {
		f.open = int64(n)
	}
	started, err := p.CreateTimeWithContext(ctx)
	if err == nil {
		f.started = time.UnixMilli(started)
	}
	if t, err := p.TimesWithContext(ctx); err == nil {
		f.cpu = w.cpuPercent(p.Pid, started, t.User+t.System)
	}
	return f, true
}

// cpuPercent is the share of one core since the last look, or since the
// process began where this is the first.
func (w *processWatch) cpuPercent(pid int32, started int64, seconds float64) any {
	now := time.Now()
	before, known := w.cpu[pid]
	w.cpu[pid] = cpuMark{at: now, started: started, seconds: seconds}
	if !known || before.started != started {
		before = cpuMark{at: time.UnixMilli(started)}
	}
	elapsed := now.Sub(before.at).Seconds()
	if elapsed <= 0 {
		return nil
	}
	return max(0, (seconds-before.seconds)/elapsed*100)
}
