package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/history"
	"vitals/internal/testenv"
	"vitals/schedule"
)

// TestReplicasLoseNothingToKills lets two daemons share a history on PostgreSQL
// and kills one after the other while checks change their minds. Both see every
// change: it is told once, or again with the same key.
func TestReplicasLoseNothingToKills(t *testing.T) {
	const checks = 8
	t.Parallel()
	transitions, kills, cut := 32, 4, 0
	if os.Getenv("VITALS_TEST_LONG") != "" {
		transitions, kills, cut = 1008, 50, 50 // each check ends well
	}
	dir, inbox := t.TempDir(), newMailbox(t, cut)
	flips := newFlips(t, dir, inbox.URL, checks)
	flips.kept = history.Options{URL: testenv.Postgres(t).NewDatabase(t)}
	for n := range checks {
		flips.set(t, n, false)
	}
	var wg sync.WaitGroup
	killing, done := context.WithCancel(t.Context())
	replicas := []*replica{flips.replica(t, "a"), flips.replica(t, "b")}
	var killed atomic.Int64
	wg.Go(func() { // until there is nothing left to disturb, and as often as was promised
		for killing.Err() == nil || killed.Load() < int64(kills) {
			time.Sleep(time.Duration(100+rand.IntN(600)) * time.Millisecond)
			replicas[rand.IntN(2)].killAndRestart()
			killed.Add(1)
		}
	})
	began := time.Now()
	flips.flip(t, checks, transitions/checks)
	t.Logf("the checks changed their minds for %s", time.Since(began))
	done()
	wg.Wait()
	flips.settled(t)
	t.Logf("all was sent after %s", time.Since(began))
	for _, r := range replicas {
		r.kill()
	}
	db := flips.history(t)
	defer db.Close()
	happened, err := db.Transitions(t.Context(), time.Time{}, time.Now().Add(time.Hour), 1e6)
	happened = changed(happened)
	if err != nil || len(happened) < transitions {
		t.Errorf("%d transitions, %v; want %d at least", len(happened), err, transitions)
	}
	flips.judge(t, inbox, len(happened))
	t.Logf("%d kills", killed.Load())
}

// flip makes each check fail and recover, so often, each time when it was noticed.
func (f *flips) flip(t *testing.T, checks, times int) {
	db := f.history(t)
	defer db.Close()
	var wg sync.WaitGroup
	for n := range checks {
		wg.Go(func() {
			for i := range times {
				f.set(t, n, i%2 == 0)
				if !f.noticed(db, fmt.Sprint("probe.flip", n), i%2 == 0) {
					t.Errorf("flip %d of check %d was not noticed", i, n)
					return
				}
			}
		})
	}
	wg.Wait()
}

func (f *flips) noticed(db *history.DB, check string, bad bool) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		state, err := db.AlertState(context.Background())
		fires := false
		for _, a := range state.Alerts {
			fires = fires || a.Labels["check"] == check && a.Phase == alerting.Firing
		}
		if err == nil && fires == bad {
			return true
		}
	}
	return false
}

// settled waits until nothing waits to be sent and nothing has happened for a
// while: a lease of what a killed daemon was sending ends after 11 s.
func (f *flips) settled(t *testing.T) {
	db := f.history(t)
	defer db.Close()
	quiet, before := 0, -1
	for deadline := time.Now().Add(3 * time.Minute); quiet < 10; time.Sleep(100 * time.Millisecond) {
		waiting, err := db.Waiting(t.Context())
		happened, err2 := db.Transitions(t.Context(), time.Time{}, time.Now().Add(time.Hour), 1e6)
		if quiet++; err != nil || err2 != nil || len(waiting) > 0 || len(happened) != before {
			quiet, before = 0, len(happened)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages still wait, %v, %v", len(waiting), err, err2)
		}
	}
}

// replica is a daemon that can be killed.
type replica struct {
	t    *testing.T
	f    *flips
	name string
	mu   sync.Mutex
	cmd  *exec.Cmd
	said bytes.Buffer
}

func (f *flips) replica(t *testing.T, name string) *replica {
	r := &replica{t: t, f: f, name: name}
	r.start()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("replica %s said:\n%s", name, r.said.String()[max(0, r.said.Len()-4000):])
		}
	})
	return r
}

func (r *replica) start() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Error(err)
		return
	}
	address := l.Addr().String()
	l.Close()
	r.cmd = exec.Command(r.f.binary, "serve", "--listen", address)
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	r.cmd.Dir = r.f.dir
	r.cmd.Env = []string{
		"HOME=" + r.f.dir, "PATH=" + os.Getenv("PATH"), "VITALS_DATA_DIR=" + filepath.Join(r.f.dir, r.name),
		"VITALS_HISTORY_URL=" + r.f.kept.URL, "VITALS_SERVE_INTERVAL=100ms",
	}
	if err := r.cmd.Start(); err != nil {
		r.t.Error(err)
	}
}

