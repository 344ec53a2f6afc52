package history

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/testenv"
)

// What is recorded while others make hours of what is old is in an hour or still
// a sample, and in one of the two.
func TestOnPostgresPrunedWhileRecorded(t *testing.T) {
	o := Options{URL: testenv.Postgres(t).NewDatabase(t), RawRetention: time.Hour, BusyTimeout: time.Minute}
	now := t0.Add(48 * time.Hour)
	o.Now = func() time.Time { return now }
	dbs := []*DB{open(t, o), open(t, o), open(t, o), open(t, o)}
	var recording, pruning sync.WaitGroup
	done, end := context.WithCancel(t.Context())
	for _, db := range dbs[2:] {
		pruning.Go(func() {
			for done.Err() == nil {
				if err := db.Prune(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	const rounds = 60
	for i, db := range dbs[:2] {
		recording.Go(func() {
			for n := range rounds {
				r := checks.Result{Check: fmt.Sprint("check-", i), Started: t0.Add(time.Duration(n) * time.Second)}
				for j := range 10 {
					r = r.Measure("thing", float64(j), "recorder", fmt.Sprint(i), "number", fmt.Sprint(j))
				}
				if err := db.Record(context.Background(), []checks.Result{r}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	recording.Wait()
	end()
	pruning.Wait()
	var hours, samples int64
	err := dbs[0].reading(t.Context(), func(tx *tx) error {
		_, err := tx.one(`SELECT (SELECT coalesce(sum(r.count), 0)::bigint FROM rollups r JOIN series s ON s.id = r.series_id WHERE s.name = 'thing'),
			(SELECT count(*) FROM samples m JOIN series s ON s.id = m.series_id WHERE s.name = 'thing')`, nil, &hours, &samples)
		return err
	})
	if err != nil || hours+samples != 2*rounds*10 || hours == 0 {
		t.Errorf("%d samples are in hours and %d are not, %v; want %d", hours, samples, err, 2*rounds*10)
	}
}

// A bound removes the oldest and no more than it has to, once.
func TestOnPostgresMaxSize(t *testing.T) {
	now := t0.Add(time.Hour)
	db := open(t, Options{MaxSize: 8 << 20, Now: func() time.Time { return now }})
	last := fleet(t, db, 12)
	for range 2 {
		if err := db.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var used int64
	err := db.reading(t.Context(), func(tx *tx) (err error) {
		used, err = tx.pgUsed()
		return err
	})
	if err != nil || used > 8<<20 || used < 6<<20 {
		t.Errorf("%d bytes are used, %v; want a little less than %d", used, err, 8<<20)
	}
	series, err := db.Samples(t.Context(), "metric_3_total", nil, t0, now)
	if err != nil || len(series) != 200 || !series[0].Samples[len(series[0].Samples)-1].Time.Equal(last) || series[0].Samples[0].Time.Equal(t0) {
		t.Errorf("%d series, %v; want all, with the newest and without the oldest", len(series), err)
	}
}
