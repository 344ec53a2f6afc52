package probe_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
)

// speaker greets everybody and then repeats what it hears, in capitals.
func speaker(t testing.TB, greeting string, hangUp bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.WriteString(c, greeting)
				buf := make([]byte, 100)
				for n := 0; err == nil && !hangUp; n, err = c.Read(buf) {
					_, err = io.WriteString(c, strings.ToUpper(string(buf[:n])))
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestTCP(t *testing.T) {
	smtp := speaker(t, "220 mail.example ESMTP\r\n", false)
	endless := speaker(t, strings.Repeat("x", 1<<20), false)
	for name, c := range map[string]struct {
		address string
		change  func(*probe.TCPOptions)
		status  checks.Status
		says    string
	}{
		"open":              {smtp, nil, checks.Healthy, "accepts connections, in"},
		"greets":            {smtp, func(o *probe.TCPOptions) { o.Expect = "^220 " }, checks.Healthy, "answers as expected"},
		"answers":           {smtp, func(o *probe.TCPOptions) { o.Send, o.Expect = "helo x\r\n", "HELO X" }, checks.Healthy, "answers as expected"},
		"greets otherwise":  {smtp, func(o *probe.TCPOptions) { o.Expect = "^SSH-" }, checks.Unhealthy, `said nothing that matches "^SSH-" within 200ms; it began with: 220 mail.example ESMTP`},
		"hangs up":          {speaker(t, "", true), func(o *probe.TCPOptions) { o.Expect = "x" }, checks.Unhealthy, "closed the connection without an answer"},
		"hangs up, greeted": {speaker(t, "554 \"no\" \x1b[31m\n", true), func(o *probe.TCPOptions) { o.Expect = "^220" }, checks.Unhealthy, `it began with: 554 "no" \x1b[31m`},
		"talks on and on":   {endless, func(o *probe.TCPOptions) { o.Expect = "y" }, checks.Unhealthy, `it began with: xxxxx`},
		"not TLS":           {smtp, func(o *probe.TCPOptions) { o.TLS.Enabled = true }, checks.Unhealthy, "does not speak TLS"},
		"slow":              {smtp, func(o *probe.TCPOptions) { o.DegradedAfter = 1 }, checks.Degraded, "more than 1ns"},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, run(t, port(c.address, c.change), 200*time.Millisecond), c.status, c.says)
		})
	}
}

func TestTCPFacts(t *testing.T) {
	address := speaker(t, "hello", false)
	got := ask(t, port(address, func(o *probe.TCPOptions) { o.Expect = "hello" }))
	for _, phase := range []string{"connect", "first_byte", "total"} {
		if d, _ := fact(t, got, phase).(time.Duration); d <= 0 {
			t.Errorf("%s took %v", phase, d)
		}
	}
	if fact(t, got, "ip") != "127.0.0.1" {
		t.Errorf("ip %v", fact(t, got, "ip"))
	}
}