func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait() // it was killed
	}
}

func (r *replica) killAndRestart() {
	r.kill()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start()
}

// TestSchedulersShareTheirRuns lets four schedulers, each with connections of its
// own, follow the same jobs: every scheduled time is run once. On a machine that
// is too busy for a run each second, one may be skipped because the one before it
// has not ended, or left to a later one; on a quiet one there are exactly 1,000.
func TestSchedulersShareTheirRuns(t *testing.T) {
	jobs, seconds, long := 20, 8, os.Getenv("VITALS_TEST_LONG") != ""
	if long {
		jobs, seconds = 50, 20
	}
	address := testenv.Postgres(t).NewDatabase(t)
	spec, err := schedule.Parse("* * * * * *", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	var list []schedule.Job
	for n := range jobs {
		list = append(list, schedule.Job{Name: fmt.Sprint("job", n), Spec: spec})
	}
	var ran atomic.Int64
	var times sync.Map
	stores := []*history.DB{openHistory(t, address), openHistory(t, address), openHistory(t, address), openHistory(t, address)}
	first := time.Now().Truncate(time.Second).Add(time.Second)
	if time.Until(first) < 300*time.Millisecond { // all are to be there when it begins
		time.Sleep(300 * time.Millisecond)
		first = first.Add(time.Second)
	}
	ctx, cancel := context.WithDeadline(t.Context(), first.Add(time.Duration(seconds)*time.Second-100*time.Millisecond))
	defer cancel()
	var wg sync.WaitGroup
	for n, db := range stores {
		s, err := schedule.New(schedule.Options{
			Jobs: list, Store: db, By: fmt.Sprint("process/", n),
			Do: func(_ context.Context, job schedule.Job, run schedule.Run) schedule.Ending {
				if _, again := times.LoadOrStore(job.Name+run.ScheduledAt.String(), true); again {
					t.Errorf("%s at %s was run twice", job.Name, run.ScheduledAt)
				}
				ran.Add(1)
				return schedule.Ending{Outcome: schedule.Succeeded}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { s.Run(ctx) })
	}
	wg.Wait()
	runs, err := openHistory(t, address).Runs(context.Background(), history.RunFilter{})
	by, succeeded := map[string]int{}, 0
	for _, r := range runs {
		by[r.By]++
		switch {
		case r.Outcome == schedule.Succeeded:
			succeeded++
		case r.Outcome != schedule.Skipped || long:
			t.Errorf("%s at %s: %s, %s", r.Job, r.ScheduledAt, r.Outcome, r.Summary)
		}
	}
	if err != nil || succeeded != int(ran.Load()) || len(runs) > jobs*seconds || succeeded < jobs || long && succeeded != jobs*seconds {
		t.Errorf("%d runs were done and %d are kept, %d as succeeded, %v; want %d", ran.Load(), len(runs), succeeded, err, jobs*seconds)
	}
	t.Logf("%d runs: %v", len(runs), by)
}

// TestAThousandTicksAreClaimedOnce asks for each of 1,000 scheduled times from
// four processes, as it were, as fast as it goes.
func TestAThousandTicksAreClaimedOnce(t *testing.T) {
	t.Parallel()
	address, start := testenv.Postgres(t).NewDatabase(t), time.Now().Truncate(time.Minute)
	var granted atomic.Int64
	var wg sync.WaitGroup
	for n := range 4 {
		db := openHistory(t, address)
		wg.Go(func() {
			for tick := range 1000 {
				at := start.Add(time.Duration(tick) * time.Second)
				id := fmt.Sprintf("%d-%d", tick, n)
				run, mine, err := db.Claim(t.Context(), schedule.Run{ID: id, Job: fmt.Sprint("job", tick%10), ScheduledAt: at, StartedAt: at, By: fmt.Sprint(n)}, time.Minute)
				if err == nil && mine {
					granted.Add(1)
					run.Outcome, run.EndedAt = schedule.Succeeded, at
					err = db.Finish(t.Context(), run)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	runs, err := openHistory(t, address).Runs(t.Context(), history.RunFilter{})
	skipped := 0 // the one before it, of another process, had not ended
	for _, r := range runs {
		if r.Outcome == schedule.Skipped {
			skipped++
		}
	}
	if err != nil || len(runs) != 1000 || int(granted.Load())+skipped != 1000 {
		t.Errorf("%d were granted, %d skipped and %d are kept, %v; want 1000", granted.Load(), skipped, len(runs), err)
	}
}

func openHistory(t *testing.T, address string) *history.DB {
	t.Helper()
	db, err := history.Open(t.Context(), history.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
