package probe_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
	"vitals/internal/testenv"
)

// silentServer takes questions and never answers.
func silentServer(t testing.TB) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().String()
}

// The numbers of record types (RFC 1035, 3.2.2, and its successors).
var typeNumbers = map[uint16]string{1: "A", 2: "NS", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV"}

// record is one answer: its type and its data as it goes over the wire.
type record struct {
	kind uint16
	data []byte
}

// zone is what a name server of the test knows: answers by "name type", and
// codes of failures by name.
type zone struct {
	records map[string][]record
	codes   map[string]byte
	delay   time.Duration
}

// serve starts a name server.
func (z zone) serve(t testing.TB) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			time.Sleep(z.delay)
			_, _ = c.WriteTo(z.answer(buf[:n]), from)
		}
	}()
	return c.LocalAddr().String()
}

func (z zone) answer(question []byte) []byte {
	name, end := "", 12
	for question[end] != 0 {
		name += string(question[end+1:end+1+int(question[end])]) + "."
		end += 1 + int(question[end])
	}
	end += 5 // the final zero, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	list := z.records[strings.ToLower(name)+" "+typeNumbers[kind]]
	code, failing := z.codes[name]
	known := false
	for key := range z.records {
		known = known || strings.HasPrefix(key, strings.ToLower(name)+" ")
	}
	if !failing && !known {
		code = 3
	}
	out := append([]byte{}, question[:2]...)
	out = append(out, 0x85, 0x80|code, 0, 1, 0, byte(len(list)), 0, 0, 0, 0)
	out = append(out, question[12:end]...)
	for _, r := range list {
		out = append(out, 0xc0, 12)
		out = binary.BigEndian.AppendUint16(out, r.kind)
		out = append(out, 0, 1, 0, 0, 0, 60)
		out = binary.BigEndian.AppendUint16(out, uint16(len(r.data)))
		out = append(out, r.data...)
	}
	return out
}

// wire writes a name as it goes over the wire.
func wire(name string) []byte {
	var out []byte
	for _, part := range strings.Split(name, ".") {
		out = append(append(out, byte(len(part))), part...)
	}
	return append(out, 0)
}

func exampleZone() zone {
	return zone{
		records: map[string][]record{
			"www.example. A":              {{1, []byte{192, 0, 2, 1}}, {1, []byte{192, 0, 2, 2}}},
			"www.example. AAAA":           {{28, net.ParseIP("2001:db8::1")}},
			"www.example. CNAME":          {},
			"example. MX":                 {{15, append([]byte{0, 10}, wire("mail.example")...)}},
			"example. NS":                 {{2, wire("ns1.example")}, {2, wire("ns2.example")}},
			"example. TXT":                {{16, append([]byte{11}, "v=spf1 -all"...)}},
			"_sip._tcp.example. SRV":      {{33, append([]byte{0, 1, 0, 1, 0x13, 0xc4}, wire("sip.example")...)}},
			"1.2.0.192.in-addr.arpa. PTR": {{12, wire("www.example")}},
		},
		codes: map[string]byte{"broken.example.": 2, "refused.example.": 5, "odd.example.": 4},
	}
}

