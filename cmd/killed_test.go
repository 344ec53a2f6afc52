package cmd_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/internal/history"
	"vitals/internal/testenv"
)

// mailbox is a receiver of webhooks that remembers every copy of every
// message, and now and then takes one without saying so.
type mailbox struct {
	mu     sync.Mutex
	copies map[string]int    // by key
	bodies map[string]string // by key
	order  []received
	cut    int // one in so many is taken and not answered; 0 for none
	*httptest.Server
}

type received struct{ key, group, kind, check string }

func newMailbox(t *testing.T, cut int) *mailbox {
	m := &mailbox{copies: map[string]int{}, bodies: map[string]string{}, cut: cut}
	m.Server = httptest.NewServer(http.HandlerFunc(m.take))
	t.Cleanup(m.Close)
	return m
}

func (m *mailbox) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed while it spoke
	}
	var message struct {
		Key, Group, Kind string
		Labels           map[string]string
	}
	if json.Unmarshal(body, &message) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.copies[message.Key]++
	m.bodies[message.Key] = string(body)
	if m.copies[message.Key] == 1 {
		m.order = append(m.order, received{message.Key, message.Group, message.Kind, message.Labels["check"]})
	}
	if m.cut > 0 && rand.IntN(m.cut) == 0 {
		panic(http.ErrAbortHandler) // it has the message, and the sender does not know
	}
}

// TestNothingIsLostToKills lets four processes at a time run checks on one
// SQLite file, with every check changing its mind at each run, and kills them
// at random moments.
func TestNothingIsLostToKills(t *testing.T) {
	transitions, kills := 200, 20
	if os.Getenv("VITALS_TEST_LONG") != "" {
		transitions, kills = 1000, 50
	}
	const processes = 4
	dir, inbox := t.TempDir(), newMailbox(t, 50)
	flips := newFlips(t, dir, inbox.URL, processes)
	var killed atomic.Int64
	var all sync.WaitGroup
	for n := range processes {
		all.Go(func() {
			for i := range transitions / processes {
				flips.set(t, n, i%2 == 0)
				flips.checkOnce(t, n, func() bool {
					return killed.Load() < int64(kills) && rand.IntN(transitions/kills) < 2 && killed.Add(1) <= int64(kills)
				})
			}
		})
	}
	all.Wait()
	for killed.Load() < int64(kills) {
		flips.checkOnce(t, 0, func() bool { return killed.Add(1) <= int64(kills) })
	}
	flips.drain(t)
	flips.judge(t, inbox, transitions)
	if n := killed.Load(); n < int64(kills) {
		t.Errorf("%d processes were killed, want %d", n, kills)
	}
}

// flips are checks that fail or not as a file says.
type flips struct {
	dir, binary string
	kept        history.Options
}

func newFlips(t *testing.T, dir, hook string, n int) *flips {
	config := quiet + "alerting:\n" + `  default_rules: false
  flap_detection: false
  rules: [{name: flip, expr: vitals_check_failed == 1, severity: critical, incident: flipped}]
  routes: [{channels: [hook], group_by: [alertname, check], group_interval: 0s}]
channels: [{kind: webhook, name: hook, timeout: 1s, url: "` + hook + `"}]
probes:
`
	for i := range n {
		config += fmt.Sprintf("  - {name: flip%d, kind: command, command: [test, -e, %s]}\n", i, filepath.Join(dir, fmt.Sprint("well", i)))
	}
	writeConfig(t, dir, config)
	return &flips{dir: dir, binary: testenv.Binary(t), kept: history.Options{Path: filepath.Join(dir, "data", "history.db")}}
}

func (f *flips) set(t *testing.T, n int, bad bool) {
	file := filepath.Join(f.dir, fmt.Sprint("well", n))
	err := os.Remove(file)
	if !bad {
		err = os.WriteFile(file, nil, 0o600)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// checkOnce runs the check until it is not killed.
func (f *flips) checkOnce(t *testing.T, n int, kill func() bool) {
	for {
		c := exec.Command(f.binary, "check", fmt.Sprint("probe.flip", n), "-q")
		c.Dir, c.Env = f.dir, []string{"HOME=" + f.dir, "PATH=" + os.Getenv("PATH"), "VITALS_DATA_DIR=" + filepath.Join(f.dir, "data")}
		if err := c.Start(); err != nil {
			t.Error(err)
			return
		}
		doomed := kill()
		if doomed {
			time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = c.Process.Kill() })
		}
		if _ = c.Wait(); c.ProcessState.Exited() {
			return
		}
	}
}

