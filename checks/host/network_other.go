//go:build !linux

package host

import (
	"context"
	"net"

	system "github.com/shirou/gopsutil/v4/net"
)

func readNetwork(ctx context.Context, _ string, excluded func(name string) bool) (*networkReading, error) {
	counters, err := system.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil, err
	}
	r := &networkReading{wires: map[string]wire{}}
	for _, c := range counters {
		if excluded(c.Name) || isDown(c.Name) {
			continue
		}
		r.wires[c.Name] = wire{
			received: int64(c.BytesRecv), sent: int64(c.BytesSent), packets: int64(c.PacketsRecv + c.PacketsSent),
			errors: int64(c.Errin + c.Errout), drops: int64(c.Dropin + c.Dropout),
		}
	}
	return r, nil
}

// isDown tells whether an interface is switched off, cannot be reached by
// anybody else, or has never carried an address.
func isDown(name string) bool {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return false
	}
	addresses, err := i.Addrs()
	return i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || err == nil && len(addresses) == 0
}
