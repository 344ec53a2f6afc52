package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os/user"
	"regexp"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/mem"

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

	Root string `mapstructure:"-"` // of /proc; "" but in tests
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
	if o.PID < 0 || o.PID > math.MaxInt32 {
		all = append(all, checks.Problem{Key: "pid", Message: "is no number of a process"})
	}
	if _, err := regexp.Compile(o.Match); err != nil {
		all = append(all, checks.Problem{Key: "match", Message: "is no regular expression: " + err.Error()})
	}
	if o.MinCount < 0 || o.MaxCount < 0 || o.MaxCount > 0 && o.MaxCount < o.MinCount {
		all = append(all, checks.Problem{Key: "max_count", Message: "must be 0 or at least min_count, and neither below 0"})
	}
	for _, f := range []struct {
		key   string
		value float64
	}{{"memory_degraded", float64(o.MemoryDegraded)}, {"memory_unhealthy", float64(o.MemoryUnhealthy)}, {"cpu_degraded_percent", o.CPUDegraded}} {
		if f.value < 0 {
			all = append(all, checks.Problem{Key: f.key, Message: "cannot be below 0"})
		}
	}
	if o.MemoryUnhealthy > 0 && o.MemoryDegraded > o.MemoryUnhealthy {
		all = append(all, checks.Problem{Key: "memory_degraded", Message: "must not be above memory_unhealthy"})
	}
	return all
}

// Checks makes the check process.NAME.
func (o *ProcessOptions) Checks() []checks.Check {
	w := &processWatch{options: *o, cpu: map[int32]cpuMark{}, users: userNames{}}
	return []checks.Check{o.Apply(checks.Check{Name: "process." + o.Name, Help: "whether the process runs, and what it uses", Tags: []string{"host", "process"}, Do: w.look})}
}

// cpuMark is a process's processor time at an earlier look.
type cpuMark struct {
	at      time.Time
	began   int64
	seconds float64
}

// processWatch remembers processor times, for the difference.
type processWatch struct {
	options ProcessOptions
	mu      sync.Mutex
	cpu     map[int32]cpuMark
	users   userNames
}

// found is what is known of one process; what may not be read is nil.
type found struct {
	pid, parent       int32
	name, user, state string // state is a word for people; see the constants
	rss, vms          int64
	threads, open     any   // int64
	memory, cpu       any   // float64, percent; cpu is of one core
	cpuSeconds        any   // float64, since it began
	began             int64 // tells it from an earlier process of the same number
	started           time.Time
	young             bool // cpu was measured over too short a time to judge it
}

// The states that are judged.
const (
	stateZombie  = "zombie"
	stateStopped = "stopped"
)

// errNoProcess is for a number that no process has.
var errNoProcess = errors.New("no such process")

// userNames remembers the names of users by their numbers.
type userNames map[string]string

func (n userNames) of(uid string) string {
	if name, ok := n[uid]; ok {
		return name
	}
	n[uid] = uid
	if u, err := user.LookupId(uid); err == nil {
		n[uid] = u.Username
	}
	return n[uid]
}

func (w *processWatch) look(ctx context.Context) checks.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	list, res := w.find(ctx)
	if res != nil {
		return *res
	}
	memory := machineMemory(ctx, w.options.Root)
	var all []found
	for _, pid := range list {
		f, err := readProcess(ctx, w.options.Root, pid, w.users)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return w.hidden(fmt.Sprintf("process %d runs, but may not be looked at by the user Vitals runs as", pid), err)
		case err != nil:
			continue // it ended meanwhile
		}
		if memory > 0 {
			f.memory = percent(float64(f.rss), memory)
		}
		w.measure(&f)
		all = append(all, f)
	}
	return w.result(all)
}

// machineMemory is all memory there is, 0 where it is not told.
func machineMemory(ctx context.Context, root string) float64 {
	vm, err := mem.VirtualMemoryWithContext(rooted(ctx, root))
	if err != nil {
		return 0
	}
	return float64(vm.Total)
}

// measure sets the share of one core that was used since the last look, or
// since the process began where this is the first.
func (w *processWatch) measure(f *found) {
	seconds, ok := f.cpuSeconds.(float64)
	if !ok {
		return
	}
	now := time.Now()
	before, known := w.cpu[f.pid]
	w.cpu[f.pid] = cpuMark{at: now, began: f.began, seconds: seconds}
	if !known || before.began != f.began {
		before = cpuMark{at: f.started}
	}
	elapsed := now.Sub(before.at)
	f.young = elapsed < judgedOver
	if elapsed > 0 {
		f.cpu = max(0, (seconds-before.seconds)/elapsed.Seconds()*100)
	}
}
