package history

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/schedule"
)

func notice(channel, topic, key string) alerting.Notice {
	return alerting.Notice{Channel: channel, Topic: topic, Message: alerting.Message{Key: key, Title: "it is down: \x00\xff é", At: time.Now().Add(-time.Second)}}
}

// Each message is taken by one at a time, in the order of its topic, and by
// another when the lease is over.
func TestOutbox(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history.db")}
	a, b := open(t, o), open(t, o)
	ctx := t.Context()
	if err := a.Enqueue(ctx, notice("mail", "db", "1"), notice("mail", "db", "2"), notice("mail", "disk", "3"), notice("mail", "db", "1")); err != nil {
		t.Fatal(err)
	}
	take := func(db *DB, lease time.Duration) (alerting.Outgoing, bool) {
		t.Helper()
		o, found, err := db.Lease(ctx, "test", "mail", lease)
		if err != nil {
			t.Fatal(err)
		}
		return o, found
	}
	first, _ := take(a, 200*time.Millisecond)
	second, _ := take(b, time.Minute)
	if _, found := take(a, time.Minute); found || first.Notice.Message.Key != "1" || second.Notice.Message.Key != "3" {
		t.Fatalf("took %q and %q, and a third %v; want 1 and 3 and none: 2 waits for 1", first.Notice.Message.Key, second.Notice.Message.Key, found)
	}
	time.Sleep(250 * time.Millisecond)
	again, _ := take(b, time.Minute)
	if again.Notice.Message.Key != "1" || again.Attempts != 2 {
		t.Errorf("when the lease was over, %q was taken at attempt %d", again.Notice.Message.Key, again.Attempts)
	}
	if err := errors.Join(b.Delivered(ctx, again), a.Delivered(ctx, first), a.GiveUp(ctx, second, "gone", notice("hook", "disk", "3b"))); err != nil {
		t.Fatal(err)
	}
	last, _ := take(a, time.Minute)
	if err := a.Failed(ctx, last, alerting.Retry{At: time.Now().Add(time.Hour), ChannelAt: time.Now().Add(time.Hour), Reason: "busy"}); err != nil {
		t.Fatal(err)
	}
	sent, err := b.Sent(ctx, time.Time{})
	if err != nil || len(sent) != 2 || sent[0].State != "sent" || sent[1].State != "dead" {
		t.Errorf("sent: %+v, %v", sent, err)
	}
	waiting, err := b.Waiting(ctx)
	if err != nil || len(waiting) != 2 || waiting[0].Error != "busy" || waiting[1].Notice.Channel != "hook" {
		t.Errorf("waiting: %+v, %v", waiting, err)
	}
	topic, err := a.Topic(ctx, "disk")
	if _, found, err2 := a.Message(ctx, "3b"); len(topic) != 2 || err != nil || !found || err2 != nil {
		t.Errorf("the topic has %d messages, %v, %v", len(topic), err, err2)
	}
}

// Many at once step the same state: each step sees what all before it did.
func TestStepsAreOneAfterTheOther(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history.db"), BusyTimeout: time.Minute}
	dbs := []*DB{open(t, o), open(t, o)}
	const each = 25
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range each {
				if _, err := dbs[i%2].Step(context.Background(), countUp); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	state, err := dbs[0].AlertState(t.Context())
	if err != nil || len(state.Alerts) != 1 || state.Alerts[0].Value != 4*each {
		t.Errorf("%+v, %v; want a value of %d", state.Alerts, err, 4*each)
	}
	done, err := dbs[1].Transitions(t.Context(), time.Time{}, time.Now(), 10)
	if err != nil || len(done) != 10 || done[9].Alert.Value != 4*each {
		t.Errorf("%d transitions, %v", len(done), err)
	}
	i, timeline, err := dbs[1].Incident(t.Context(), "0197")
	if err != nil || len(timeline) != 4*each || i.Alerts == nil {
		t.Errorf("the incident %+v has %d entries, %v", i, len(timeline), err)
	}
	if !slices.IsSortedFunc(timeline, func(a, b alerting.Entry) int { return int(a.Seq - b.Seq) }) {
		t.Error("the timeline is out of order")
	}
}

func countUp(s alerting.State) alerting.Changes {
	a := alerting.Alert{ID: "1", Rule: "up", Phase: alerting.Firing}
	if len(s.Alerts) > 0 {
		a = s.Alerts[0]
	}
	a.Value++
	at := time.UnixMilli(int64(a.Value))
	return alerting.Changes{
		Rules: s.Rules, Alerts: []alerting.Alert{a}, Transitions: []alerting.Transition{{Alert: a, To: alerting.Firing, At: at}},
		Incidents: []alerting.Incident{{ID: "0197-1", Key: "up", Status: alerting.Open, OpenedAt: t0, Alerts: []string{"1"}}},
		Entries:   []alerting.Entry{{Incident: "0197-1", At: at, Kind: alerting.EntryNotified, Text: fmt.Sprint(a.Value)}},
	}
}

// A claim is granted once, whoever asks, and again when its lease is over.
func TestClaims(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history.db"), BusyTimeout: time.Minute}
	dbs := []*DB{open(t, o), open(t, o), open(t, o)}
	var granted atomic.Int64
	var wg sync.WaitGroup
	for i, db := range dbs {
		wg.Go(func() {
			for n := range 30 {
				at := t0.Add(time.Duration(n) * time.Minute)
				run, mine, err := db.Claim(context.Background(), schedule.Run{ID: fmt.Sprintf("%d-%d", n, i), Job: fmt.Sprint("backup", n), ScheduledAt: at, StartedAt: at, By: fmt.Sprint(i)}, time.Minute)
				if err != nil {
					t.Error(err)
				} else if mine {
					granted.Add(1)
					run.Outcome, run.EndedAt = schedule.Succeeded, at.Add(time.Second)
					if err := db.Finish(context.Background(), run); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	runs, err := dbs[0].Runs(t.Context(), RunFilter{})
	if granted.Load() != 30 || len(runs) != 30 || err != nil {
		t.Errorf("%d claims were granted and %d runs kept, %v; want 30", granted.Load(), len(runs), err)
	}
	slow := schedule.Run{ID: "slow", Job: "slow", ScheduledAt: t0, StartedAt: t0, By: "a"}
	if _, mine, err := dbs[0].Claim(t.Context(), slow, 50*time.Millisecond); !mine || err != nil {
		t.Fatal(mine, err)
	}
	if again, mine, err := dbs[0].Claim(t.Context(), slow, 50*time.Millisecond); !mine || err != nil || again.Outcome != schedule.Running {
		t.Errorf("asked again: %+v, %v, %v", again, mine, err)
	}
	time.Sleep(80 * time.Millisecond)
	if r, found, err := dbs[1].Run(t.Context(), "slow"); !found || err != nil || r.Outcome != schedule.Lost {
		t.Errorf("%+v, %v, %v; want that it is lost", r, found, err)
	}
	if held, err := dbs[1].Renew(t.Context(), "slow", time.Minute); !held || err != nil {
		t.Errorf("renewed: %v, %v", held, err)
	}
	if at, err := dbs[2].LastScheduled(t.Context(), "backup29"); err != nil || !at.Equal(t0.Add(29*time.Minute)) {
		t.Error(at, err)
	}
	if states, err := dbs[2].Jobs(t.Context(), time.Time{}); err != nil || len(states) != 31 || states["backup3"].LastSuccess.IsZero() {
		t.Errorf("%d jobs, %v", len(states), err)
	}
}
