package schedule

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// shifted is a clock that somebody sets.
type shifted struct{ by atomic.Int64 }

func (c *shifted) now() time.Time { return time.Now().Add(time.Duration(c.by.Load())) }

func TestAStoreThatIsDown(t *testing.T) {
	tests := []struct {
		name   string
		missed Missed
		want   string
	}{
		// 00:05 and 00:10 went well; then nothing until 00:43. The claim for 00:15
		// was being repeated all the time.
		{"once", MissedOnce, "00:05 succeeded, 00:10 succeeded, 00:15 skipped, 00:40 succeeded, 00:45 succeeded"},
		{"skip", MissedSkip, "00:05 succeeded, 00:10 succeeded, 00:15 skipped, 00:40 skipped, 00:45 succeeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, j := newMemory(), job(t, "*/5 * * * *")
				j.Missed = tt.missed
				end := start(t, Options{Jobs: []Job{j}, Store: store, Do: does(nothing)})
				time.Sleep(12 * time.Minute)
				store.set(func() { store.down = true })
				time.Sleep(31 * time.Minute)
				if _, failed := store.counts(); failed < 20 || failed > 40 {
					t.Errorf("asked %d times in 28 of 31 minutes: that is no back-off up to a minute", failed)
				}
				store.set(func() { store.down = false })
				time.Sleep(3 * time.Minute)
				end()
				if store.story() != tt.want {
					t.Errorf("%s\nwant %s", store.story(), tt.want)
				}
			})
		})
	}
}

func TestAStoreThatIsDownAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.down = true
		end := start(t, Options{Jobs: []Job{job(t, "@hourly")}, Store: store, Do: does(nothing)})
		time.Sleep(70 * time.Minute)
		store.set(func() { store.down = false })
		time.Sleep(2 * time.Minute)
		end()
		if store.story() != "01:00 succeeded" {
			t.Error(store.story())
		}
	})
}

// TestLostAnswers has a store that does what it is asked to and whose answers
// never arrive, now and then.
func TestLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var ran atomic.Int64
		var ends []func()
		for _, name := range []string{"a/1", "b/2", "c/3"} {
			ends = append(ends, start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, By: name,
				Do: does(func(ctx context.Context) { ran.Add(1); sleep(ctx, 5*time.Second) })}))
		}
		for range 100 {
			store.set(func() { store.deaf = true })
			time.Sleep(20 * time.Second)
			store.set(func() { store.deaf = false })
			time.Sleep(100 * time.Second)
		}
		for _, end := range ends {
			end()
		}
		runs, count := store.all(), int64(0)
		for _, r := range runs {
			switch r.Outcome {
			case Succeeded:
				count++
			case Skipped: // the answer to the claim before was lost for so long that another took over
			default:
				t.Errorf("a run ended as %s: %+v", r.Outcome, r)
			}
		}
		if count != ran.Load() || ran.Load() < 150 {
			t.Errorf("%d runs are kept as succeeded, and the job ran %d times", count, ran.Load())
		}
	})
}

func TestARunIsKeptWhenTheStoreComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var ran atomic.Int64
		end := start(t, Options{Jobs: []Job{job(t, "*/5 * * * *")}, Store: store, Lease: 30 * time.Second,
			Do: does(func(ctx context.Context) { ran.Add(1); sleep(ctx, 90*time.Second) })})
		time.Sleep(6 * time.Minute)
		store.set(func() { store.down = true })
		time.Sleep(5 * time.Minute) // it ends at 00:06:30, and 00:10 comes
		store.set(func() { store.down = false })
		time.Sleep(6 * time.Minute)
		end()
		if want := "00:05 succeeded, 00:10 succeeded, 00:15 succeeded"; store.story() != want {
			t.Errorf("%s\nwant %s", store.story(), want)
		}
		if r := store.all()[0]; r.Duration() != 90*time.Second {
			t.Errorf("the first run took %s", r.Duration())
		}
	})
}

func TestALostRunIsFoundAndTheJobGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		now := time.Now()
		store.runs = []*kept{
			{Run: Run{ID: "1", Job: "backup", ScheduledAt: now.Add(-time.Minute), StartedAt: now.Add(-time.Minute), Outcome: Running}, until: now.Add(90 * time.Second)},
			{Run: Run{ID: "2", Job: "other", ScheduledAt: now.Add(-time.Hour), StartedAt: now.Add(-time.Hour), Outcome: Running}, until: now.Add(-time.Minute)},
		}
		end := start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Do: does(nothing)})
		time.Sleep(2*time.Minute + 10*time.Second)
		end()
		if want := "23:00 lost, 23:59 lost, 00:00 skipped, 00:01 skipped, 00:02 succeeded"; store.story() != want {
			t.Errorf("%s\nwant %s", store.story(), want)
		}
	})
}

// TestAProcessThatWasFrozen lost its lease to another one and comes back.
func TestAProcessThatWasFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frozen := newMemory()
		end := start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: frozen, By: "a/1", Do: func(ctx context.Context, _ Job, _ Run) Ending {
			<-ctx.Done()
			return Ending{Outcome: Failed}
		}})
		time.Sleep(61 * time.Second)
		frozen.set(func() { frozen.down = true })
		time.Sleep(90 * time.Second)
		// Another process claims what comes next.
		frozen.set(func() { frozen.down = false })
		_, mine, err := frozen.Claim(context.Background(), Run{ID: "b", Job: "backup", ScheduledAt: time.Now(), StartedAt: time.Now(), By: "b/2"}, time.Hour)
		if err != nil || !mine {
			t.Fatalf("the job could not be taken over: %v", err)
		}
		time.Sleep(50 * time.Second)
		end()
		r := frozen.all()[0]
		if r.Outcome != Lost || !strings.Contains(r.Summary, "another process took the job over") {
			t.Errorf("%+v", r)
		}
	})
}

func TestASlowStoreDoesNotStopAJobOfEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.slow = 3 * time.Second
		end := start(t, Options{Jobs: []Job{job(t, "* * * * * *")}, Store: store, Do: does(nothing)})
		time.Sleep(5 * time.Minute)
		end()
		done := 0
		for _, r := range store.all() {
			if r.Outcome == Succeeded {
				done++
			}
		}
		if done < 20 {
			t.Errorf("%d runs in five minutes: %s", done, store.story())
		}
	})
}

func TestTheClockGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		clock := &shifted{}
		var ran atomic.Int64
		var ends []func()
		for _, name := range []string{"a/1", "b/2"} {
			ends = append(ends, start(t, Options{Jobs: []Job{job(t, "*/10 * * * *")}, Store: store, By: name, Now: clock.now,
				Do: does(func(context.Context) { ran.Add(1) })}))
		}
		time.Sleep(65 * time.Minute) // it is 01:05: six runs
		clock.by.Add(-int64(time.Hour))
		before, _ := store.counts()
		time.Sleep(50 * time.Minute) // and 00:55: nothing twice
		if asked, _ := store.counts(); ran.Load() != 6 || asked > before+20 {
			t.Errorf("%d runs, want 6; the store was asked %d times", ran.Load(), asked-before)
		}
		time.Sleep(20 * time.Minute) // 01:15
		for _, end := range ends {
			end()
		}
		if want := "00:10 succeeded, 00:20 succeeded, 00:30 succeeded, 00:40 succeeded, 00:50 succeeded, 01:00 succeeded, 01:10 succeeded"; store.story() != want {
			t.Errorf("%s\nwant %s", store.story(), want)
		}
	})
}

func TestTheClockJumpsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		clock := &shifted{}
		end := start(t, Options{Jobs: []Job{job(t, "@hourly")}, Store: store, Now: clock.now, Do: does(nothing)})
		time.Sleep(61 * time.Minute)
		clock.by.Add(int64(3 * time.Hour)) // the machine slept
		time.Sleep(time.Minute)
		end()
		if want := "01:00 succeeded, 04:00 succeeded"; store.story() != want {
			t.Errorf("%s\nwant %s", store.story(), want)
		}
	})
}

// TestAClockThatWasInTheFuture must not keep the job from running until then.
func TestAClockThatWasInTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		future := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
		store.runs = []*kept{{Run: Run{ID: "1", Job: "backup", ScheduledAt: future, Outcome: Succeeded}}}
		end := start(t, Options{Jobs: []Job{job(t, "@hourly")}, Store: store, Do: does(nothing)})
		time.Sleep(125 * time.Minute)
		end()
		if want := "01:00 succeeded, 02:00 succeeded, 00:00 succeeded"; store.story() != want {
			t.Errorf("%s\nwant %s", store.story(), want)
		}
	})
}
