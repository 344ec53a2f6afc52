package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// Problems implements checks.Options.
func (o *DNSOptions) Problems() []checks.Problem {
	p := &problems{}
	p.name(o.Name)
	switch {
	case o.Query == "":
		p.missing("query", "the name to look up, such as www.example.com")
	case o.Type == "PTR" && net.ParseIP(o.Query) == nil:
		p.add("query", "%q is not an IP address, which PTR needs", o.Query)
	case o.Type != "PTR" && (strings.ContainsAny(o.Query, " /:@") || net.ParseIP(o.Query) != nil):
		p.add("query", "%q is not a name; write one such as www.example.com", o.Query)
	}
	if !slices.Contains(dnsTypes(), o.Type) {
		p.add("type", "%q is not known; use A, AAAA, CNAME, MX, NS, PTR, SRV or TXT", o.Type)
	}
	if o.Server != "" {
		if address, err := hostPort(o.Server, "53"); err != nil {
			p.add("server", "%s; write an IP address, or address:port", err)
		} else if host, _, _ := net.SplitHostPort(address); net.ParseIP(host) == nil {
			p.add("server", "%q is not an IP address; a name server cannot be looked up by name", host)
		}
	}
	p.times(o.DegradedAfter, o.UnhealthyAfter)
	return p.all
}

// lookup is a DNS probe, ready to use.
type lookup struct {
	DNSOptions
	server string // address:port; "" for the machine's own
}

// Checks implements checks.Options.
func (o *DNSOptions) Checks() []checks.Check {
	l := &lookup{DNSOptions: *o}
	if o.Server != "" {
		l.server, _ = hostPort(o.Server, "53") // Problems has told what is wrong with it
	}
	return newCheck(o.Name, o.Common, checks.Check{Help: "looks up " + o.Query + " " + o.Type, Do: l.do})
}

// dnsTypes are the types that ask knows.
func dnsTypes() []string { return []string{"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"} }

// ask looks up one name, which is given complete, with its dot at the end, so
// that no search list is tried. A name that is its own canonical name has no
// CNAME.
func (l *lookup) ask(ctx context.Context, r *net.Resolver, name string) ([]string, error) {
	switch l.Type {
	case "A":
		return addresses(ctx, r, "ip4", name)
	case "AAAA":
		return addresses(ctx, r, "ip6", name)
	case "CNAME":
		target, err := r.LookupCNAME(ctx, name)
		if err != nil || strings.EqualFold(target, name) {
			return nil, err
		}
		return []string{target}, nil
	case "MX":
		list, err := r.LookupMX(ctx, name)
		return texts(list, func(m *net.MX) string { return m.Host }), err
	case "NS":
		list, err := r.LookupNS(ctx, name)
		return texts(list, func(n *net.NS) string { return n.Host }), err
	case "PTR":
		return r.LookupAddr(ctx, strings.TrimSuffix(name, "."))
	case "SRV":
		_, list, err := r.LookupSRV(ctx, "", "", name)
		return texts(list, func(s *net.SRV) string {
			return net.JoinHostPort(strings.TrimSuffix(s.Target, "."), strconv.Itoa(int(s.Port)))
		}), err
	}
	return r.LookupTXT(ctx, name)
}

func addresses(ctx context.Context, r *net.Resolver, network, name string) ([]string, error) {
	list, err := r.LookupNetIP(ctx, network, name)
	var all []string
	for _, ip := range list {
		all = append(all, ip.Unmap().String())
	}
	return all, err
}

func texts[T any](list []T, text func(T) string) []string {
	var all []string
	for _, one := range list {
		all = append(all, text(one))
	}
	return all
}

func (l *lookup) do(ctx context.Context) checks.Result {
	started := time.Now()
	spy := &listener{server: l.server}
	values, err := l.ask(ctx, &net.Resolver{PreferGo: true, StrictErrors: true, Dial: spy.dial}, strings.TrimSuffix(l.Query, ".")+".")
	took := time.Since(started)
	spy.close()
	for i, value := range values {
		if l.Type != "TXT" {
			values[i] = strings.TrimSuffix(value, ".")
		}
	}
	slices.Sort(values)
	v := &checks.Verdict{}
	slow(v, took, l.DegradedAfter, l.UnhealthyAfter)
	res := checks.Result{}
	if trouble, wrong := l.trouble(ctx, started, spy, values, err); wrong {
		v.Add(trouble.Status, trouble.Hint, "%s", trouble.What)
		res.Error = spy.text(err)
	} else {
		l.judge(v, values)
	}
	res.Status, res.Hint = v.Status, v.Hint
	if len(v.Reasons) > 0 {
		res.Summary = l.Query + " " + v.Text()
	} else {
		res.Summary = fmt.Sprintf("%s has %s %s, in %s", l.Query, l.Type, few(values), checks.DurationText(took))
	}
	return l.onto(res, spy, values, took)
}

