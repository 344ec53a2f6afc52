package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitals/alerting"
	"vitals/checks"
)

// memory is an outbox that keeps the promises of the real one.
type memory struct {
	mu    sync.Mutex
	all   []*waiting
	holds map[string]time.Time
}

type waiting struct {
	alerting.Outgoing
	leased time.Time
}

func (m *memory) put(notices ...alerting.Notice) {
	for _, n := range notices {
		m.all = append(m.all, &waiting{Outgoing: alerting.Outgoing{Seq: int64(len(m.all)), Notice: n, State: "waiting", CreatedAt: time.Now(), DueAt: time.Now()}})
	}
}

func (m *memory) Lease(_ context.Context, _, channel string, lease time.Duration) (alerting.Outgoing, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Before(m.holds[channel]) {
		return alerting.Outgoing{}, false, nil
	}
	var best *waiting
	for _, w := range m.all {
		if w.State == "waiting" && w.Notice.Channel == channel && !w.DueAt.After(now) && !w.leased.After(now) && (best == nil || w.Attempts < best.Attempts) {
			best = w
		}
	}
	if best == nil {
		return alerting.Outgoing{}, false, nil
	}
	best.leased = now.Add(lease)
	best.Attempts++
	return best.Outgoing, true, nil
}

func (m *memory) settle(o alerting.Outgoing, state string, notices []alerting.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[o.Seq].State = state
	m.put(notices...)
	return nil
}

func (m *memory) Delivered(_ context.Context, o alerting.Outgoing) error {
	return m.settle(o, "sent", nil)
}

func (m *memory) GiveUp(_ context.Context, o alerting.Outgoing, _ string, instead ...alerting.Notice) error {
	return m.settle(o, "dead", instead)
}

func (m *memory) Failed(_ context.Context, o alerting.Outgoing, r alerting.Retry, also ...alerting.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[o.Seq].DueAt, m.all[o.Seq].leased = r.At, time.Time{}
	m.holds[o.Notice.Channel] = r.ChannelAt
	m.put(also...)
	return nil
}

func (m *memory) states(channel string) map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := map[string]int{}
	for _, w := range m.all {
		if w.Notice.Channel == channel {
			count[w.State]++
		}
	}
	return count
}

// scripted is a channel that does what its function says.
type scripted struct {
	mu    sync.Mutex
	asked []time.Time
	do    func(ctx context.Context, m Message) error
}

func (s *scripted) Send(ctx context.Context, m Message) error {
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	s.mu.Unlock()
	return s.do(ctx, m)
}

func notices(channel string, n int) (all []alerting.Notice) {
	for i := range n {
		all = append(all, alerting.Notice{Channel: channel, Message: alerting.Message{Key: fmt.Sprint(channel, i), Title: fmt.Sprint("message ", i)}})
	}
	return all
}

func newTestDrain(m *memory, channels map[string]*scripted, fallback string) *Drain {
	lines := map[string]Line{}
	for name, s := range channels {
		lines[name] = Line{Channel: s, Timeout: 10 * time.Second}
	}
	return &Drain{Outbox: m, Lines: lines, Fallback: fallback, By: "test", Log: slog.New(slog.DiscardHandler), Now: time.Now, Redactor: checks.NewRedactor()}
}

func fine(context.Context, Message) error { return nil }

