package host

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// readNetwork reads the kernel's counters. Only those of the interfaces are
// needed; what else cannot be read is left out.
func readNetwork(_ context.Context, root string, excluded func(name string) bool) (*networkReading, error) {
	text, err := os.ReadFile(root + "/proc/net/dev")
	if err != nil {
		return nil, err
	}
	r := &networkReading{wires: map[string]wire{}}
	for line := range strings.Lines(string(text)) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			continue // the two lines of headings
		}
		name = strings.TrimSpace(name)
		if excluded(name) || isDown(root, name) {
			continue
		}
		if r.wires[name], err = parseWire(rest); err != nil {
			return nil, fmt.Errorf("/proc/net/dev cannot be understood at %q: %w", name, err)
		}
	}
	r.tcp = readTCP(root)
	r.conntrack.used = firstNumber(root + "/proc/sys/net/netfilter/nf_conntrack_count")
	r.conntrack.most = firstNumber(root + "/proc/sys/net/netfilter/nf_conntrack_max")
	r.files = readFileNumbers(root)
	return r, nil
}

// parseWire reads bytes, packets, errors and drops, received and then sent.
func parseWire(text string) (wire, error) {
	n, err := numbers(strings.Fields(text))
	if err != nil {
		return wire{}, err
	}
	if len(n) < 12 {
		return wire{}, fmt.Errorf("%d columns", len(n))
	}
	return wire{
		received: int64(n[0]), sent: int64(n[8]), packets: int64(n[1] + n[9]),
		errors: int64(n[2] + n[10]), drops: int64(n[3] + n[11]),
	}, nil
}

// isDown tells whether an interface is switched off or has no cable. Tunnels
// say "unknown" and are used all the same.
func isDown(root, name string) bool {
	text, err := os.ReadFile(root + "/sys/class/net/" + name + "/operstate")
	if err != nil {
		return false
	}
	return slices.Contains([]string{"down", "notpresent", "lowerlayerdown"}, strings.TrimSpace(string(text)))
}

func readTCP(root string) *tcpCounters {
	snmp, more := protocolCounters(root+"/proc/net/snmp", "Tcp:"), protocolCounters(root+"/proc/net/netstat", "TcpExt:")
	if snmp == nil && more == nil {
		return nil
	}
	return &tcpCounters{
		segments: snmp["OutSegs"], retransmitted: snmp["RetransSegs"],
		overflows: more["ListenOverflows"], listenDrops: more["ListenDrops"],
	}
}

// protocolCounters reads a pair of lines, one of names and one of numbers,
// which begin with the same word; nil where there is none.
func protocolCounters(file, word string) map[string]int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, word+" ")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if names == nil {
			names = fields
			continue
		}
		values := map[string]int64{}
		for i := range min(len(names), len(fields)) {
			if n, err := strconv.ParseInt(fields[i], 10, 64); err == nil {
				values[names[i]] = n
			}
		}
		return values
	}
	return nil
}

// readFileNumbers reads how many files are open, how many of those are free
// again (always 0 today), and how many there may be.
func readFileNumbers(root string) share {
	text, err := os.ReadFile(root + "/proc/sys/fs/file-nr")
	if err != nil {
		return share{}
	}
	n, err := numbers(strings.Fields(string(text)))
	if err != nil || len(n) < 3 || n[2] >= math.MaxInt64/2 {
		return share{} // the largest number there is means no limit
	}
	return share{used: int64(n[0] - n[1]), most: int64(n[2])}
}

// firstNumber reads a file of one number, 0 where there is none.
func firstNumber(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