// drain sends what killed processes left, once their leases are over.
func (f *flips) drain(t *testing.T) {
	deadline := time.Now().Add(3 * time.Minute)
	for len(f.waiting(t)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("messages still wait: %+v", f.waiting(t))
		}
		f.checkOnce(t, 0, func() bool { return false })
		time.Sleep(200 * time.Millisecond)
	}
}

func (f *flips) history(t *testing.T) *history.DB {
	db, err := history.Open(context.Background(), f.kept)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (f *flips) waiting(t *testing.T) []alerting.Outgoing {
	db := f.history(t)
	defer db.Close()
	all, err := db.Waiting(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// judge holds what arrived against what happened.
func (f *flips) judge(t *testing.T, inbox *mailbox, transitions int) {
	db := f.history(t)
	defer db.Close()
	ctx := context.Background()
	done, err := db.Transitions(ctx, time.Time{}, time.Now(), 1e6)
	done = changed(done)
	if err != nil || len(done) != transitions {
		t.Errorf("%d transitions, %v; want %d", len(done), err, transitions)
	}
	sent, err := db.Sent(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	hooked := 0
	for _, o := range sent {
		if o.Notice.Channel != "hook" {
			continue
		}
		hooked++
		if o.State != "sent" || inbox.copies[o.Notice.Message.Key] == 0 {
			t.Errorf("message %s is %s and arrived %d times", o.Notice.Message.Key, o.State, inbox.copies[o.Notice.Message.Key])
		}
	}
	if hooked != transitions || len(inbox.copies) != transitions {
		t.Errorf("%d messages were sent and %d arrived, for %d transitions", hooked, len(inbox.copies), transitions)
	}
	f.judgeOrder(t, inbox)
	f.judgeIncidents(t, db, transitions)
	second := 0
	for _, n := range inbox.copies {
		second += n - 1
	}
	t.Logf("%d transitions, %d messages, %d second copies with the same key", len(done), len(inbox.copies), second)
}

// changed leaves out transitions that are none: an alert only began to flap.
func changed(done []alerting.Transition) []alerting.Transition {
	return slices.DeleteFunc(done, func(d alerting.Transition) bool { return d.From == d.To })
}

// judgeOrder: of one check, the end of trouble comes after its beginning.
func (f *flips) judgeOrder(t *testing.T, inbox *mailbox) {
	last := map[string]string{}
	for _, r := range inbox.order {
		if last[r.check] == r.kind || last[r.check] == "" && r.kind != "firing" {
			t.Errorf("%s: %q came after %q", r.check, r.kind, last[r.check])
		}
		last[r.check] = r.kind
	}
}

// judgeIncidents: each firing opened one, each has its whole story.
func (f *flips) judgeIncidents(t *testing.T, db *history.DB, transitions int) {
	all, err := db.Incidents(context.Background(), history.IncidentFilter{})
	if err != nil || len(all) != transitions/2 {
		t.Errorf("%d incidents, %v; want %d", len(all), err, transitions/2)
	}
	for _, i := range all {
		_, timeline, err := db.Incident(context.Background(), i.ID)
		count := map[alerting.EntryKind]int{}
		for _, e := range timeline {
			count[e.Kind]++
		}
		// Two channels, the webhook and the log, are told twice.
		for kind, want := range map[alerting.EntryKind]int{
			alerting.EntryOpened: 1, alerting.EntryAlertFiring: 1, alerting.EntryAlertResolved: 1, alerting.EntryResolved: 1, alerting.EntryNotified: 4,
		} {
			if count[kind] != want || err != nil {
				t.Errorf("incident %s has %d entries %s, want %d (%v)", i.ID, count[kind], kind, want, err)
			}
		}
	}
}