// trouble words why there is no answer to judge.
func (l *lookup) trouble(ctx context.Context, started time.Time, spy *listener, values []string, err error) (checks.Trouble, bool) {
	code, asked := spy.answer()
	at := "the name server " + asked
	wrong := func(status checks.Status, hint, format string, words ...any) (checks.Trouble, bool) {
		return checks.Trouble{Status: status, What: fmt.Sprintf(format, words...), Hint: hint}, true
	}
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return wrong(checks.Unknown, "", "was not looked up to the end: the check was interrupted")
	case err != nil && (ctx.Err() != nil || dns != nil && dns.IsTimeout):
		if asked == "" {
			at = "the name server of this machine"
		}
		return wrong(checks.Unhealthy, "Look whether the name server runs, and at firewalls between here and there (UDP and TCP port 53).",
			"could not be looked up: %s gave no answer within %s", at, checks.Patience(ctx, started))
	case err == nil && asked == "" && l.server != "":
		return wrong(checks.Unknown, "Take the name out of the hosts file of this machine, or server out of the settings.",
			"is in the hosts file of this machine, which is read before the name server %s is asked", l.server)
	case err == nil && len(values) > 0:
		return checks.Trouble{}, false
	case code == codeNoName:
		return wrong(checks.Unhealthy, "Correct the name, or look at its zone: it may have been taken out, or the domain has expired.",
			"does not exist: %s knows no such name (NXDOMAIN)", at)
	case code == codeServerFailure:
		return wrong(checks.Unhealthy, "Look at its log. Most often its own questions get no answer, or DNSSEC does not validate.",
			"could not be looked up: %s failed (SERVFAIL)", at)
	case code == codeRefused:
		return wrong(checks.Unhealthy, "Ask a name server that answers this machine, or let it do so in its settings.",
			"could not be looked up: %s refuses to answer (REFUSED)", at)
	case code > codeSuccess:
		return wrong(checks.Unhealthy, "Look at its log.", "could not be looked up: %s answers with the error code %d", at, code)
	case code == codeSuccess && (err == nil || dns != nil && dns.IsNotFound):
		return wrong(checks.Unhealthy, "Correct type, or look at its zone.", "exists but has no %s record", l.Type)
	}
	if f := spy.failure(); f != nil {
		if trouble, ok := checks.NetworkTrouble(f); ok {
			return wrong(trouble.Status, trouble.Hint, "could not be looked up: %s %s", at, trouble.What)
		}
	}
	return wrong(checks.Unhealthy, "Look at the DNS of this machine: resolv.conf, and whether the name server answers.", "could not be looked up")
}

// judge compares the values with those expected.
func (l *lookup) judge(v *checks.Verdict, values []string) {
	has := func(want string) bool {
		return slices.ContainsFunc(values, func(got string) bool { return l.same(got, want) })
	}
	const hint = "Look at the zone: it may have been changed, or this name server may still have the old record."
	for _, want := range l.Expect {
		if !has(want) {
			v.Add(checks.Unhealthy, hint, "has %s %s, but not %s", l.Type, few(values), want)
		}
	}
	if len(l.ExpectAny) > 0 && !slices.ContainsFunc(l.ExpectAny, has) {
		v.Add(checks.Unhealthy, hint, "has %s %s, but none of %s", l.Type, few(values), few(l.ExpectAny))
	}
}

// same compares addresses by value and names without case and final dot.
func (l *lookup) same(got, want string) bool {
	if l.Type == "TXT" {
		return got == want
	}
	if a, b := net.ParseIP(got), net.ParseIP(want); a != nil && b != nil {
		return a.Equal(b)
	}
	return strings.EqualFold(got, strings.TrimSuffix(want, "."))
}

func (l *lookup) onto(res checks.Result, spy *listener, values []string, took time.Duration) checks.Result {
	server := checks.Unmeasured("name_server", checks.KindText)
	if _, asked := spy.answer(); asked != "" {
		server = checks.Text("name_server", asked)
	}
	records := checks.Table{Name: "records", Columns: []checks.Column{{Name: "value", Kind: checks.KindText}}}
	for _, value := range values {
		records.Add(value)
	}
	res.Tables = append(res.Tables, records)
	return res.Add(judged(checks.Duration("total", took), l.DegradedAfter, l.UnhealthyAfter), checks.Int("records", int64(len(values))), server).
		Measure("vitals_probe_phase_seconds", took.Seconds(), "probe", l.Name, "phase", "total")
}

// few names the first three of some values.
func few(values []string) string {
	const most = 3
	short := make([]string, 0, most)
	for _, v := range values[:min(len(values), most)] {
		short = append(short, cut(v))
	}
	text := strings.Join(short, ", ")
	if n := len(values) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
