package history

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

func TestRetention(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	db := open(t, Options{Retention: 24 * time.Hour, Now: func() time.Time { return now }})
	end := now
	now = end.Add(-72 * time.Hour) // three days ago ...
	record(t, db, at("gone", now))
	var all []checks.Result
	for at2 := now; at2.Before(end); at2 = at2.Add(time.Minute) {
		all = append(all, at("database", at2))
	}
	record(t, db, all...)
	now = end // ... until now
	record(t, db, at("database", now))
	if !db.PruneDue() {
		t.Error("nobody has pruned today and it is not due")
	}
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db.PruneDue() {
		t.Error("pruning is due again at once")
	}
	recent, err := db.Recent(t.Context(), 10_000)
	if err != nil || len(recent) != 1 || len(recent["database"]) != 24*60+1 || !recent["database"][0].Time.Equal(end.Add(-24*time.Hour)) {
		t.Errorf("%d results of %d checks are left, %v; want those of the last 24 hours", len(recent["database"]), len(recent), err)
	}
	series, err := db.Samples(t.Context(), "probe_seconds", nil, time.Time{}, end)
	if err != nil || len(series) != 1 || len(series[0].Samples) != 24*60+1 {
		t.Errorf("%d series are left, %v; want one with the samples of 24 hours", len(series), err)
	}
	last, err := db.Last(t.Context())
	if err != nil || len(last) != 1 {
		t.Errorf("the last results are %v, %v; want only that of a check still recorded", last, err)
	}
	record(t, db, at("gone", now)) // its id was in memory
	if recent, err = db.Recent(t.Context(), 10, "gone"); err != nil || len(recent["gone"]) != 1 {
		t.Errorf("a check that came back has %v, %v", recent, err)
	}
}

// Another process forgets a series while this one has its id in memory.
func TestForgottenElsewhere(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	o := Options{Path: filepath.Join(t.TempDir(), "history.db"), Retention: time.Hour, Now: func() time.Time { return now }}
	daemon, other := open(t, o), open(t, o)
	record(t, daemon, at("database", now))
	now = now.Add(48 * time.Hour)
	if err := other.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	record(t, daemon, at("database", now))
	series, err := other.Samples(t.Context(), "probe_seconds", nil, now.Add(-time.Hour), now)
	if err != nil || len(series) != 1 || len(series[0].Samples) != 1 {
		t.Errorf("got %v, %v; want the sample recorded after the series was forgotten", series, err)
	}
}

func TestMaxSize(t *testing.T) {
	const bound = 8 << 20
	path := filepath.Join(t.TempDir(), "history.db")
	db := open(t, Options{Path: path, MaxSize: bound, BusyTimeout: time.Minute})
	start, rounds := time.UnixMilli(1_800_000_000_000), 0
	for size := int64(0); size < bound*5/4; size, _ = db.Size(t.Context()) {
		var results []checks.Result
		for range 50 {
			r := at("database", start.Add(time.Duration(rounds)*time.Second))
			r.Status, r.Summary = checks.Unhealthy, strings.Repeat("it does not work ", 200)
			results = append(results, r)
			rounds++
		}
		record(t, db, results...)
	}

	// Others record meanwhile and wait for no more than a few batches.
	other := open(t, Options{Path: path, BusyTimeout: 2 * time.Second})
	done := make(chan error, 1)
	go func() { done <- db.Prune(context.Background()) }()
	during := 0
	for pruning := true; pruning; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			pruning = false
		default:
			record(t, other, at("redis", start.Add(24*time.Hour+time.Duration(during)*time.Second)))
			during++
			time.Sleep(4 * time.Millisecond)
		}
	}
	size, err := db.Size(t.Context())
	if err != nil || size > bound {
		t.Errorf("the history takes %d bytes, %v; want at most %d", size, err, bound)
	}
	recent, err := db.Recent(t.Context(), 1_000_000)
	if err != nil || len(recent["redis"]) != during {
		t.Errorf("%d of %d results recorded meanwhile are there, %v", len(recent["redis"]), during, err)
	}
	kept := recent["database"]
	newest := start.Add(time.Duration(rounds-1) * time.Second)
	if len(kept) == 0 || len(kept) >= rounds || !kept[len(kept)-1].Time.Equal(newest) {
		t.Errorf("%d of %d results are left, want some and the newest among them", len(kept), rounds)
	}
	series, err := db.Samples(t.Context(), "probe_seconds", map[string]string{"target": "database"}, start, newest)
	if err != nil || len(series) != 1 || len(series[0].Samples) != len(kept) {
		t.Errorf("%v; want a sample for each of the %d results left", err, len(kept))
	}
	sound(t, path)
}

func TestPruneInterrupted(t *testing.T) {
	db := open(t, Options{Retention: time.Nanosecond})
	var old []checks.Result
	for i := range 5000 {
		old = append(old, at("database", time.UnixMilli(int64(i))))
	}
	record(t, db, old...)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
	defer cancel()
	err := db.Prune(ctx)
	if KindOf(err) != Interrupted || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want that time ran out", err)
	}
	if err := db.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
}
