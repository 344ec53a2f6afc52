package host

import (
	"fmt"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"vitals/checks"
)

// result judges the processes that were found.
func (w *processWatch) result(all []found) checks.Result {
	o := w.options
	w.forget(all)
	if int64(len(all)) < o.MinCount {
		return w.tooFew(len(all))
	}
	if len(all) == 0 {
		return checks.OK("does not run, as it should be", checks.Int("count", 0))
	}
	res := checks.Result{Status: checks.Healthy, Facts: []checks.Fact{checks.Int("count", int64(len(all)))}}
	sum := w.sum(all)
	res.Facts = append(res.Facts, sum.facts(o)...)
	res.Tables = []checks.Table{processTable(all)}
	w.judge(&res, all, sum)
	if res.Summary == "" {
		res.Summary = fmt.Sprintf("runs as %s with %s resident", pidsText(all), checks.BytesText(sum.rss))
	}
	return res.Measure("vitals_process_resident_bytes", float64(sum.rss), "process", o.Name).
		Measure("vitals_process_count", float64(len(all)), "process", o.Name)
}

func (w *processWatch) tooFew(n int) checks.Result {
	what := w.options.Match
	if n == 0 {
		return checks.Fail(fmt.Sprintf("does not run: no process matches %q", what), nil, checks.Int("count", 0)).WithHint("Start it; its log says why it ended.")
	}
	return checks.Fail(fmt.Sprintf("only %d of at least %d processes match %q", n, w.options.MinCount, what), nil, checks.Int("count", int64(n))).
		WithHint("See its log for those that ended.")
}

// judge sets status and summary from what stands out.
func (w *processWatch) judge(res *checks.Result, all []found, sum processSum) {
	o := w.options
	var said []string
	note := func(s checks.Status, format string, args ...any) {
		res.Status = max(res.Status, s)
		said = append(said, fmt.Sprintf(format, args...))
	}
	for _, f := range all {
		switch f.state {
		case process.Zombie:
			note(checks.Unhealthy, "process %d has ended and waits for its parent to notice (zombie)", f.pid)
		case process.Stop:
			note(checks.Degraded, "process %d is stopped (SIGSTOP or a debugger)", f.pid)
		}
	}
	if s := judge(float64(sum.rss), float64(o.MemoryDegraded), float64(o.MemoryUnhealthy)); s != checks.Healthy {
		note(s, "%s resident", checks.BytesText(sum.rss))
	}
	if s := judge(sum.cpu, o.CPUDegraded, 0); s != checks.Healthy {
		note(s, "%.0f %% of a core busy", sum.cpu)
	}
	if o.MaxCount > 0 && int64(len(all)) > o.MaxCount {
		note(checks.Degraded, "%d processes, at most %d expected", len(all), o.MaxCount)
	}
	res.Summary = strings.Join(said, "; ")
}

type processSum struct {
	rss, vms    int64
	cpu, memory float64
	threads     int64
	open        any
	started     time.Time // of the oldest
}

func (w *processWatch) sum(all []found) processSum {
	s := processSum{open: int64(0)}
	for _, f := range all {
		s.rss, s.vms = s.rss+f.rss, s.vms+f.vms
		if v, ok := f.cpu.(float64); ok {
			s.cpu += v
		}
		if v, ok := f.memory.(float64); ok {
			s.memory += v
		}
		if v, ok := f.threads.(int64); ok {
			s.threads += v
		}
		if open, ok := s.open.(int64); ok && f.open != nil {
			s.open = open + f.open.(int64)
		} else {
			s.open = nil // another user's: the sum would be too small
		}
		if s.started.IsZero() || f.started.Before(s.started) {
			s.started = f.started
		}
	}
	return s
}

func (s processSum) facts(o ProcessOptions) []checks.Fact {
	rss := checks.Bytes("rss", s.rss)
	if o.MemoryDegraded > 0 || o.MemoryUnhealthy > 0 {
		rss = rss.Judged(float64(o.MemoryDegraded), float64(o.MemoryUnhealthy))
	}
	return []checks.Fact{
		rss, checks.Bytes("vms", s.vms), checks.Percent("memory", s.memory), checks.Percent("cpu", s.cpu),
		checks.Int("threads", s.threads), {Name: "open_files", Kind: checks.KindInteger, Value: s.open}, checks.Time("started", s.started),
	}
}

// processTable shows programs without their arguments, which may hold
// secrets.
func processTable(all []found) checks.Table {
	t := checks.Table{Name: "processes", Columns: []checks.Column{
		{Name: "pid", Kind: checks.KindInteger}, {Name: "name"}, {Name: "state"}, {Name: "rss", Kind: checks.KindBytes},
		{Name: "cpu", Kind: checks.KindPercent}, {Name: "threads", Kind: checks.KindInteger}, {Name: "open_files", Kind: checks.KindInteger}, {Name: "started", Kind: checks.KindTime},
	}}
	for _, f := range all {
		t.Add(int64(f.pid), f.name, f.state, f.rss, f.cpu, f.threads, f.open, f.started)
	}
	return t
}

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
