package redis

import (
	"strconv"

	"vitals/checks"
)

// summed are the numbers of INFO that add up over the masters of a cluster.
var summed = []string{
	"used_memory", "maxmemory", "connected_clients", "maxclients", "blocked_clients", "keyspace_hits", "keyspace_misses",
	"evicted_keys", "expired_keys", "rejected_connections", "total_commands_processed", "connected_slaves",
}

// total is what all masters say together: sums, the shortest uptime, and the
// rest from the first that answered. A number that one of them does not tell
// has no sum.
func total(answers []*answer) *answer {
	sum := &answer{}
	for _, a := range answers {
		if a == nil {
			continue
		}
		sum.keys += a.keys
		if sum.keysErr == nil {
			sum.keysErr = a.keysErr
		}
		if a.info == nil {
			sum.infoErr = a.infoErr
			continue
		}
		if sum.info == nil {
			sum.target, sum.tls, sum.info = a.target, a.tls, info{"role": "cluster"}
			for _, key := range append([]string{"redis_version", "valkey_version", "server_name", "maxmemory_policy", "uptime_in_seconds"}, summed...) {
				sum.info[key] = a.info[key]
			}
			continue
		}
		for _, key := range summed {
			sum.info.add(key, a.info)
		}
		if mine, ok := sum.info.number("uptime_in_seconds"); ok {
			if n, ok := a.info.number("uptime_in_seconds"); ok && n < mine {
				sum.info["uptime_in_seconds"] = a.info["uptime_in_seconds"]
			}
		}
	}
	return sum
}

func (i info) add(key string, other info) {
	a, ok := i.number(key)
	b, also := other.number(key)
	if !ok || !also {
		delete(i, key)
		return
	}
	i[key] = strconv.FormatInt(a+b, 10)
}

// nodeTable has a row for each master.
func nodeTable(seen *view, answers []*answer, failures []*failure) checks.Table {
	t := checks.Table{Name: "masters", Columns: []checks.Column{
		{Name: "address", Kind: checks.KindText}, {Name: "slots", Kind: checks.KindInteger}, {Name: "replicas", Kind: checks.KindInteger},
		{Name: "keys", Kind: checks.KindInteger}, {Name: "memory_used", Kind: checks.KindBytes}, {Name: "version", Kind: checks.KindText},
		{Name: "response_time", Kind: checks.KindDuration}, {Name: "trouble", Kind: checks.KindText},
	}}
	for i, m := range seen.masters {
		row := []any{m.address, int64(m.slots), int64(m.replicas), nil, nil, nil, nil, nil}
		if f := failures[i]; f != nil {
			row[7] = f.What
		}
		if a := answers[i]; a != nil {
			if a.keysErr == nil {
				row[3] = a.keys
			}
			if n, ok := a.info.number("used_memory"); ok {
				row[4] = n
			}
			if a.info != nil {
				_, row[5] = a.info.server()
			}
			row[6] = a.took
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
