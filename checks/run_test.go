package checks

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// deaf returns a check that ignores its context for as long as it is told.
func deaf(name string, d time.Duration) Check {
	return Check{Name: name, Timeout: time.Second, Do: func(context.Context) Result {
		time.Sleep(d)
		return OK("at last")
	}}
}

func TestRunHoldsTheDeadlineOfACheckThatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		r := Runner{}
		got := r.Run(t.Context(), []Check{deaf("deaf", time.Hour)})[0]
		if took := time.Since(started); took > time.Second+100*time.Millisecond {
			t.Errorf("took %s, promised 1 s and at most 100 ms", took)
		}
		if got.Status != Unknown || !strings.Contains(got.Summary, "did not stop") {
			t.Errorf("got %v %q", got.Status, got.Summary)
		}
		time.Sleep(2 * time.Hour) // let the deaf one end inside the bubble
	})
}

func TestRunLetsACheckPutItsOwnWordsToATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Check{Name: "polite", Timeout: time.Second, Do: func(ctx context.Context) Result {
			<-ctx.Done()
			time.Sleep(10 * time.Millisecond)
			return Fail("no answer within 1 s", ctx.Err())
		}}
		got := (&Runner{}).Run(t.Context(), []Check{c})[0]
		if got.Status != Unhealthy || got.Summary != "no answer within 1 s" {
			t.Errorf("got %v %q", got.Status, got.Summary)
		}
	})
}

func TestRunTurnsAPanicIntoUnknown(t *testing.T) {
	var told string
	r := Runner{Panicked: func(check string, _ any, stack []byte) {
		told = check
		if !strings.Contains(string(stack), "run_test.go") {
			t.Errorf("the stack does not lead to the fault:\n%s", stack)
		}
	}}
	got := r.Run(t.Context(), []Check{
		{Name: "broken", Do: func(context.Context) Result { panic("nil map") }},
		{Name: "fine", Do: func(context.Context) Result { return OK("") }},
	})
	if got[0].Status != Unknown || got[0].Error != "panic: nil map" || told != "broken" {
		t.Errorf("broken: %v %q, told of %q", got[0].Status, got[0].Error, told)
	}
	if got[1].Status != Healthy || got[1].Summary != "healthy" {
		t.Errorf("fine: %v %q", got[1].Status, got[1].Summary)
	}
}

func TestRunKeepsOrderAndBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		var list []Check
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			list = append(list, Check{Name: name, Do: func(context.Context) Result {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				time.Sleep(time.Second)
				return OK(name)
			}})
		}
		got := (&Runner{Concurrency: 3}).Run(t.Context(), list)
		for i, c := range list {
			if got[i].Check != c.Name || got[i].Summary != c.Name {
				t.Errorf("place %d has %s, want %s", i, got[i].Check, c.Name)
			}
		}
		if most.Load() != 3 {
			t.Errorf("%d at a time, want 3", most.Load())
		}
	})
}

func TestRunNamesFailedDependencies(t *testing.T) {
	answer := func(r Result) func(context.Context) Result { return func(context.Context) Result { return r } }
	got := (&Runner{}).Run(t.Context(), []Check{
		{Name: "app", DependsOn: []string{"database", "redis", "elsewhere"}, Do: answer(Fail("500", nil))},
		{Name: "database", Do: answer(Fail("refused", nil))},
		{Name: "redis", Do: answer(Warn("slow"))},
	})
	if f := got[0].FailedDependencies; len(f) != 1 || f[0] != "database" {
		t.Errorf("failed dependencies %v, want database alone", f)
	}
}

func TestRunRedacts(t *testing.T) {
	r := Runner{Redactor: NewRedactor("postgres://app:hunter%2Fse@db/x", "tok-12345")}
	c := Check{Name: "leaky", Do: func(context.Context) Result {
		res := Fail("cannot reach postgres://app:hunter%2Fse@db/x", errors.New("password hunter/se refused for tok-12345"))
		res.Hint = "try redis://:other@host:1"
		res.Tables = []Table{{Name: "t", Columns: []Column{{Name: "q"}}, Rows: [][]any{{"password='x y'"}}}}
		return res.Add(Text("dsn", "host=a password=hunter/se user=b"))
	}}
	got := r.Run(t.Context(), []Check{c})[0]
	all := strings.Join([]string{got.Summary, got.Error, got.Hint, got.Facts[0].Value.(string), got.Tables[0].Rows[0][0].(string)}, "\n")
	for _, secret := range []string{"hunter", "tok-12345", "other@", "x y"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is shown:\n%s", secret, all)
		}
	}
}

func TestRedactorKnowsAddressesThatCannotBeParsed(t *testing.T) {
	for address, secret := range map[string]string{
		"postgres://app:pass#word?x@db/app":            "pass#word?x",
		"postgres://app:two-hosts@a:1,b:2/app":         "two-hosts",
		"redis://:only%2Dpassword@cache":               "only-password",
		"http://x/?token=in-query&a=b":                 "in-query",
		"postgres://app:with@sign@db/app":              "with@sign",
		"https://u:p%40ss%2Fword@h/?api_key=k%2Fey123": "k/ey123",
	} {
		said := NewRedactor(Secret(address)).Redact("could not use " + secret + " there")
		if strings.Contains(said, secret) {
			t.Errorf("%s: %s", address, said)
		}
	}
	if said := NewRedactor("postgres://postgres:postgres@db/app").Redact("role postgres may not log in"); said != "role postgres may not log in" {
		t.Errorf("a name was taken for a secret: %s", said)
	}
}

