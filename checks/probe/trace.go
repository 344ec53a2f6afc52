package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"vitals/checks"
)

// stage is how far a conversation has come.
type stage uint8

const (
	stageName stage = iota // looking up the name
	stageConnect
	stageTLS
	stageAsk
	stageBody
)

// trace measures the phases of one conversation, over all its redirects. The
// resolver and the dialer call it from several goroutines, even after the
// answer is there.
type trace struct {
	mu      sync.Mutex
	started time.Time
	at      stage
	phases  map[string]time.Duration
	begun   map[string]time.Time
	ip      string
}

// The phases, in the order in which they happen.
var phaseNames = []string{"dns", "connect", "tls", "first_byte", "total"}

func newTrace() *trace {
	return &trace{started: time.Now(), at: stageConnect, phases: map[string]time.Duration{}, begun: map[string]time.Time{}}
}

// with makes package net report to the trace.
func (t *trace) with(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { t.begin("dns", stageName) },
		DNSDone:  func(httptrace.DNSDoneInfo) { t.end("dns", stageConnect) },
		ConnectStart: func(string, string) {
			t.begin("connect", stageConnect)
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				t.end("connect", stageAsk)
			}
		},
		TLSHandshakeStart: func() { t.begin("tls", stageTLS) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				t.end("tls", stageAsk)
			}
		},
		GotConn: func(i httptrace.GotConnInfo) { t.connected(i.Conn) },
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.begin("first_byte", stageAsk)
		},
		GotFirstResponseByte: func() { t.end("first_byte", stageBody) },
	})
}

// begin starts a phase, unless a parallel attempt has started it.
func (t *trace) begin(phase string, at stage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
	if t.begun[phase].IsZero() {
		t.begun[phase] = time.Now()
	}
}

// end adds a phase to its sum over all redirects; of parallel attempts the
// first that succeeds counts.
func (t *trace) end(phase string, next stage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if begun := t.begun[phase]; !begun.IsZero() {
		t.phases[phase] += time.Since(begun)
		delete(t.begun, phase)
		t.at = next
	}
}

func (t *trace) connected(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if host, _, err := net.SplitHostPort(c.RemoteAddr().String()); err == nil {
		t.ip = host
	}
}

// finish closes the measurement.
func (t *trace) finish() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phases["total"] = time.Since(t.started)
	return t.phases["total"]
}

func (t *trace) stage() stage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// onto adds the phases to a result: as facts, nil where a phase did not
// happen, and as samples.
func (t *trace) onto(res checks.Result, probe string, degraded, unhealthy time.Duration) checks.Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range phaseNames {
		d, ok := t.phases[name]
		if !ok {
			res.Facts = append(res.Facts, checks.Unmeasured(name, checks.KindDuration))
			continue
		}
		f := checks.Duration(name, d)
		if name == "total" {
			f = judged(f, degraded, unhealthy)
		}
		res.Facts = append(res.Facts, f)
		res = res.Measure("vitals_probe_phase_seconds", d.Seconds(), "probe", probe, "phase", name)
	}
	if t.ip == "" {
		return res.Add(checks.Unmeasured("ip", checks.KindText))
	}
	return res.Add(checks.Text("ip", t.ip))
}

// trouble words why a conversation failed.
func (t *trace) trouble(ctx context.Context, err error) checks.Trouble {
	at := t.stage()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return checks.Trouble{Status: checks.Unknown, What: "was not heard to the end: the check was interrupted"}
	case ctx.Err() != nil, checks.TimedOut(err):
		return silent(at, checks.Patience(ctx, t.started))
	}
	if address, ok := errors.AsType[*net.AddrError](err); ok && strings.Contains(address.Err, "no suitable address") {
		return checks.Trouble{Status: checks.Unhealthy, What: "has no address of this IP version", Hint: "Set ip_version to any, or give the name an address of that version."}
	}
	if trouble, ok := checks.TLSTrouble(err, time.Now()); ok {
		return trouble
	}
	trouble, ok := checks.NetworkTrouble(err)
	if !ok {
		return checks.Trouble{Status: checks.Unhealthy, What: "could not be asked", Hint: "Error has the details."}
	}
	if at == stageTLS && strings.HasPrefix(trouble.What, "closed") {
		trouble.What = "closed the connection instead of agreeing on TLS"
	}
	return trouble
}

// silent words an end of time.
func silent(at stage, patience string) checks.Trouble {
	const overloaded = "It hangs, is overloaded, or something else listens there: look at its log and load."
	switch at {
	case stageName:
		return checks.Trouble{Status: checks.Unhealthy, What: "cannot be found: no name server answered within " + patience,
			Hint: "Look at the DNS of this machine: resolv.conf, and whether the name server answers."}
	case stageConnect:
		return checks.Trouble{Status: checks.Unhealthy, What: "cannot be reached: nothing came back within " + patience,
			Hint: "Packets are lost on the way: look at firewalls and security groups, at the route, and whether that machine runs."}
	case stageTLS:
		return checks.Trouble{Status: checks.Unhealthy, What: "accepts connections but did not agree on TLS within " + patience, Hint: overloaded}
	case stageBody:
		return checks.Trouble{Status: checks.Unhealthy, What: "began to answer but did not finish within " + patience,
			Hint: "Look at what makes it slow: a query, a full disk or network; or raise timeout if it is meant to take so long."}
	}
	return checks.Trouble{Status: checks.Unhealthy, What: "accepts connections but did not answer within " + patience, Hint: overloaded}
}
