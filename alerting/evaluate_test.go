package alerting

import (
	"errors"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// life runs a rule against one evaluation a minute. Each rune of the script is
// one minute: x holds, . does not, ? no data, ! the evaluation failed.
func life(rule Rule, script string) (phases string, done []Transition) {
	var alerts []Alert
	for i, r := range script {
		var o Observation
		switch r {
		case 'x':
			o.Series = []Series{{Labels: map[string]string{"check": "database"}, Value: float64(i)}}
		case '?':
			o.NoData = true
		case '!':
			o.Err = errors.New("out of disk")
		}
		var t []Transition
		alerts, t = Evaluate(rule, alerts, o, start.Add(time.Duration(i)*time.Minute))
		done = append(done, t...)
		switch {
		case len(alerts) == 0 || !alerts[0].Live():
			phases += "-"
		case alerts[0].Stale:
			phases += "s"
		default:
			phases += string(alerts[0].Phase[0])
		}
	}
	return phases, done
}

func TestLifeOfAnAlert(t *testing.T) {
	rule := Rule{Name: "down", Severity: "critical", For: 2 * time.Minute}
	keep := Rule{Name: "down", Severity: "critical", KeepFiringFor: 2 * time.Minute}
	for name, c := range map[string]struct {
		rule        Rule
		script      string
		phases      string
		transitions []Phase
	}{
		"at once without for":                     {Rule{Name: "r"}, ".x.", "-f-", []Phase{Firing, Resolved}},
		"for must be over":                        {rule, "xx.xxx", "pp-ppf", []Phase{Pending, Pending, Firing}},
		"a gap starts for again":                  {rule, "xx.xx.", "pp-pp-", []Phase{Pending, Pending}},
		"keep firing":                             {keep, "x.x...", "fffff-", []Phase{Firing, Resolved}},
		"keep firing counts from when it is gone": {keep, "x.xx.xx...", "fffffffff-", []Phase{Firing, Resolved}},
		"no data keeps firing":                    {rule, "xxx???.", "ppfsss-", []Phase{Pending, Firing, Resolved}},
		"an error keeps firing":                   {rule, "xxx!!x", "ppfssf", []Phase{Pending, Firing}},
		"no data opens nothing":                   {rule, "???", "---", nil},
	} {
		phases, done := life(c.rule, c.script)
		if phases != c.phases {
			t.Errorf("%s: phases %s, want %s", name, phases, c.phases)
		}
		if len(done) != len(c.transitions) {
			t.Errorf("%s: %d transitions, want %v", name, len(done), c.transitions)
			continue
		}
		for i, to := range c.transitions {
			if done[i].To != to {
				t.Errorf("%s: transition %d to %s, want %s", name, i, done[i].To, to)
			}
		}
	}
}

func TestEachSeriesIsAnAlertOfItsOwn(t *testing.T) {
	rule := Rule{Name: "r", Severity: "warning", Labels: map[string]string{"team": "db"}, Annotations: map[string]string{
		"summary": "{{ $labels.check }} is at {{$value}} {{ $unknown }}",
	}}
	two := Observation{Series: []Series{
		{Labels: map[string]string{"__name__": "up", "check": "a", "team": "x"}, Value: 0.123456},
		{Labels: map[string]string{"check": "b"}, Value: 2},
	}}
	alerts, done := Evaluate(rule, nil, two, start)
	if len(alerts) != 2 || len(done) != 2 || alerts[0].ID == alerts[1].ID {
		t.Fatalf("%d alerts, %d transitions", len(alerts), len(done))
	}
	for _, a := range alerts {
		if a.Labels["team"] != "db" || a.Labels["alertname"] != "r" || a.Labels["severity"] != "warning" || a.Labels["__name__"] != "" {
			t.Errorf("labels %v", a.Labels)
		}
		if want := map[string]string{"a": "a is at 0.1235 {{ $unknown }}", "b": "b is at 2 {{ $unknown }}"}[a.Labels["check"]]; a.Annotations["summary"] != want {
			t.Errorf("summary %q, want %q", a.Annotations["summary"], want)
		}
	}
	alerts, done = Evaluate(rule, alerts, Observation{Series: two.Series[1:]}, start.Add(time.Minute))
	if len(alerts) != 2 || alerts[0].Live() == alerts[1].Live() || len(done) != 1 || done[0].Alert.Labels["check"] != "a" || done[0].To != Resolved {
		t.Errorf("after one recovered: %d alerts, transitions %v", len(alerts), done)
	}
}

func TestTransitionKeys(t *testing.T) {
	_, first := life(Rule{Name: "r"}, "x.x")
	_, again := life(Rule{Name: "r"}, "x.x")
	seen := map[string]bool{}
	for i := range first {
		if first[i].Key() != again[i].Key() {
			t.Errorf("the same transition has keys %s and %s", first[i].Key(), again[i].Key())
		}
		if seen[first[i].Key()] {
			t.Errorf("two transitions share the key %s", first[i].Key())
		}
		seen[first[i].Key()] = true
	}
}

func TestFlaps(t *testing.T) {
	var f Flaps
	began := 0
	for i := range 40 {
		var change FlapChange
		f, change = f.Add(i%2 == 0)
		if change == FlapBegan {
			began = i
		}
	}
	// All 20 changes: the weights 0.80, 0.82 … 1.18 add up to 19.8 of 20.
	if !f.Flapping || f.Percent() < 98.9 || f.Percent() > 99.1 {
		t.Errorf("alternating: flapping %v at %.2f %%", f.Flapping, f.Percent())
	}
	// Each new change weighs 1.18, 1.16 …: 30 % of 20 needs six of them.
	if began != 6 {
		t.Errorf("began at the %dth state, want the 6th", began)
	}
	steady := 0
	for f.Flapping {
		f, _ = f.Add(true)
		steady++
	}
	if steady < 14 || steady > 18 {
		t.Errorf("ceased after %d steady states", steady)
	}
	if one, change := (Flaps{}).Add(true); change != FlapSame || one.Percent() != 0 {
		t.Error("the first state is no change")
	}
}

func TestSilences(t *testing.T) {
	s := Silence{From: start, Until: start.Add(time.Hour), Matchers: []Matcher{{"alertname", "=~", "high_.*"}, {"team", "!=", "db"}}}
	labels := map[string]string{"alertname": "high_error_rate"}
	for name, c := range map[string]struct {
		labels map[string]string
		at     time.Time
		want   bool
	}{
		"covered":          {labels, start, true},
		"before":           {labels, start.Add(-time.Second), false},
		"at its end":       {labels, start.Add(time.Hour), false},
		"other team":       {map[string]string{"alertname": "high_error_rate", "team": "db"}, start, false},
		"pattern anchored": {map[string]string{"alertname": "very_high_error_rate"}, start, false},
	} {
		if _, got := Silenced([]Silence{s}, c.labels, c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if MatchAll(nil, labels) {
		t.Error("a silence without matchers quietens everything")
	}
}

func TestParseMatcher(t *testing.T) {
	for text, want := range map[string]string{
		"database_unavailable": `alertname="database_unavailable"`,
		"severity=critical":    `severity="critical"`,
		`check != "a b"`:       `check!="a b"`,
		"check=~probe[.].*":    `check=~"probe[.].*"`,
		"x!~y":                 `x!~"y"`,
		"a=":                   `a=""`,
	} {
		m, err := ParseMatcher(text)
		if err != nil || m.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, m, err, want)
		}
	}
	for _, text := range []string{"", "=x", "a=~(", "a b=c", "{}"} {
		if m, err := ParseMatcher(text); err == nil {
			t.Errorf("%q was read as %v", text, m)
		}
	}
}
