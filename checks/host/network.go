package host

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

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

// wire is what one interface has counted since it began.
type wire struct {
	received, sent, packets, errors, drops int64
}

// tcpCounters are those of the whole machine or container.
type tcpCounters struct {
	segments, retransmitted int64 // sent, and sent again because no answer came
	overflows               int64 // connections dropped because a program did not accept them in time
	listenDrops             int64 // those, and all others that a listening program never saw
}

// share is how much of something that the kernel has only so much of is used.
type share struct{ used, most int64 }

type networkReading struct {
	at        time.Time
	wires     map[string]wire
	tcp       *tcpCounters // nil where the system does not count
	conntrack share        // connections the firewall follows; most is 0 where there is none
	files     share        // open files of the whole machine; most is 0 where there is no limit
}

// networkWatch remembers the reading before, for the difference.
type networkWatch struct {
	options NetworkOptions
	mu      sync.Mutex
	before  *networkReading
}

func (w *networkWatch) look(ctx context.Context) checks.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, err := readNetwork(ctx, w.options.Root, w.excluded)
	if err != nil {
		return checks.CannotTell("the network's counters could not be read", err)
	}
	now.at = time.Now()
	before := w.before
	w.before = now
	return w.compare(before, now)
}

// excluded tells whether an interface is left out: by the settings, because it
// is the machine talking to itself, or because it is the machine's end of a
// cable to a container or virtual machine. Those come and go under names that
// never return, and what passes them is counted on the real interface too.
func (w *networkWatch) excluded(name string) bool {
	if name == "lo" || name == "lo0" {
		return true
	}
	begins := func(start string) bool { return strings.HasPrefix(name, start) }
	if slices.ContainsFunc([]string{"veth", "cali", "lxc", "tap", "vnet", "azv"}, begins) {
		return true
	}
	return slices.ContainsFunc(w.options.Exclude, func(e string) bool {
		start, open := strings.CutSuffix(e, "*")
		return name == e || open && begins(start)
	})
}
