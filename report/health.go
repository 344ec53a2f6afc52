package report

import (
	"io"
	"math"
	"time"

	"vitals/checks"
)

// HealthInfo is what the /health document says beside the checks.
type HealthInfo struct {
	Uptime  time.Duration
	Version string // of Vitals; "" leaves it out
}

// WriteHealth writes the document of the contract, section 1. The checks named
// database, redis, file_system and memory stand at the top under the guide's
// names and units (a MB is 1024 × 1024 bytes); all others stand in checks.
func WriteHealth(w io.Writer, doc Document, info HealthInfo, v View) error {
	o := object{
		{"status", doc.Status.String()},
		{"timestamp", doc.Timestamp},
		{"response_time_ms", milliseconds(doc.Duration)},
		{"uptime_seconds", int64(info.Uptime.Seconds())},
	}
	others := object{}
	for _, name := range []string{"database", "redis", "file_system", "memory"} {
		for _, r := range doc.Results {
			if r.Check == name {
				o = append(o, member{name, healthPart(r)})
			}
		}
	}
	for _, r := range doc.Results {
		if !isTopPart(r.Check) {
			others = append(others, member{r.Check, withError(object{
				{"healthy", works(r)}, {"status", r.Status.String()}, {"response_time_ms", milliseconds(r.Duration)},
			}, r)})
		}
	}
	return encode(w, append(o, member{"checks", others}), v.location())
}

func isTopPart(check string) bool {
	switch check {
	case "database", "redis", "file_system", "memory":
		return true
	}
	return false
}

// works tells what "healthy": true means for one part: nothing is known against
// it. A degraded part does its work, and so may an unknown one; the guide's form
// has no third word, so their status stands beside.
func works(r checks.Result) bool { return r.Status != checks.Unhealthy }

func healthPart(r checks.Result) object {
	o := object{{"healthy", works(r)}}
	switch r.Check {
	case "database":
		o = appendFact(o, r, "type", "type", asIs)
		o = append(o, member{"connection_test", factOr(r, "connection_test", connectionTest(r.Status))})
		o = appendFact(o, r, "users_count", "users_count", asIs)
		o = appendFact(o, r, "response_time", "response_time_ms", wholeMS)
	case "redis":
		o = appendFact(o, r, "response_time", "response_time_ms", wholeMS)
		o = appendFact(o, r, "memory_used", "memory_used_mb", megabytes)
	case "file_system":
		o = append(o, member{"accessible", factOr(r, "accessible", works(r))})
		o = appendFact(o, r, "uploads_size", "uploads_size_mb", megabytes)
	case "memory":
		o = append(o, member{"status", r.Status.String()}) // the guide has it here always
		o = appendFact(o, r, "total", "total_mb", megabytes)
		o = appendFact(o, r, "available", "available_mb", megabytes)
		o = appendFact(o, r, "used", "percent_used", oneDecimal)
	}
	if r.Check != "memory" && (r.Status == checks.Degraded || r.Status == checks.Unknown) {
		o = append(o, member{"status", r.Status.String()})
	}
	return withError(o, r)
}

// connectionTest is what a status says of the connection where the check has
// no word of its own for it.
func connectionTest(s checks.Status) string { return pick(s, "passed", "unknown", "passed", "failed") }

func withError(o object, r checks.Result) object {
	if r.Status == checks.Unhealthy || r.Status == checks.Unknown {
		return append(o, member{"error", failed(r)})
	}
	return o
}

func factOr(r checks.Result, name string, otherwise any) any {
	if f, ok := r.Fact(name); ok && f.Value != nil {
		return f.Value
	}
	return otherwise
}

// appendFact adds a fact under the guide's name; one that was not measured is
// left out.
func appendFact(o object, r checks.Result, fact, key string, convert func(any) any) object {
	if f, ok := r.Fact(fact); ok && f.Value != nil {
		return append(o, member{key, convert(f.Value)})
	}
	return o
}

func asIs(v any) any { return v }

func wholeMS(v any) any {
	if d, ok := v.(time.Duration); ok {
		return milliseconds(d)
	}
	return nil
}

// milliseconds rounds up, so that an answer never took no time at all.
func milliseconds(d time.Duration) int64 {
	return int64(math.Ceil(float64(d) / float64(time.Millisecond)))
}

func megabytes(v any) any {
	n, ok := checks.Float(v)
	if !ok {
		return nil
	}
	return round1(n / (1 << 20))
}

func oneDecimal(v any) any {
	n, ok := checks.Float(v)
	if !ok {
		return nil
	}
	return round1(n)
}

func round1(v float64) float64 { return math.Round(v*10) / 10 }
