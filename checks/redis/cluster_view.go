package redis

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// allSlots is how many slots a cluster shares out among its masters.
const allSlots = 16384

// clusterRights are those that the check of a cluster needs.
const clusterRights = "+ping +info +dbsize +cluster|info +cluster|slots +cluster|nodes"

// view is the cluster as one of its nodes sees it.
type view struct {
	info    info // CLUSTER INFO; nil when it may not be asked
	masters []shard
	failed  []string // addresses of nodes that the cluster has given up
	hidden  bool     // the masters may not be asked for
}

// shard is a master and how many slots it serves.
type shard struct {
	address  string
	slots    int
	replicas int
}

// lookAround asks one node for its view.
func (a *asker) lookAround(ctx context.Context, t target) (*view, *failure) {
	v := &view{}
	f := a.converse(ctx, t, func(ctx context.Context, l *link) error {
		p := l.client.Pipeline()
		ping := p.Ping(ctx)
		about, slots, nodes := p.Do(ctx, "cluster", "info"), p.Do(ctx, "cluster", "slots"), p.Do(ctx, "cluster", "nodes")
		if err := exec(ctx, p); err != nil {
			return err
		}
		if err := ping.Err(); err != nil && !refused(err) {
			return err
		}
		if text, err := about.Text(); err == nil {
			v.info = parseInfo(text)
		}
		if text, err := nodes.Text(); err == nil {
			v.failed = failedNodes(text)
		}
		list, err := slots.Slice()
		switch {
		case err != nil && refused(err) && v.info != nil:
			v.hidden = true // whether the cluster serves is known all the same
		case err != nil:
			return err
		}
		v.masters = parseSlots(list, t.address)
		return nil
	})
	if f != nil {
		f.notCluster(t)
		return nil, f
	}
	return v, nil
}

// notCluster words the answer of a server that is none.
func (f *failure) notCluster(t target) {
	switch text := replyText(f.err); {
	case strings.Contains(text, "cluster support disabled"):
		f.What, f.Hint = "is no node of a cluster", "Correct the address, or write mode: single."
	case text != "" && isNoPermission(f.err):
		f.What = "does not tell " + t.user() + " about its cluster"
		f.Hint = t.grant(clusterRights)
	}
}

// parseSlots reads the answer to CLUSTER SLOTS: ranges of slots, each with its
// master first and then the replicas.
func parseSlots(list []any, seed string) []shard {
	var masters []shard
	for _, one := range list {
		entry, _ := one.([]any)
		if len(entry) < 3 {
			continue
		}
		first, _ := entry[0].(int64)
		last, _ := entry[1].(int64)
		address, err := endpoint(entry[2], seed)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(masters, func(s shard) bool { return s.address == address })
		if i < 0 {
			i = len(masters)
			masters = append(masters, shard{address: address, replicas: len(entry) - 3})
		}
		masters[i].slots += int(last - first + 1)
	}
	return masters
}

// endpoint reads one node of an answer. Where the node does not know under
// which name it is reached, it is the one that was asked.
func endpoint(node any, seed string) (string, error) {
	parts, _ := node.([]any)
	if len(parts) < 2 {
		return "", errors.New("an answer without host and port")
	}
	host, _ := parts[0].(string)
	port, ok := parts[1].(int64)
	if !ok {
		return "", errors.New("an answer without port")
	}
	return announced(host, strconv.FormatInt(port, 10), seed), nil
}

// announced is the address to use for a server that another one, asked at
// seed, told of. A loopback address means the machine of the one that said it.
func announced(host, port, seed string) string {
	seedHost, _, _ := net.SplitHostPort(seed)
	if host == "" || host == "?" || isLoopback(host) && !isLoopback(seedHost) {
		host = seedHost
	}
	return net.JoinHostPort(host, port)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// failedNodes reads from CLUSTER NODES which nodes the cluster agrees have
// failed: lines of id, address, flags, …
func failedNodes(text string) []string {
	var failed []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 3 || !slices.Contains(strings.Split(fields[2], ","), "fail") {
			continue
		}
		address, _, _ := strings.Cut(fields[1], "@")
		failed = append(failed, address)
	}
	return failed
}
