package schedule

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// synctest begins at 2000-01-01 00:00 UTC.

func does(f func(ctx context.Context)) func(context.Context, Job, Run) Ending {
	return func(ctx context.Context, _ Job, _ Run) Ending {
		f(ctx)
		return Ending{Outcome: Succeeded}
	}
}

func nothing(context.Context) {}

// start runs a scheduler until the test's bubble ends it.
func start(t *testing.T, o Options) (end func()) {
	t.Helper()
	if o.By == "" {
		o.By = "host/1" // splays follow from it
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	return func() { cancel(); <-done }
}

func job(t *testing.T, spec string) Job {
	t.Helper()
	return Job{Name: "backup", Spec: mustParse(t, spec, time.UTC)}
}

func TestThousandTicksOfFourSchedulersAreThousandRuns(t *testing.T) {
	for _, spec := range []string{"* * * * *", "* * * * * *", "@every 90s"} {
		synctest.Test(t, func(t *testing.T) {
			store, j := newMemory(), job(t, spec)
			j.Jitter = 10 * time.Second
			var ran atomic.Int64
			var by sync.Map
			var ends []func()
			for _, name := range []string{"a/1", "b/2", "c/3", "d/4"} {
				ends = append(ends, start(t, Options{Jobs: []Job{j}, Store: store, By: name, Do: func(_ context.Context, _ Job, r Run) Ending {
					ran.Add(1)
					count, _ := by.LoadOrStore(r.By, new(atomic.Int64))
					count.(*atomic.Int64).Add(1)
					time.Sleep(100 * time.Millisecond)
					return Ending{Outcome: Succeeded}
				}}))
			}
			step := time.Until(j.Spec.Next(time.Now()))
			time.Sleep(1000*step + j.Delay() + step*9/10)
			for _, end := range ends {
				end()
			}
			if ran.Load() != 1000 {
				t.Errorf("%s: the job ran %d times, want 1000", spec, ran.Load())
			}
			runs := store.all()
			if len(runs) != 1000 {
				t.Errorf("%s: %d runs are kept, want 1000", spec, len(runs))
			}
			for i, r := range runs {
				if r.Outcome != Succeeded || i > 0 && r.ScheduledAt.Sub(runs[i-1].ScheduledAt) != step {
					t.Errorf("%s: run %d is %s at %s", spec, i, r.Outcome, r.ScheduledAt)
				}
			}
			by.Range(func(name, count any) bool {
				if n := count.(*atomic.Int64).Load(); n < 150 {
					t.Errorf("%s: %s ran only %d of 1000: work does not spread", spec, name, n)
				}
				return true
			})
		})
	}
}

func TestMissedRuns(t *testing.T) {
	tests := []struct {
		name  string
		job   func(*Job)
		want  string
		count int64
	}{
		{"once", func(j *Job) { j.Missed = MissedOnce }, "21:00 succeeded, 00:00 succeeded, 01:00 succeeded", 2},
		{"once is the default", func(*Job) {}, "21:00 succeeded, 00:00 succeeded, 01:00 succeeded", 2},
		{"skip", func(j *Job) { j.Missed = MissedSkip }, "21:00 succeeded, 00:00 skipped, 01:00 succeeded", 1},
		{"too old", func(j *Job) { j.Grace = 20 * time.Minute }, "21:00 succeeded, 00:00 skipped, 01:00 succeeded", 1},
		{"young enough", func(j *Job) { j.Grace = 40 * time.Minute }, "21:00 succeeded, 00:00 succeeded, 01:00 succeeded", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(30 * time.Minute)
				store, j := newMemory(), job(t, "@hourly")
				tt.job(&j)
				past := time.Date(1999, 12, 31, 21, 0, 0, 0, time.UTC)
				store.runs = []*kept{{Run: Run{ID: "1", Job: j.Name, ScheduledAt: past, StartedAt: past, EndedAt: past, Outcome: Succeeded}}}
				var ran atomic.Int64
				end := start(t, Options{Jobs: []Job{j}, Store: store, Do: does(func(context.Context) { ran.Add(1) })})
				time.Sleep(45 * time.Minute)
				end()
				if store.story() != tt.want || ran.Load() != tt.count {
					t.Errorf("%d runs: %s\nwant %d: %s", ran.Load(), store.story(), tt.count, tt.want)
				}
			})
		})
	}
}

