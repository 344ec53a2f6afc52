package host

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/net"

	"vitals/checks"
)

// NetworkOptions are the settings of the network check. Rates are those since
// the last look, so a first look judges nothing.
type NetworkOptions struct {
	ErrorsPerSecond float64  `mapstructure:"errors_per_second" help:"degraded above this many errors and drops a second on one interface; 0 means never"`
	Exclude         []string `mapstructure:"exclude" help:"interfaces to leave out; a name that ends in * means all that begin so"`
	checks.Common   `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const networkExample = `network:
  errors_per_second: 10
  exclude: [docker0, veth*]
`

// DefaultNetworkOptions degrades at ten errors a second on one interface: a
// healthy cable has none, a busy one drops a packet now and then.
func DefaultNetworkOptions() NetworkOptions { return NetworkOptions{ErrorsPerSecond: 10} }

// Problems returns what is wrong with the settings.
func (o *NetworkOptions) Problems() []checks.Problem {
	if o.ErrorsPerSecond < 0 {
		return []checks.Problem{{Key: "errors_per_second", Message: "cannot be below 0"}}
	}
	return nil
}

// Checks makes the check `network`.
func (o *NetworkOptions) Checks() []checks.Check {
	w := &networkWatch{options: *o}
	return []checks.Check{o.Apply(checks.Check{Name: "network", Help: "errors, drops and refused connections of the network", Tags: []string{"host"}, Do: w.look})}
}

type networkReading struct {
	at         time.Time
	interfaces map[string]net.IOCountersStat
	overflows  int64 // connections dropped because a program did not accept them in time
	hasTCP     bool
}

// networkWatch remembers the reading before, for the difference.
type networkWatch struct {
	options NetworkOptions
	mu      sync.Mutex
	before  *networkReading
}

func (w *networkWatch) look(ctx context.Context) checks.Result {
	now, err := w.read(ctx)
	if err != nil {
		return checks.CannotTell("the network's counters could not be read", err)
	}
	w.mu.Lock()
	before := w.before
	w.before = now
	w.mu.Unlock()
	return w.compare(before, now)
}

func (w *networkWatch) read(ctx context.Context) (*networkReading, error) {
	counters, err := net.IOCountersWithContext(rooted(ctx, w.options.Root), true)
	if err != nil {
		return nil, err
	}
	r := &networkReading{at: time.Now(), interfaces: map[string]net.IOCountersStat{}}
	for _, c := range counters {
		if !w.excluded(c.Name) {
			r.interfaces[c.Name] = c
		}
	}
	r.overflows, r.hasTCP = listenOverflows(w.options.Root)
	return r, nil
}

func (w *networkWatch) excluded(name string) bool {
	if name == "lo" || name == "lo0" {
		return true
	}
	for _, e := range w.options.Exclude {
		if start, ok := strings.CutSuffix(e, "*"); name == e || ok && strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

func (w *networkWatch) compare(before, now *networkReading) checks.Result {
	t := checks.Table{Name: "interfaces", Columns: []checks.Column{
		{Name: "interface"}, {Name: "received", Kind: checks.KindBytes}, {Name: "sent", Kind: checks.KindBytes},
		{Name: "errors", Kind: checks.KindInteger}, {Name: "drops", Kind: checks.KindInteger}, {Name: "errors_per_second", Kind: checks.KindNumber},
	}}
	res := checks.Result{}
	var bad []string
	var received, sent int64
	for _, name := range sortedKeys(now.interfaces) {
		c := now.interfaces[name]
		errors, drops := int64(c.Errin+c.Errout), int64(c.Dropin+c.Dropout)
		received, sent = received+int64(c.BytesRecv), sent+int64(c.BytesSent)
		var rate any
		if r, ok := errorRate(before, now, name); ok {
			rate = r
			if s := judge(r, w.options.ErrorsPerSecond, 0); s != checks.Healthy {
				res.Status = max(res.Status, s)
				bad = append(bad, fmt.Sprintf("%s has %.1f errors and drops a second", name, r))
			}
		}
		t.Add(name, int64(c.BytesRecv), int64(c.BytesSent), errors, drops, rate)
		res = res.Measure("vitals_network_received_bytes_total", float64(c.BytesRecv), "interface", name).
			Measure("vitals_network_sent_bytes_total", float64(c.BytesSent), "interface", name).
			Measure("vitals_network_errors_total", float64(errors+drops), "interface", name)
	}
	res.Tables = []checks.Table{t}
	res.Facts = []checks.Fact{checks.Int("interfaces", int64(len(now.interfaces))), checks.Bytes("received", received), checks.Bytes("sent", sent)}
	if now.hasTCP {
		res.Facts = append(res.Facts, checks.Int("listen_overflows", now.overflows))
		res = res.Measure("vitals_network_listen_overflows_total", float64(now.overflows))
		if before != nil && before.hasTCP && now.overflows > before.overflows {
			res.Status = max(res.Status, checks.Degraded)
			bad = append(bad, fmt.Sprintf("%d connections were dropped because a program did not accept them in time", now.overflows-before.overflows))
		}
	}
	res.Summary = fmt.Sprintf("%d interfaces without trouble", len(now.interfaces))
	if len(bad) > 0 {
		res.Summary = strings.Join(bad, "; ")
		res.Hint = "Errors: look at the cable, the driver and ethtool -S. Dropped connections: ss -ltn shows whose queue (Recv-Q) is full."
	}
	return res
}

// errorRate is errors and drops a second since the reading before; false for a
// first look and for counters that began again.
func errorRate(before, now *networkReading, name string) (float64, bool) {
	if before == nil {
		return 0, false
	}
	a, known := before.interfaces[name]
	b := now.interfaces[name]
	elapsed := now.at.Sub(before.at).Seconds()
	sum := func(c net.IOCountersStat) uint64 { return c.Errin + c.Errout + c.Dropin + c.Dropout }
	if !known || elapsed <= 0 || sum(b) < sum(a) {
		return 0, false
	}
	return float64(sum(b)-sum(a)) / elapsed, true
}
