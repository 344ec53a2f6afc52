package history

import (
	"fmt"
	"testing"
	"time"

	"vitals/checks"
)

// What a process of cron pays: open, keep four results, close.
func BenchmarkOpenRecordClose(b *testing.B) {
	path := b.TempDir() + "/history.db"
	for b.Loop() {
		db, err := Open(b.Context(), Options{Path: path})
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

// What a daemon pays: 10,000 samples of as many series at a time, and the
// bytes that each takes in the file.
func BenchmarkRecordSamples(b *testing.B) {
	db := open(b, Options{})
	results := make([]checks.Result, 50)
	for i := range results {
		results[i] = at(fmt.Sprintf("check-%d", i), time.Time{})
		for j := range 196 {
			results[i] = results[i].Measure("metric", 0, "check", fmt.Sprint(i), "number", fmt.Sprint(j))
		}
	}
	start, rounds, samples := time.UnixMilli(1_800_000_000_000), 0, 0
	for b.Loop() {
		for i := range results {
			results[i].Started = start.Add(time.Duration(rounds) * time.Second)
			for j := range results[i].Samples {
				results[i].Samples[j].Value = float64(rounds)*1.1 + float64(j)/7
			}
			samples += len(results[i].Samples) + 3
		}
		rounds++
		record(b, db, results...)
	}
	s, err := (&pruner{ctx: b.Context(), db: db}).space()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.file)/float64(samples), "bytes/sample")
	b.ReportMetric(float64(samples)/b.Elapsed().Seconds(), "samples/s")
}
