//go:build !linux

package host

import (
	"context"
	"slices"
	"strings"

	system "github.com/shirou/gopsutil/v4/disk"
)

func listMounts(ctx context.Context, _ string) ([]mount, error) {
	parts, err := system.PartitionsWithContext(ctx, true)
	if len(parts) == 0 && err != nil {
		return nil, err // with some listed, the error is about others
	}
	var list []mount
	for _, p := range parts {
		// macOS splits its own disk into volumes that share their space.
		if rest, ok := strings.CutPrefix(p.Mountpoint, "/System/Volumes/"); ok && rest != "Data" {
			continue
		}
		list = append(list, mount{
			path: p.Mountpoint, device: p.Device, kind: strings.ToLower(p.Fstype), volume: p.Device + p.Mountpoint,
			readOnly: slices.Contains(p.Opts, "ro"),
		})
	}
	return list, nil
}

func readSpace(path string) (space, error) {
	u, err := system.Usage(path)
	if err != nil {
		return space{}, err
	}
	return space{
		size: int64(u.Total), used: int64(u.Used), available: int64(u.Free),
		inodes: int64(u.InodesTotal), inodesFree: int64(u.InodesFree),
	}, nil
}
