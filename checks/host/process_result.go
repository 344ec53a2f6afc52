package host

import (
	"fmt"
	"time"

	"vitals/checks"
)

// result judges the processes that were found. One that has ended and waits
// for its parent to notice does not run.
func (w *processWatch) result(all []found) checks.Result {
	o := w.options
	w.forget(all)
	var alive, zombies []found
	for _, f := range all {
		if f.state == stateZombie {
			zombies = append(zombies, f)
		} else {
			alive = append(alive, f)
		}
	}
	if len(all) == 0 {
		why := "it ended while Vitals looked at it"
		if o.Match != "" {
			why = fmt.Sprintf("no process matches %q", o.Match)
		}
		return *w.absent(why, "Start it; its log says why it ended.")
	}
	res := checks.Result{Facts: []checks.Fact{checks.Int("count", int64(len(alive)))}, Tables: []checks.Table{processTable(all)}}
	if len(alive) > 0 {
		sum := sumOf(alive)
		res.Facts = append(res.Facts, sum.facts(o)...)
		w.judge(&res, alive, sum)
		res = res.Measure("vitals_process_resident_bytes", float64(sum.rss), "process", o.Name)
	}
	judgeCount(&res, o, alive, zombies)
	return res.Measure("vitals_process_count", float64(len(alive)), "process", o.Name)
}

// judgeCount tells of processes that are too few, too many, or ended.
func judgeCount(res *checks.Result, o ProcessOptions, alive, zombies []found) {
	n := int64(len(alive))
	switch {
	case n < o.MinCount && n == 0:
		z := zombies[0]
		*res = worse(*res, checks.Unhealthy, fmt.Sprintf("does not run: process %d has ended, and its parent, process %d, has not noticed (zombie)", z.pid, z.parent),
			"Start it again, or restart its parent, which should have done so.")
	case n < o.MinCount:
		*res = worse(*res, checks.Unhealthy, fmt.Sprintf("only %d of at least %d processes match %q", n, o.MinCount, o.Match), "Its log says why the others ended.")
	case len(zombies) > 0:
		*res = worse(*res, checks.Degraded, fmt.Sprintf("%s ended, and the parent has not noticed (zombie)", pidsText(zombies)), "The parent hangs or has a fault: its log may say more. Restarting it clears them.")
	case o.MaxCount > 0 && n > o.MaxCount:
		*res = worse(*res, checks.Degraded, fmt.Sprintf("%d processes, at most %d expected", n, o.MaxCount), "See whether it was started twice, or does not end its old processes.")
	}
}

// worse adds something that is wrong to a result.
func worse(res checks.Result, status checks.Status, what, hint string) checks.Result {
	if res.Status == checks.Healthy {
		res.Summary = what
	} else {
		res.Summary += "; " + what
	}
	if status > res.Status {
		res.Status, res.Hint = status, hint
	}
	return res
}

// judge sets status and summary from what the processes do and use.
func (w *processWatch) judge(res *checks.Result, alive []found, sum processSum) {
	o := w.options
	res.Summary = fmt.Sprintf("runs as %s with %s resident", pidsText(alive), checks.BytesText(sum.rss))
	if sum.open == nil {
		res.Hint = "Open files can be counted by root and by the process's own user only."
	}
	var stopped []found
	for _, f := range alive {
		if f.state == stateStopped {
			stopped = append(stopped, f)
		}
	}
	if len(stopped) > 0 {
		*res = worse(*res, checks.Degraded, pidsText(stopped)+" stopped, by a signal or a debugger", fmt.Sprintf("Let it go on: kill -CONT %d.", stopped[0].pid))
	}
	if s := judge(float64(sum.rss), float64(o.MemoryDegraded), float64(o.MemoryUnhealthy)); s != checks.Healthy {
		*res = worse(*res, s, checks.BytesText(sum.rss)+" resident", "It may leak, or has more to do: compare with its history, and restart it when memory runs out.")
	}
	if sum.cpu != nil && !sum.young && judge(*sum.cpu, o.CPUDegraded, 0) != checks.Healthy {
		*res = worse(*res, checks.Degraded, fmt.Sprintf("%.0f %% of a core busy", *sum.cpu), "See what it does: its log, or top -H -p PID.")
	}
}

// processSum is what all of them use together; nil for what is not known of
// each.
type processSum struct {
	rss, vms int64
	cpu      *float64
	memory   *float64
	threads  *int64
	open     *int64
	started  time.Time // of the oldest
	young    bool
}

func sumOf(all []found) processSum {
	s := processSum{started: all[0].started, cpu: new(float64), memory: new(float64), threads: new(int64), open: new(int64)}
	for _, f := range all {
		s.rss, s.vms = s.rss+f.rss, s.vms+f.vms
		s.cpu, s.memory = plus(s.cpu, f.cpu), plus(s.memory, f.memory)
		s.threads, s.open = plus(s.threads, f.threads), plus(s.open, f.open)
		s.young = s.young || f.young
		if f.started.Before(s.started) {
			s.started = f.started
		}
	}
	return s
}

// plus adds a value to a sum; nil when either is not known, since a sum of the
// others would be too small.
func plus[T int64 | float64](sum *T, value any) *T {
	v, ok := value.(T)
	if sum == nil || !ok {
		return nil
	}
	v += *sum
	return &v
}

func (s processSum) facts(o ProcessOptions) []checks.Fact {
	rss := checks.Bytes("rss", s.rss)
	if o.MemoryDegraded > 0 || o.MemoryUnhealthy > 0 {
		rss = rss.Judged(float64(o.MemoryDegraded), float64(o.MemoryUnhealthy))
	}
	return []checks.Fact{
		rss, checks.Bytes("vms", s.vms), known(checks.Percent, "memory", checks.KindPercent, s.memory), known(checks.Percent, "cpu", checks.KindPercent, s.cpu),
		known(checks.Int, "threads", checks.KindInteger, s.threads), known(checks.Int, "open_files", checks.KindInteger, s.open), checks.Time("started", s.started),
	}
}

// known makes a fact of a value, or the fact that it is not known.
func known[T any](fact func(string, T) checks.Fact, name string, kind checks.Kind, value *T) checks.Fact {
	if value == nil {
		return checks.Unmeasured(name, kind)
	}
	return fact(name, *value)
}

// processTable shows programs without their arguments, which may hold
// secrets.
func processTable(all []found) checks.Table {
	t := checks.Table{Name: "processes", Columns: []checks.Column{
		{Name: "pid", Kind: checks.KindInteger}, {Name: "name"}, {Name: "user"}, {Name: "state"}, {Name: "rss", Kind: checks.KindBytes},
		{Name: "cpu", Kind: checks.KindPercent}, {Name: "threads", Kind: checks.KindInteger}, {Name: "open_files", Kind: checks.KindInteger}, {Name: "started", Kind: checks.KindTime},
	}}
	for _, f := range all {
		t.Add(int64(f.pid), f.name, f.user, f.state, f.rss, f.cpu, f.threads, f.open, f.started)
	}
	return t
}

// pidsText says "process 12 has" or "3 processes have" without the verb.
func pidsText(all []found) string {
	if len(all) == 1 {
		return fmt.Sprintf("process %d", all[0].pid)
	}
	return fmt.Sprintf("%d processes", len(all))
}

// forget drops what is remembered of processes that are gone.
func (w *processWatch) forget(all []found) {
	alive := map[int32]bool{}
	for _, f := range all {
		alive[f.pid] = true
	}
	for pid := range w.cpu {
		if !alive[pid] {
			delete(w.cpu, pid)
		}
	}
}