func TestDNS(t *testing.T) {
	server := exampleZone().serve(t)
	for name, c := range map[string]struct {
		query, kind string
		change      func(*probe.DNSOptions)
		status      checks.Status
		says        string
	}{
		"A":               {"www.example", "A", nil, checks.Healthy, "has A 192.0.2.1, 192.0.2.2, in"},
		"final dot":       {"www.example.", "A", nil, checks.Healthy, "192.0.2.1"},
		"AAAA":            {"www.example", "AAAA", nil, checks.Healthy, "2001:db8::1"},
		"MX":              {"example", "MX", func(o *probe.DNSOptions) { o.Expect = []string{"Mail.Example."} }, checks.Healthy, "mail.example"},
		"NS":              {"example", "NS", func(o *probe.DNSOptions) { o.Expect = []string{"ns1.example", "ns2.example"} }, checks.Healthy, ""},
		"TXT":             {"example", "TXT", func(o *probe.DNSOptions) { o.Expect = []string{"v=spf1 -all"} }, checks.Healthy, ""},
		"SRV":             {"_sip._tcp.example", "SRV", func(o *probe.DNSOptions) { o.Expect = []string{"sip.example:5060"} }, checks.Healthy, ""},
		"PTR":             {"192.0.2.1", "PTR", func(o *probe.DNSOptions) { o.Expect = []string{"www.example"} }, checks.Healthy, ""},
		"all expected":    {"www.example", "A", func(o *probe.DNSOptions) { o.Expect = []string{"192.0.2.2", "192.0.2.1"} }, checks.Healthy, ""},
		"same address":    {"www.example", "AAAA", func(o *probe.DNSOptions) { o.Expect = []string{"2001:DB8:0:0::1"} }, checks.Healthy, ""},
		"one is missing":  {"www.example", "A", func(o *probe.DNSOptions) { o.Expect = []string{"192.0.2.1", "192.0.2.9"} }, checks.Unhealthy, "has A 192.0.2.1, 192.0.2.2, but not 192.0.2.9"},
		"any":             {"www.example", "A", func(o *probe.DNSOptions) { o.ExpectAny = []string{"192.0.2.9", "192.0.2.1"} }, checks.Healthy, ""},
		"none of any":     {"www.example", "A", func(o *probe.DNSOptions) { o.ExpectAny = []string{"192.0.2.8", "192.0.2.9"} }, checks.Unhealthy, "but none of 192.0.2.8, 192.0.2.9"},
		"no such name":    {"nowhere.example", "A", nil, checks.Unhealthy, "does not exist: the name server " + server + " knows no such name (NXDOMAIN)"},
		"no such type":    {"example", "A", nil, checks.Unhealthy, "exists but has no A record"},
		"no such MX":      {"www.example", "MX", nil, checks.Unhealthy, "exists but has no MX record"},
		"no CNAME":        {"www.example", "CNAME", nil, checks.Unhealthy, "exists but has no CNAME record"},
		"server failure":  {"broken.example", "A", nil, checks.Unhealthy, "failed (SERVFAIL)"},
		"server failure2": {"broken.example", "TXT", nil, checks.Unhealthy, "failed (SERVFAIL)"},
		"refused":         {"refused.example", "A", nil, checks.Unhealthy, "refuses to answer (REFUSED)"},
		"other code":      {"odd.example", "A", nil, checks.Unhealthy, "error code 4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := look(c.query, c.kind, server)
			if c.change != nil {
				c.change(o)
			}
			got := ask(t, o)
			want(t, got, c.status, c.says)
			if c.status != checks.Unknown && fact(t, got, "name_server") != server {
				t.Errorf("asked %v", fact(t, got, "name_server"))
			}
		})
	}
}

func TestDNSTime(t *testing.T) {
	z := exampleZone()
	z.delay = 30 * time.Millisecond
	o := look("www.example", "A", z.serve(t))
	o.DegradedAfter, o.UnhealthyAfter = 10*time.Millisecond, time.Second
	got := ask(t, o)
	want(t, got, checks.Degraded, "more than 10ms")
	if len(got.Tables) != 1 || fmt.Sprint(got.Tables[0].Rows) != "[[192.0.2.1] [192.0.2.2]]" {
		t.Errorf("tables: %v", got.Tables)
	}
}

func TestNoNameServer(t *testing.T) {
	want(t, ask(t, look("www.example", "A", testenv.Refused(t))), checks.Unhealthy, "refuses connections")
}

func TestMachinesOwnNameServer(t *testing.T) {
	// It may not know the name, or not exist at all; there must be an answer.
	got := run(t, look("no-such-host.invalid", "A", ""), time.Second)
	want(t, got, checks.Unhealthy, "no-such-host.invalid")
}
