package probe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
	"vitals/internal/testenv"
)

// check makes the only check of some settings.
func check(t testing.TB, o checks.Options) checks.Check {
	t.Helper()
	if p := o.Problems(); p != nil {
		t.Fatalf("the settings of the test are wrong: %v", p)
	}
	list := o.Checks()
	if len(list) != 1 {
		t.Fatalf("%d checks, want 1", len(list))
	}
	return list[0]
}

func run(t testing.TB, o checks.Options, timeout time.Duration) checks.Result {
	t.Helper()
	return (&checks.Runner{Timeout: timeout}).Run(t.Context(), []checks.Check{check(t, o)})[0]
}

func ask(t testing.TB, o checks.Options) checks.Result { t.Helper(); return run(t, o, 5*time.Second) }

// want compares status and a part of the summary, and demands a hint where
// something is wrong.
func want(t testing.TB, got checks.Result, status checks.Status, says string) {
	t.Helper()
	if got.Status != status || !strings.Contains(got.Summary, says) {
		t.Errorf("got %v: %s\n(hint: %s; error: %s)\nwant %v and %q", got.Status, got.Summary, got.Hint, got.Error, status, says)
	}
	if got.Status != checks.Healthy && got.Hint == "" {
		t.Errorf("no hint with: %s", got.Summary)
	}
}

// fact returns a fact's value, and fails the test when there is no such fact.
func fact(t testing.TB, r checks.Result, name string) any {
	t.Helper()
	f, ok := r.Fact(name)
	if !ok {
		t.Errorf("no fact %q in: %s", name, r.Summary)
	}
	return f.Value
}

// sample returns the value of a sample, and whether there is one.
func sample(r checks.Result, name string, labels ...string) (float64, bool) {
	for _, s := range r.Samples {
		same := s.Name == name
		for i := 0; i+1 < len(labels); i += 2 {
			same = same && s.Labels[labels[i]] == labels[i+1]
		}
		if same {
			return s.Value, true
		}
	}
	return 0, false
}

func TestKinds(t *testing.T) {
	last := ""
	for _, k := range probe.Kinds() {
		if k.Name <= last {
			t.Errorf("%q stands after %q", k.Name, last)
		}
		last = k.Name
		if k.Help == "" || !strings.HasPrefix(k.Example, "- kind: "+k.Name+"\n") {
			t.Errorf("%s: help %q, example %q", k.Name, k.Help, k.Example)
		}
		if a, b := k.New(), k.New(); a == b {
			t.Errorf("%s: two probes share their settings", k.Name)
		}
		if p := k.New().Problems(); len(p) < 2 {
			t.Errorf("%s: empty settings have the problems %v, want at least a name and what to probe", k.Name, p)
		}
	}
}

// Whatever a probe of the network meets, it ends in time and says what it met.
func TestSilenceEndsInTime(t *testing.T) {
	const timeout = 300 * time.Millisecond
	hole, dropping := testenv.BlackHole(t), testenv.Dropping(t)
	for name, c := range map[string]struct {
		options checks.Options
		says    string
	}{
		"http hole":      {get("http://" + hole), "did not answer within 300ms"},
		"http dropping":  {get("http://" + dropping), "nothing came back within 300ms"},
		"https hole":     {get("https://" + hole), "did not agree on TLS within 300ms"},
		"tcp dropping":   {port(dropping, nil), "nothing came back within 300ms"},
		"tcp expects":    {port(hole, func(o *probe.TCPOptions) { o.Expect = "^220" }), "did not answer within 300ms"},
		"tcp TLS":        {port(hole, func(o *probe.TCPOptions) { o.TLS.Enabled = true }), "did not agree on TLS within 300ms"},
		"tls hole":       {certificate(hole, nil), "did not agree on TLS within 300ms"},
		"tls dropping":   {certificate(dropping, nil), "nothing came back within 300ms"},
		"dns no answer":  {look("x.example.", "A", silentServer(t)), "gave no answer within 300ms"},
		"command sleeps": {command("sleep", "10"), "was not done within 300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			got := run(t, c.options, timeout)
			want(t, got, checks.Unhealthy, c.says)
			if d := time.Since(started); d > timeout+100*time.Millisecond {
				t.Errorf("took %s, allowed are %s and 100 ms", d, timeout)
			}
			if _, ok := sample(got, "vitals_probe_phase_seconds", "probe", "it", "phase", "total"); !ok {
				t.Error("no sample of the time it took")
			}
		})
	}
}