func TestOverall(t *testing.T) {
	for name, c := range map[string]struct {
		results []Result
		want    Status
	}{
		"nothing":                       {nil, Healthy},
		"worst wins":                    {[]Result{{Status: Degraded}, {Status: Unhealthy, Critical: true}, {Status: Healthy}}, Unhealthy},
		"memory does not hide database": {[]Result{{Status: Unhealthy, Critical: true}, {Status: Degraded}}, Unhealthy},
		"not critical only degrades":    {[]Result{{Status: Unhealthy}}, Degraded},
		"unknown is below degraded":     {[]Result{{Status: Unknown, Critical: true}, {Status: Degraded}}, Degraded},
		"unknown is above healthy":      {[]Result{{Status: Unknown}, {Status: Healthy}}, Unknown},
	} {
		if got := Overall(c.results); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSelect(t *testing.T) {
	list := []Check{{Name: "database", Tags: []string{"core"}}, {Name: "database.pool"}, {Name: "database@replica"}, {Name: "databases"}, {Name: "probe.web", Tags: []string{"core"}}}
	for words, want := range map[string]string{
		"":               "database database.pool database@replica databases probe.web",
		"database":       "database database.pool database@replica",
		"database.pool":  "database.pool",
		"core":           "database probe.web",
		"probe.*":        "probe.web",
		"core databases": "database databases probe.web",
	} {
		got, unmatched := Select(list, strings.Fields(words))
		var names []string
		for _, c := range got {
			names = append(names, c.Name)
		}
		if strings.Join(names, " ") != want || unmatched != nil {
			t.Errorf("%q selects %v (unmatched %v), want %s", words, names, unmatched, want)
		}
	}
	if _, unmatched := Select(list, []string{"core", "redsi"}); len(unmatched) != 1 || unmatched[0] != "redsi" {
		t.Errorf("unmatched %v, want redsi", unmatched)
	}
}

func TestBoardSharesOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		b := NewBoard(&Runner{}, []Check{{Name: "database", Do: func(context.Context) Result {
			asked.Add(1)
			time.Sleep(100 * time.Millisecond)
			return OK("fine")
		}}}, nil)
		for range 3 {
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() {
					if res := b.All(t.Context(), time.Second)[0]; res.Status != Healthy {
						t.Errorf("got %v", res.Status)
					}
				})
			}
			wg.Wait()
			time.Sleep(2 * time.Second)
		}
		if asked.Load() != 3 {
			t.Errorf("3,000 questions cost %d probes, want 3", asked.Load())
		}
	})
}

func TestBoardDoesNotPileUpOnACheckThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int64
		release := make(chan struct{})
		b := NewBoard(&Runner{}, []Check{{Name: "nfs", Timeout: time.Second, Do: func(context.Context) Result {
			started.Add(1)
			<-release
			return OK("back")
		}}}, nil)
		first, _ := b.Get(t.Context(), "nfs", 0)
		second, _ := b.Get(t.Context(), "nfs", 0)
		if started.Load() != 1 {
			t.Errorf("started %d times while it hung", started.Load())
		}
		if first.Status != Unknown || second.Status != Unknown || !strings.Contains(second.Summary, "still hangs") {
			t.Errorf("got %v, then %v %q", first.Status, second.Status, second.Summary)
		}
		close(release)
		synctest.Wait()
		if third, _ := b.Get(t.Context(), "nfs", 0); third.Status != Healthy {
			t.Errorf("after it came back: %v %q", third.Status, third.Summary)
		}
	})
}

func TestBoardServesTheImpatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard(&Runner{}, []Check{deaf("slow", 500*time.Millisecond)}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if res, _ := b.Get(ctx, "slow", 0); res.Status != Unknown || res.Check != "slow" {
			t.Errorf("nothing known yet: %v of %q", res.Status, res.Check)
		}
		if res, _ := b.Get(t.Context(), "slow", time.Minute); res.Status != Healthy {
			t.Errorf("the run under way was spoilt: %v %q", res.Status, res.Summary)
		}
		if _, ok := b.Get(t.Context(), "unheard of", 0); ok {
			t.Error("a name nobody has was found")
		}
	})
}

func TestKeepRunsEachOnItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var every10, every60 atomic.Int64
		count := func(n *atomic.Int64) func(context.Context) Result {
			return func(context.Context) Result { n.Add(1); return OK("") }
		}
		b := NewBoard(&Runner{}, []Check{
			{Name: "often", Interval: 10 * time.Second, Do: count(&every10)},
			{Name: "default", Do: count(&every60)},
		}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.Keep(ctx, time.Minute) }()
		synctest.Wait()
		if every10.Load() != 1 || every60.Load() != 1 {
			t.Errorf("the first round ran %d and %d, want both at once", every10.Load(), every60.Load())
		}
		time.Sleep(10 * time.Minute)
		cancel()
		<-done
		if n := every10.Load(); n < 59 || n > 61 {
			t.Errorf("every 10 s for 10 min: %d runs", n)
		}
		if n := every60.Load(); n < 10 || n > 11 {
			t.Errorf("every minute for 10 min: %d runs", n)
		}
	})
}

func TestSplaySpreads(t *testing.T) {
	var early int
	for i := range 1000 {
		s := Splay("probe.site"+string(rune('a'+i%26))+strings.Repeat("x", i/26), time.Minute)
		if s < 0 || s >= time.Minute {
			t.Fatalf("splay %s is outside its interval", s)
		}
		if s < 30*time.Second {
			early++
		}
	}
	if early < 400 || early > 600 {
		t.Errorf("%d of 1000 fall into the first half minute", early)
	}
	if got := Splay("database", time.Minute); got.Round(time.Second) != 52*time.Second {
		t.Errorf("the splay of a name has changed to %s: replicas of two versions would fall on the same moments", got)
	}
}
