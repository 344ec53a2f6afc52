package redis

import (
	"strconv"
	"strings"
	"time"
)

// info is what INFO answered, by name. Names differ between versions and
// vendors, so every look-up may find nothing.
type info map[string]string

func parseInfo(text string) info {
	i := info{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok && name != "" && name[0] != '#' {
			i[name] = value
		}
	}
	return i
}

// number returns a whole number; the second value is false when the server
// does not tell it.
func (i info) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(i[name], 10, 64)
	return n, err == nil
}

// server tells Valkey from Redis, and the version that is its own: Valkey
// gives in redis_version the Redis that it is compatible with.
func (i info) server() (name, version string) {
	if v := i["valkey_version"]; v != "" {
		return "Valkey", v
	}
	if strings.EqualFold(i["server_name"], "valkey") {
		return "Valkey", i["redis_version"]
	}
	return "Redis", i["redis_version"]
}

// role is "master" or "replica"; "" when the server does not tell.
func (i info) role() string {
	if i["role"] == "slave" {
		return "replica"
	}
	return i["role"]
}

// master is host:port of a replica's master.
func (i info) master() string { return i["master_host"] + ":" + i["master_port"] }

func (i info) seconds(name string) (time.Duration, bool) {
	n, ok := i.number(name)
	return time.Duration(n) * time.Second, ok
}

// evicts tells whether a full memory is how the server is meant to work: it
// then makes room among all keys.
func (i info) evicts() bool { return strings.HasPrefix(i["maxmemory_policy"], "allkeys-") }