func TestNothingIsMissedBeforeTheFirstRunOrAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * time.Minute)
		fresh, reloaded := newMemory(), newMemory()
		past := time.Date(1999, 12, 31, 21, 0, 0, 0, time.UTC)
		reloaded.runs = []*kept{{Run: Run{ID: "1", Job: "backup", ScheduledAt: past, Outcome: Succeeded}}}
		end1 := start(t, Options{Jobs: []Job{job(t, "@hourly")}, Store: fresh, Do: does(nothing)})
		end2 := start(t, Options{Jobs: []Job{job(t, "@hourly")}, Store: reloaded, Do: does(nothing), From: time.Now()})
		time.Sleep(45 * time.Minute)
		end1()
		end2()
		if fresh.story() != "01:00 succeeded" || reloaded.story() != "21:00 succeeded, 01:00 succeeded" {
			t.Errorf("fresh: %s; reloaded: %s", fresh.story(), reloaded.story())
		}
	})
}

func TestLongJobsDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var now, most atomic.Int64
		long := does(func(ctx context.Context) {
			most.Store(max(most.Load(), now.Add(1)))
			sleep(ctx, 150*time.Second)
			now.Add(-1)
		})
		var ends []func()
		for _, name := range []string{"a/1", "b/2"} {
			ends = append(ends, start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Do: long, By: name}))
		}
		time.Sleep(6*time.Minute + 50*time.Second)
		want := "00:01 succeeded, 00:02 skipped, 00:03 skipped, 00:04 succeeded, 00:05 skipped, 00:06 skipped"
		if store.story() != want || most.Load() != 1 {
			t.Errorf("%s\nwant %s; at most %d at a time", store.story(), want, most.Load())
		}
		if r := store.all()[1]; r.Summary != StillRunning || !r.EndedAt.Equal(r.StartedAt) || r.By == "" || r.Duration() != 0 {
			t.Errorf("skipped run: %+v", r)
		}
		if r := store.all()[0]; r.Duration() != 150*time.Second {
			t.Errorf("the first run took %s", r.Duration())
		}
		for _, end := range ends {
			end()
		}
	})
}

func TestEndings(t *testing.T) {
	three := 3
	tests := []struct {
		name    string
		do      func(context.Context, Job, Run) Ending
		outcome Outcome
		summary string
		took    time.Duration
	}{
		{"succeeds", func(context.Context, Job, Run) Ending {
			time.Sleep(7 * time.Second)
			return Ending{Outcome: Succeeded, Summary: "12 files\n", Output: "bytes \xff"}
		}, Succeeded, "12 files", 7 * time.Second},
		{"fails", func(context.Context, Job, Run) Ending {
			return Ending{Outcome: Failed, ExitCode: &three, Summary: "no space left"}
		}, Failed, "no space left", 0},
		{"panics", func(context.Context, Job, Run) Ending { panic("at the disco") }, Failed, "this is a fault in Vitals, please report it (panic: at the disco)", 0},
		{"says nothing", func(context.Context, Job, Run) Ending { return Ending{} }, Failed, `the job ended as ""`, 0},
		{"takes too long", func(ctx context.Context, _ Job, _ Run) Ending {
			<-ctx.Done()
			return Ending{Outcome: Failed, Summary: "killed"}
		}, TimedOut, "took longer than its limit of 20.0 s and was stopped: killed", 20 * time.Second},
		{"takes too long and does not care at once", func(context.Context, Job, Run) Ending {
			time.Sleep(40 * time.Second)
			return Ending{Outcome: Failed}
		}, TimedOut, "took longer than its limit", 40 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, j := newMemory(), job(t, "* * * * *")
				j.Timeout = 20 * time.Second
				var told []Run
				end := start(t, Options{Jobs: []Job{j}, Store: store, Do: tt.do, Ended: func(r Run) { told = append(told, r) }})
				time.Sleep(110 * time.Second)
				end()
				runs := store.all()
				if len(runs) != 1 || runs[0].Outcome != tt.outcome || !strings.Contains(runs[0].Summary, tt.summary) || runs[0].Duration() != tt.took {
					t.Errorf("runs: %+v", runs)
				}
				if len(told) != 1 || told[0].Outcome != tt.outcome || (told[0].ExitCode != nil) != (tt.name == "fails") {
					t.Errorf("told: %+v", told)
				}
			})
		})
	}
}

func TestTheNextRunComesAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var log bytes.Buffer
		end := start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Do: func(context.Context, Job, Run) Ending { panic("again") }})
		time.Sleep(3*time.Minute + 10*time.Second)
		end()
		if store.story() != "00:01 failed, 00:02 failed, 00:03 failed" {
			t.Error(store.story())
		}
		if !strings.Contains(log.String(), "A job broke") || !strings.Contains(log.String(), "scheduler_test.go") {
			t.Errorf("the log does not say where: %s", log.String())
		}
	})
}

func TestTheEndOfTheProcessEndsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		end := start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Do: func(ctx context.Context, _ Job, _ Run) Ending {
			<-ctx.Done()
			time.Sleep(time.Second)
			return Ending{Outcome: Failed, Summary: "killed"}
		}})
		time.Sleep(90 * time.Second)
		began := time.Now()
		end()
		if r := store.all()[0]; r.Outcome != Failed || r.Summary != "Vitals was ended while it ran: killed" || time.Since(began) != time.Second {
			t.Errorf("after %s: %+v", time.Since(began), r)
		}
	})
}

func TestAJobThatDoesNotStopHoldsTheEndUpForTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		end := start(t, Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Do: does(func(context.Context) { time.Sleep(time.Hour) })})
		time.Sleep(90 * time.Second)
		began := time.Now()
		end()
		if r := store.all()[0]; r.Outcome != Failed || !strings.Contains(r.Summary, "did not stop") || time.Since(began) != 10*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), r)
		}
		time.Sleep(time.Hour)
	})
}

func TestStopLetsRunsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		s, err := New(Options{Jobs: []Job{job(t, "* * * * *")}, Store: store, Do: does(func(ctx context.Context) { sleep(ctx, 10*time.Minute) })})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(90*time.Second, s.Stop)
		s.Run(context.Background())
		s.Stop() // once more is no harm
		if now := time.Now().UTC().Format("15:04"); now != "00:11" || store.story() != "00:01 succeeded" {
			t.Errorf("at %s: %s", now, store.story())
		}
	})
}

func TestRunNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		s, err := New(Options{Store: store, By: "host/1", Do: does(func(ctx context.Context) { sleep(ctx, 10*time.Second) })})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, func() {
			if r, err := s.RunNow(context.Background(), Job{Name: "backup"}); err != nil || r.Outcome != Skipped || r.Summary != StillRunning {
				t.Errorf("beside another: %+v, %v", r, err)
			}
		})
		r, err := s.RunNow(context.Background(), Job{Name: "backup"})
		if err != nil || r.Outcome != Succeeded || r.Duration() != 10*time.Second || r.By != "host/1" || r.ID == "" {
			t.Errorf("alone: %+v, %v", r, err)
		}
		store.down = true
		if _, err := s.RunNow(context.Background(), Job{Name: "backup"}); err == nil || !strings.Contains(err.Error(), "the job backup was not run") {
			t.Errorf("without store: %v", err)
		}
	})
}

func TestNewSaysEverythingThatIsWrong(t *testing.T) {
	ok := job(t, "@daily")
	_, err := New(Options{Store: newMemory(), Do: does(nothing), Jobs: []Job{
		ok, ok, {Spec: ok.Spec}, {Name: "a"}, {Name: "b", Spec: ok.Spec, Missed: "twice"},
		{Name: "c", Spec: ok.Spec, Timeout: -1}, {Name: "d\ne", Spec: ok.Spec},
	}})
	for _, want := range []string{"two jobs called backup", "a job needs a name", "the job a needs a schedule", `not "twice"`, "timeout must be 0 or a length", "line breaks"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no store and nothing to do was accepted")
	}
}
