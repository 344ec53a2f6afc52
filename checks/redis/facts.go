package redis

import (
	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
)

func isNoPermission(err error) bool { return goredis.IsPermissionError(err) }

// facts lists what one server tells of itself.
func (s *server) facts(a *answer) []checks.Fact {
	name, version := "", ""
	if a.info != nil {
		name, version = a.info.server()
	}
	facts := []checks.Fact{
		checks.Duration("response_time", a.took),
		textFact("server", name),
		textFact("version", version),
		textFact("role", a.info.role()),
		checks.Text("tls", a.tls),
	}
	facts = append(facts, s.memoryFacts(a.info)...)
	facts = append(facts, keyFacts(a)...)
	uptime := checks.Unmeasured("uptime", checks.KindDuration)
	if d, ok := a.info.seconds("uptime_in_seconds"); ok {
		uptime = checks.Duration("uptime", d)
	}
	facts = append(facts, uptime,
		s.clientsFact(a.info),
		intFact(a.info, "blocked_clients", "blocked_clients"),
		intFact(a.info, "rejected_connections", "rejected_connections"))
	if a.info.role() == "replica" {
		facts = append(facts, textFact("master", a.info.master()), textFact("master_link_status", a.info["master_link_status"]))
	} else {
		facts = append(facts, intFact(a.info, "connected_replicas", "connected_slaves"))
	}
	return facts
}

// memoryFacts give the share of the limit only where there is a limit.
func (s *server) memoryFacts(i info) []checks.Fact {
	used, limit := checks.Unmeasured("memory_used", checks.KindBytes), checks.Unmeasured("memory_limit", checks.KindBytes)
	if n, ok := i.number("used_memory"); ok {
		used = checks.Bytes("memory_used", n)
	}
	if n, ok := i.number("maxmemory"); ok && n > 0 {
		limit = checks.Bytes("memory_limit", n)
	}
	facts := []checks.Fact{used, limit}
	if percent, ok := memoryPercent(i); ok {
		f := checks.Percent("memory_used_percent", percent)
		if !i.evicts() {
			f = judged(f, s.MemoryDegradedPercent, s.MemoryUnhealthyPercent)
		}
		facts = append(facts, f)
	}
	return append(facts, textFact("maxmemory_policy", i["maxmemory_policy"]))
}

// judged adds limits to a fact where it has any. 0 stands for never.
func judged(f checks.Fact, degraded, unhealthy float64) checks.Fact {
	if degraded <= 0 && unhealthy <= 0 {
		return f
	}
	return f.Judged(degraded, unhealthy)
}

func keyFacts(a *answer) []checks.Fact {
	keys := checks.Unmeasured("keys_count", checks.KindInteger)
	if a.keysErr == nil {
		keys = checks.Int("keys_count", a.keys)
	}
	return []checks.Fact{
		intFact(a.info, "hits", "keyspace_hits"),
		intFact(a.info, "misses", "keyspace_misses"),
		hitRate(a.info),
		keys,
		intFact(a.info, "evicted_keys", "evicted_keys"),
	}
}

// hitRate is the share of look-ups since the server started that found their
// key; nil before the first one.
func hitRate(i info) checks.Fact {
	hits, ok := i.number("keyspace_hits")
	misses, also := i.number("keyspace_misses")
	if !ok || !also || hits+misses <= 0 {
		return checks.Unmeasured("hit_rate", checks.KindPercent)
	}
	return checks.Percent("hit_rate", 100*float64(hits)/float64(hits+misses))
}

func (s *server) clientsFact(i info) checks.Fact {
	f := intFact(i, "connected_clients", "connected_clients")
	if most, ok := i.number("maxclients"); ok && f.Value != nil {
		f = judged(f, s.ClientsDegradedPercent/100*float64(most), s.ClientsUnhealthyPercent/100*float64(most))
	}
	return f
}

func intFact(i info, name, key string) checks.Fact {
	if n, ok := i.number(key); ok {
		return checks.Int(name, n)
	}
	return checks.Unmeasured(name, checks.KindInteger)
}

func textFact(name, value string) checks.Fact {
	if value == "" {
		return checks.Unmeasured(name, checks.KindText)
	}
	return checks.Text(name, value)
}

// sampled are the numbers of INFO that are kept as time series.
var sampled = []struct{ key, metric string }{
	{"used_memory", "vitals_redis_memory_used_bytes"},
	{"maxmemory", "vitals_redis_memory_limit_bytes"},
	{"connected_clients", "vitals_redis_connected_clients"},
	{"blocked_clients", "vitals_redis_blocked_clients"},
	{"keyspace_hits", "vitals_redis_hits_total"},
	{"keyspace_misses", "vitals_redis_misses_total"},
	{"evicted_keys", "vitals_redis_evicted_keys_total"},
	{"expired_keys", "vitals_redis_expired_keys_total"},
	{"rejected_connections", "vitals_redis_rejected_connections_total"},
	{"total_commands_processed", "vitals_redis_commands_total"},
}

func (s *server) samples(i info, keys int64, counted bool) []checks.Sample {
	labels := map[string]string{"check": s.check}
	var all []checks.Sample
	for _, m := range sampled {
		if n, ok := i.number(m.key); ok {
			all = append(all, checks.Sample{Name: m.metric, Labels: labels, Value: float64(n)})
		}
	}
	if counted {
		all = append(all, checks.Sample{Name: "vitals_redis_keys", Labels: labels, Value: float64(keys)})
	}
	return all
}
