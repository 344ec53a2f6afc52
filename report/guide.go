package report

import (
	"bytes"
	"time"

	"vitals/checks"
)

// CacheStats is the answer of /cache-stats, from the result of a redis check.
// What the server did not tell is null.
func CacheStats(r checks.Result) any {
	days := func(v any) any {
		if d, ok := v.(time.Duration); ok {
			return int64(d / (24 * time.Hour))
		}
		return nil
	}
	return ordered{object{{"cache_stats", object{
		{"hits", factOr(r, "hits", nil)},
		{"misses", factOr(r, "misses", nil)},
		{"hit_rate_percent", oneDecimal(factOr(r, "hit_rate", nil))},
		{"memory_used_mb", megabytes(factOr(r, "memory_used", nil))},
		{"keys_count", factOr(r, "keys_count", nil)},
		{"uptime_days", days(factOr(r, "uptime", nil))},
	}}}}
}

// PoolStatus is the answer of /admin/db-pool-status, from the result of a
// database.pool check.
func PoolStatus(r checks.Result) any {
	var o object
	for _, name := range []string{"pool_size", "checked_in_connections", "checked_out_connections", "overflow_connections", "invalid_connections"} {
		o = append(o, member{name, factOr(r, name, nil)})
	}
	return ordered{o}
}

// ordered lets encoding/json print an object with its keys in order.
type ordered struct{ object object }

func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encodeValue(&b, o.object, time.Local, "\n")
	return b.Bytes(), nil
}
