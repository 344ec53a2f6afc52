package history

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"vitals/checks"
)

func open(t testing.TB, o Options) *DB {
	t.Helper()
	o = placed(t, o)
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func record(t testing.TB, db *DB, results ...checks.Result) {
	t.Helper()
	if err := db.Record(t.Context(), results); err != nil {
		t.Fatal(err)
	}
}

// at is a healthy result of a check.
func at(name string, started time.Time) checks.Result {
	r := checks.OK("fine").Measure("probe_seconds", 0.25, "target", name)
	r.Check, r.Started, r.Duration = name, started, 1500*time.Microsecond
	return r
}

func TestWhatWasRecordedComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	start := time.UnixMilli(1_800_000_000_123)
	first := open(t, Options{Path: path})
	for i := range 5 {
		r := at("database", start.Add(time.Duration(i)*time.Minute))
		if i == 2 {
			r.Status, r.Summary = checks.Unhealthy, "connection refused"
		}
		record(t, first, r, at("redis", r.Started))
	}

	second := open(t, Options{Path: path}) // another process, as it were
	for name, db := range map[string]*DB{"the writer": first, "another": second} {
		recent, err := db.Recent(t.Context(), 3, "database", "never-recorded")
		if err != nil {
			t.Fatal(err)
		}
		ms := 1500 * time.Microsecond
		want := map[string][]Point{"database": {
			{start.Add(2 * time.Minute), checks.Unhealthy, ms, "connection refused"},
			{start.Add(3 * time.Minute), checks.Healthy, ms, ""},
			{start.Add(4 * time.Minute), checks.Healthy, ms, ""},
		}}
		if !reflect.DeepEqual(recent, want) {
			t.Errorf("%s reads %v, want %v", name, recent, want)
		}
		all, err := db.Recent(t.Context(), 100)
		if err != nil || len(all["redis"]) != 5 || len(all["database"]) != 5 {
			t.Errorf("%s reads %v and %v, want 5 results of both checks", name, all, err)
		}
	}
}

func TestSamples(t *testing.T) {
	db := open(t, Options{})
	start := time.UnixMilli(1_800_000_000_000)
	for i := range 4 {
		a, b := at("a", start.Add(time.Duration(i)*time.Second)), at("b", start.Add(time.Duration(i)*time.Second))
		a.Samples[0].Value = []float64{1, math.NaN(), math.Inf(1), -0.5}[i]
		record(t, db, a, b)
	}
	got, err := db.Samples(t.Context(), "probe_seconds", map[string]string{"target": "a", "absent": ""}, start, start.Add(3*time.Second))
	if err != nil || len(got) != 1 || len(got[0].Samples) != 4 || got[0].Labels["target"] != "a" {
		t.Fatalf("got %v, %v; want the one series with 4 samples", got, err)
	}
	v := got[0].Samples
	if v[0].Value != 1 || !math.IsNaN(v[1].Value) || !math.IsInf(v[2].Value, 1) || v[3].Value != -0.5 || !v[3].Time.Equal(start.Add(3*time.Second)) {
		t.Errorf("samples came back as %v", v)
	}
	both, err := db.Samples(t.Context(), "vitals_check_status", nil, start.Add(time.Second), start.Add(2*time.Second))
	if err != nil || len(both) != 2 || len(both[0].Samples) != 2 || both[0].Labels["check"] != "a" || both[1].Labels["check"] != "b" {
		t.Errorf("the status of both checks over two seconds came back as %v, %v", both, err)
	}
	none, err := db.Samples(t.Context(), "no_such_metric", nil, start, start.Add(time.Hour))
	if err != nil || none != nil {
		t.Errorf("an unknown metric gave %v, %v; want nothing", none, err)
	}
}

// Two processes that ask the same check in the same millisecond both leave
// their result, and both failures count.
func TestSameMillisecond(t *testing.T) {
	db := open(t, Options{})
	start := time.UnixMilli(1_800_000_000_000)
	r := at("database", start)
	record(t, db, r, r, at("redis", start))
	record(t, db, at("cpu", start), r)
	recent, err := db.Recent(t.Context(), 10, "database")
	if err != nil || len(recent["database"]) != 3 {
		t.Errorf("got %v, %v; want 3 results", recent, err)
	}
	got, err := db.Samples(t.Context(), "probe_seconds", map[string]string{"target": "database"}, start, start.Add(time.Second))
	if err != nil || len(got) != 1 || len(got[0].Samples) != 3 {
		t.Errorf("got %v, %v; want 3 samples", got, err)
	}
}

func TestLastIsTheLatestStarted(t *testing.T) {
	db := open(t, Options{})
	start := time.Now()
	newer := at("database", start).WithHint("newer")
	record(t, db, newer)
	record(t, db, at("database", start.Add(-time.Minute)).WithHint("a slow one that began before"))
	last, err := db.Last(t.Context(), "database", "unheard-of")
	if err != nil || len(last) != 1 || last[0].Hint != "newer" {
		t.Errorf("got %v, %v; want the result that started last", last, err)
	}
}

func TestModes(t *testing.T) {
	db := open(t, Options{})
	record(t, db, at("database", time.Now()))
	for path, want := range map[string]os.FileMode{filepath.Dir(db.path): 0o700, db.path: 0o600, db.path + "-wal": 0o600, db.path + "-shm": 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
	left, err := filepath.Glob(db.path + ".new-*")
	if err != nil || left != nil {
		t.Errorf("files were left behind: %v, %v", left, err)
	}
}

// Both are settled when the file is made and cannot be mended later.
func TestFileCanShrinkAndBeShared(t *testing.T) {
	db := open(t, Options{})
	var vacuum, journal string
	row := db.sql.QueryRow("SELECT auto_vacuum, journal_mode FROM pragma_auto_vacuum, pragma_journal_mode")
	if err := row.Scan(&vacuum, &journal); err != nil || vacuum != "2" || journal != "wal" {
		t.Errorf("auto_vacuum %s, journal_mode %s, %v; want 2 (incremental) and wal", vacuum, journal, err)
	}
}

func TestClosed(t *testing.T) {
	db := open(t, Options{})
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(t.Context(), []checks.Result{at("database", time.Now())}); err == nil {
		t.Error("recording into a closed history went well")
	}
}

func TestInterrupted(t *testing.T) {
	db := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.Record(ctx, []checks.Result{at("database", time.Now())})
	if KindOf(err) != Interrupted || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want an interruption that wraps context.Canceled", err)
	}
}
