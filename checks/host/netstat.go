package host

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// listenOverflows reads how often the kernel dropped a connection because a
// program's accept queue was full (TcpExt ListenOverflows); false where the
// system does not count it.
func listenOverflows(root string) (int64, bool) {
	text, err := os.ReadFile(root + "/proc/net/netstat")
	if err != nil {
		return 0, false
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "TcpExt:")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if names == nil {
			names = fields
			continue
		}
		i := slices.Index(names, "ListenOverflows")
		if i < 0 || i >= len(fields) {
			return 0, false
		}
		n, err := strconv.ParseInt(fields[i], 10, 64)
		return n, err == nil
	}
	return 0, false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
