package history

import (
	"fmt"
	"testing"
	"time"

	"vitals/internal/testenv"
)

// onServer is a history on the shared server.
func onServer(b *testing.B) *DB {
	return open(b, Options{URL: testenv.Postgres(b).NewDatabase(b), BusyTimeout: time.Minute})
}

// As BenchmarkRules.
func BenchmarkRulesOnPostgres(b *testing.B) {
	db := onServer(b)
	at := fleet(b, db, 20)
	e := NewEngine(db, EngineOptions{})
	for b.Loop() {
		evaluate(b, e, rules(), at)
	}
}

// As BenchmarkRulesOverEverything.
func BenchmarkRulesOverEverythingOnPostgres(b *testing.B) {
	db := onServer(b)
	at := fleet(b, db, 20)
	e := NewEngine(db, EngineOptions{})
	list := make([]string, 200)
	for i := range list {
		list[i] = fmt.Sprintf(`{__name__=~"metric_.*"} > 1e6+%d`, i)
	}
	for b.Loop() {
		evaluate(b, e, list, at)
	}
}

// As BenchmarkRecordSamples: 10,000 samples at a time, and what each takes.
func BenchmarkRecordSamplesOnPostgres(b *testing.B) {
	db, rounds := onServer(b), 0
	for b.Loop() {
		fleetAt(b, db, t0.Add(time.Duration(rounds)*15*time.Second), rounds)
		rounds++
	}
	samples := float64(rounds * (10_000 + 150))
	size, err := db.Size(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(size)/samples, "bytes/sample")
	b.ReportMetric(samples/b.Elapsed().Seconds(), "samples/s")
}

// As BenchmarkOpenRecordClose.
func BenchmarkOpenRecordCloseOnPostgres(b *testing.B) {
	address := testenv.Postgres(b).NewDatabase(b)
	for b.Loop() {
		db, err := Open(b.Context(), Options{URL: address})
		if err != nil {
			b.Fatal(err)
		}
		now := time.Now()
		record(b, db, at("database", now), at("redis", now), at("disk", now), at("load", now))
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