func TestInterruptedIsUnknown(t *testing.T) {
	hole := testenv.BlackHole(t)
	for name, o := range map[string]checks.Options{
		"http":    get("http://" + hole),
		"tcp":     port(hole, func(o *probe.TCPOptions) { o.Expect = "x" }),
		"tls":     certificate(hole, nil),
		"dns":     look("x.example", "A", silentServer(t)),
		"command": command("sleep", "10"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(30*time.Millisecond, cancel)
			got := (&checks.Runner{}).Run(ctx, []checks.Check{check(t, o)})[0]
			if got.Status != checks.Unknown || got.Duration > time.Second || !strings.Contains(got.Summary, "interrupted") {
				t.Errorf("after %s: %v %s", got.Duration, got.Status, got.Summary)
			}
		})
	}
}

func TestNetworkTrouble(t *testing.T) {
	refused := testenv.Refused(t)
	for name, c := range map[string]struct {
		options checks.Options
		says    string
	}{
		"http refused":      {get("http://" + refused), "refuses connections"},
		"http no such host": {get("http://no-such-host.invalid/"), `cannot be found`},
		"tcp refused":       {port(refused, nil), "refuses connections"},
		"tcp no such host":  {port("no-such-host.invalid:1", nil), "cannot be found"},
		"tls refused":       {certificate(refused, nil), "refuses connections"},
		"no IPv6":           {port(refused, func(o *probe.TCPOptions) { o.IPVersion = "ipv6" }), "has no address of this IP version"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, c.options)
			want(t, got, checks.Unhealthy, c.says)
			if got.Error == "" {
				t.Error("no error text")
			}
		})
	}
}

func TestCommonSettings(t *testing.T) {
	o := get("http://127.0.0.1:1")
	o.Disabled = true
	if list := o.Checks(); len(list) != 0 {
		t.Errorf("%d checks though disabled", len(list))
	}
	o.Disabled, o.Tags, o.Timeout = false, []string{"web"}, time.Second
	c := o.Checks()[0]
	if c.Name != "probe.it" || !c.Critical || c.Timeout != time.Second || !c.Matches("web") || !c.Matches("probe") {
		t.Errorf("%+v", c)
	}
}

func get(url string) *probe.HTTPOptions {
	o := probe.NewHTTPOptions()
	o.Name, o.URL = "it", probe.Address(url)
	return o
}

func port(address string, change func(*probe.TCPOptions)) *probe.TCPOptions {
	o := probe.NewTCPOptions()
	o.Name, o.Address = "it", address
	if change != nil {
		change(o)
	}
	return o
}

func certificate(address string, change func(*probe.CertificateProbe)) *probe.CertificateProbe {
	o := probe.NewCertificateProbe()
	o.Name, o.Address = "it", address
	if change != nil {
		change(o)
	}
	return o
}

func look(name, kind, server string) *probe.DNSOptions {
	o := probe.NewDNSOptions()
	o.Name, o.Query, o.Type, o.Server = "it", name, kind, server
	return o
}

func command(args ...string) *probe.CommandOptions {
	o := probe.NewCommandOptions()
	o.Name, o.Command = "it", args
	return o
}

func TestSecretsInSettingsAreHidden(t *testing.T) {
	h := get("https://user:MARKED@example.com/path?token=MARKED")
	h.Headers = []probe.Header{{Name: "X-Api-Key", Value: "MARKED"}}
	h.Body, h.BearerToken, h.BasicAuth.Password = "MARKED", "MARKED", "MARKED"
	c := command("x")
	c.Env = []probe.Variable{{Name: "TOKEN", Value: "MARKED"}}
	tcp := port("h:1", func(o *probe.TCPOptions) { o.Send = "MARKED" })
	all := fmt.Sprintf("%v %+v %#v %v %+v %#v %+v %#v", *h, *h, *h, *c, *c, *c, *tcp, *tcp)
	if strings.Contains(all, "MARKED") {
		t.Errorf("shows a secret: %s", all)
	}
	for address, shown := range map[probe.Address]string{
		"":                               "",
		"https://u:p@h:8443/a%2Fb?x=y#z": "https://h:8443/a%2Fb?…",
		"https://h":                      "https://h",
		"not an address with MARKED":     "[hidden: not a complete address]",
		"https://u:p@[broken":            "[hidden: not a complete address]",
	} {
		text, err := address.MarshalText()
		if err != nil || string(text) != shown || address.String() != shown {
			t.Errorf("%s is shown as %q", string(address), text)
		}
	}
}
