package host

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAQuestionThatHangsIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[string]
		var asked atomic.Int64
		release := make(chan struct{})
		question := func() string { asked.Add(1); <-release; return "at last" }
		began := time.Now()
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, ok := f.ask(ctx, "dead", question); ok {
				t.Error("an answer came from nowhere")
			}
			if got, ok := f.ask(t.Context(), "alive", func() string { return "here" }); !ok || got != "here" {
				t.Errorf("beside it: %q %v", got, ok)
			}
			cancel()
		}
		if took := time.Since(began); took != time.Second || asked.Load() != 1 {
			t.Errorf("asked %d times in %v; one wait is enough", asked.Load(), took)
		}
		close(release)
		synctest.Wait()
		if got, ok := f.ask(t.Context(), "dead", question); !ok || got != "at last" || asked.Load() != 2 {
			t.Errorf("once it is back: %q %v, asked %d times", got, ok, asked.Load())
		}
	})
}

func TestQuestionsAtTheSameTimeShareTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flights[int64]
		var asked atomic.Int64
		question := func() int64 { time.Sleep(time.Second); return asked.Add(1) }
		for range 5 {
			go func() {
				if got, ok := f.ask(t.Context(), "x", question); !ok || got != 1 {
					t.Errorf("%d %v", got, ok)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
	})
}
