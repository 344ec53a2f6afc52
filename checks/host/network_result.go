package host

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"vitals/checks"
)

// kernelShare is the share of a limit of the kernel above which somebody
// should look: at the limit, connections and files are refused.
const kernelShare = 90

// fewestSegments is how many segments must have been sent between two looks
// before the share of those sent again means anything.
const fewestSegments = 100

// compare makes the result of two readings; before is nil on a first look.
func (w *networkWatch) compare(before, now *networkReading) checks.Result {
	res := checks.Result{Facts: []checks.Fact{checks.Int("interfaces", int64(len(now.wires)))}}
	var n notes
	if before == nil {
		before = &networkReading{at: now.at}
	}
	w.wires(&res, &n, before, now)
	tcp(&res, &n, before.tcp, now.tcp)
	limited(&res, &n, "conntrack_used", now.conntrack, "the firewall's table of connections is %.0f %% full, %d of %d: when it is full, new ones are dropped",
		"See who holds so many: conntrack -L. The limit is net.netfilter.nf_conntrack_max in sysctl.")
	limited(&res, &n, "open_files_used", now.files, "the machine has %.0f %% of its files open, %d of %d: when all are, every program fails",
		"See who holds so many: lsof. The limit is fs.file-max in sysctl.")
	res.Status, res.Hint = n.status, n.hint
	res.Summary = several(n.said, "; ")
	switch {
	case len(n.said) > 0:
	case len(now.wires) == 0:
		res.Summary = "no interface is up"
	default:
		res.Summary = fmt.Sprintf("no trouble on %s", several(slices.Sorted(maps.Keys(now.wires)), ", "))
	}
	return res
}

// notes collects what stands out; the hint is that of the first note.
type notes struct {
	status checks.Status
	said   []string
	hint   string
}

func (n *notes) degraded(hint, format string, args ...any) {
	n.status = checks.Degraded
	n.said = append(n.said, fmt.Sprintf(format, args...))
	if n.hint == "" {
		n.hint = hint
	}
}

func (w *networkWatch) wires(res *checks.Result, n *notes, before, now *networkReading) {
	t := checks.Table{Name: "interfaces", Columns: []checks.Column{
		{Name: "interface"}, {Name: "received", Kind: checks.KindBytes}, {Name: "sent", Kind: checks.KindBytes}, {Name: "packets", Kind: checks.KindInteger},
		{Name: "errors", Kind: checks.KindInteger}, {Name: "drops", Kind: checks.KindInteger},
		{Name: "received_per_second", Kind: checks.KindBytes}, {Name: "sent_per_second", Kind: checks.KindBytes}, {Name: "errors_per_second", Kind: checks.KindNumber},
	}}
	var received, sent int64
	elapsed := now.at.Sub(before.at)
	for _, name := range slices.Sorted(maps.Keys(now.wires)) {
		b := now.wires[name]
		received, sent = received+b.received, sent+b.sent
		var in, out, bad any // nil: not known on a first look, or where counters began again
		if a, known := before.wires[name]; known && elapsed > 0 {
			in, out = wholeRate(a.received, b.received, elapsed), wholeRate(a.sent, b.sent, elapsed)
			if r, ok := rate(a.errors+a.drops, b.errors+b.drops, elapsed); ok {
				bad = r
				if judge(r, w.options.ErrorsPerSecond, 0) != checks.Healthy {
					n.degraded("Look at the cable, the driver and the counters: ip -s link show "+name+", ethtool -S "+name+".",
						"%s has %.1f errors and dropped packets a second", name, r)
				}
			}
		}
		t.Add(name, b.received, b.sent, b.packets, b.errors, b.drops, in, out, bad)
		*res = res.Measure("vitals_network_received_bytes_total", float64(b.received), "interface", name).
			Measure("vitals_network_sent_bytes_total", float64(b.sent), "interface", name).
			Measure("vitals_network_errors_total", float64(b.errors+b.drops), "interface", name)
	}
	res.Tables = []checks.Table{t}
	res.Facts = append(res.Facts, checks.Bytes("received", received), checks.Bytes("sent", sent))
}

func tcp(res *checks.Result, n *notes, before, now *tcpCounters) {
	if now == nil {
		return
	}
	res.Facts = append(res.Facts, checks.Int("listen_overflows", now.overflows), checks.Int("listen_drops", now.listenDrops))
	*res = res.Measure("vitals_network_listen_overflows_total", float64(now.overflows)).
		Measure("vitals_network_tcp_segments_total", float64(now.segments)).
		Measure("vitals_network_tcp_retransmitted_total", float64(now.retransmitted))
	if before == nil {
		return
	}
	if sent, again := now.segments-before.segments, now.retransmitted-before.retransmitted; sent >= fewestSegments && again >= 0 {
		res.Facts = append(res.Facts, checks.Percent("retransmitted", min(100, percent(float64(again), float64(sent)))))
	}
	if lost := now.overflows - before.overflows; lost > 0 {
		n.degraded("See whose queue is full: ss -ltn (Recv-Q above Send-Q). That program is too slow, hangs, or has too small a backlog.",
			"%d connections were dropped since the last look because a program did not accept them in time", lost)
	}
}

// limited judges a share of a limit; format takes the share, what is used, and
// the limit.
func limited(res *checks.Result, n *notes, fact string, s share, format, hint string) {
	if s.most <= 0 {
		return
	}
	used := percent(float64(s.used), float64(s.most))
	res.Facts = append(res.Facts, checks.Percent(fact, used).Judged(kernelShare, 0))
	if used > kernelShare {
		n.degraded(hint, format, used, s.used, s.most)
	}
}

// rate is the change of a counter a second; false where it began again.
func rate(before, after int64, elapsed time.Duration) (float64, bool) {
	if after < before {
		return 0, false
	}
	return float64(after-before) / elapsed.Seconds(), true
}

// wholeRate is a rate as a whole number, nil where the counter began again.
func wholeRate(before, after int64, elapsed time.Duration) any {
	if r, ok := rate(before, after, elapsed); ok {
		return int64(r)
	}
	return nil
}