// TestReceiversThatMisbehave: one that answers 500, one that asks to be left
// alone, one that hangs and one that breaks off, each for ten minutes. Nothing
// is lost, none is hammered, and the healthy one does not notice.
func TestReceiversThatMisbehave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := time.Now().Add(10 * time.Minute)
		until := func(trouble func(ctx context.Context) error) func(context.Context, Message) error {
			return func(ctx context.Context, _ Message) error {
				if time.Now().Before(well) {
					return trouble(ctx)
				}
				return nil
			}
		}
		channels := map[string]*scripted{
			"healthy": {do: fine},
			"broken":  {do: until(func(context.Context) error { return &Error{Retry: true, Status: 500, What: "answered 500"} })},
			"busy": {do: until(func(context.Context) error {
				return &Error{Retry: true, Status: 429, After: 2 * time.Minute, What: "answered 429"}
			})},
			"hanging": {do: until(func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
				defer cancel()
				<-ctx.Done()
				return &Error{Retry: true, What: "did not answer in time"}
			})},
			"abrupt": {do: until(func(context.Context) error { return errors.New("connection reset") })},
		}
		m := &memory{holds: map[string]time.Time{}}
		for name := range channels {
			m.put(notices(name, 50)...)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		newTestDrain(m, channels, "").Run(ctx, 5*time.Second, nil)
		for name, c := range channels {
			if states := m.states(name); states["sent"] != 50 {
				t.Errorf("%s: %v, want 50 sent", name, states)
			}
			early := 0
			for _, at := range c.asked {
				if at.Before(well) {
					early++
				}
			}
			t.Logf("%s: asked %d times, %d of them while it was unwell", name, len(c.asked), early)
			// 50 messages in ten minutes: a try every few seconds at the most, and for
			// the one that asked for two minutes, one every two.
			most := map[string]int{"healthy": 50, "broken": 150, "busy": 6, "hanging": 60, "abrupt": 150}[name]
			if early > most {
				t.Errorf("%s was asked %d times within ten minutes", name, early)
			}
		}
		if last := channels["healthy"].asked[49].Sub(began); last > time.Second {
			t.Errorf("the healthy one had its last message after %s", last)
		}
		for i := 1; i < len(channels["busy"].asked); i++ {
			if gap := channels["busy"].asked[i].Sub(channels["busy"].asked[i-1]); channels["busy"].asked[i].Before(well) && gap < 2*time.Minute {
				t.Errorf("the busy one was asked again after %s", gap)
			}
		}
	})
}

// TestWhatCannotBeDelivered goes to the fallback channel: at once when the
// receiver refuses it for good, and after some tries beside them; and is given
// up after a day.
func TestWhatCannotBeDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		channels := map[string]*scripted{
			"refuses": {do: func(context.Context, Message) error { return &Error{Status: 404, What: "answered 404"} }},
			"gone":    {do: func(context.Context, Message) error { return &Error{Retry: true, What: "refuses connections"} }},
			"panics":  {do: func(context.Context, Message) error { panic("a fault") }},
			"mail":    {do: func(_ context.Context, m Message) error { heard = append(heard, m.Text); return nil }},
		}
		m := &memory{holds: map[string]time.Time{}}
		for _, name := range []string{"refuses", "gone", "panics"} {
			m.put(notices(name, 1)...)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 26*time.Hour)
		defer cancel()
		newTestDrain(m, channels, "mail").Run(ctx, 5*time.Second, nil)
		for _, name := range []string{"refuses", "gone", "panics"} {
			if states := m.states(name); states["dead"] != 1 {
				t.Errorf("%s: %v, want it given up", name, states)
			}
			if !slices.ContainsFunc(heard, func(text string) bool { return strings.Contains(text, "because "+name+" could not be reached") }) {
				t.Errorf("the fallback did not hear of %s: %q", name, heard)
			}
		}
		if n := len(channels["refuses"].asked); n != 1 {
			t.Errorf("the one that refuses was asked %d times", n)
		}
	})
}

// TestStopping: a message that is under way when Vitals ends is tried again at
// once by the next process, and nobody is to blame.
func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &scripted{do: func(ctx context.Context, _ Message) error {
			<-ctx.Done()
			return &Error{Retry: true, What: "was not waited for", ended: context.Canceled}
		}}
		m := &memory{holds: map[string]time.Time{}}
		m.put(notices("slow", 1)...)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		newTestDrain(m, map[string]*scripted{"slow": slow}, "").Run(ctx, 5*time.Second, nil)
		slow.do = fine
		if tally := newTestDrain(m, map[string]*scripted{"slow": slow}, "").Once(t.Context()); tally.Delivered != 1 {
			t.Errorf("%+v, want it delivered", tally)
		}
	})
}
