package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"

	"vitals/checks"
)

// maxReply is how much is read of what a port says, in bytes.
const maxReply = 64 << 10

// Problems implements checks.Options.
func (o *TCPOptions) Problems() []checks.Problem {
	p := &problems{}
	p.name(o.Name)
	if o.Address == "" {
		p.missing("address", "host:port")
	} else if _, err := hostPort(o.Address, ""); err != nil {
		p.add("address", "%s; write host:port", err)
	}
	p.regexp("expect", o.Expect)
	p.ipVersion(o.IPVersion)
	p.times(o.DegradedAfter, o.UnhealthyAfter)
	o.TLS.problems(p)
	return p.all
}

// port is a TCP probe with its expectation compiled.
type port struct {
	TCPOptions
	expect *regexp.Regexp // nil for none
}

// Checks implements checks.Options.
func (o *TCPOptions) Checks() []checks.Check {
	p := &port{TCPOptions: *o}
	if o.Expect != "" {
		p.expect, _ = regexp.Compile(o.Expect) // Problems has told what is wrong with it
	}
	guard := checks.NewRedactor(o.Send)
	return newCheck(o.Name, o.Common, checks.Check{Help: "connects to " + o.Address, Do: func(ctx context.Context) checks.Result {
		res := p.do(ctx)
		guard.Result(&res)
		return res
	}})
}

func (p *port) do(ctx context.Context) checks.Result {
	t := newTrace()
	res := p.converse(ctx, t)
	return t.onto(res, p.Name, p.DegradedAfter, p.UnhealthyAfter)
}

func (p *port) converse(ctx context.Context, t *trace) checks.Result {
	conn, err := p.connect(ctx, t)
	if err != nil {
		t.finish()
		if _, ok := errors.AsType[*fileError](err); ok {
			return failed(p.Address, badFiles, err)
		}
		return failed(p.Address, t.trouble(ctx, err), err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	said, err := p.talk(conn, t)
	total := t.finish()
	v := &checks.Verdict{}
	switch {
	case err != nil && ctx.Err() != nil && len(said) > 0:
		v.Add(checks.Unhealthy, "Compare what it says with expect.", "said nothing that matches %q within %s; it began with: %s", p.expect, checks.Patience(ctx, t.started), firstLine(said))
	case err != nil:
		return failed(p.Address, t.trouble(ctx, err), err)
	case p.expect != nil && !p.expect.Match(said):
		v.Add(checks.Unhealthy, "Compare what it says with expect.", "said nothing that matches %q; it began with: %s", p.expect, firstLine(said))
	}
	slow(v, total, p.DegradedAfter, p.UnhealthyAfter)
	res := checks.Result{Status: v.Status, Hint: v.Hint, Summary: p.Address + " " + v.Text()}
	if len(v.Reasons) == 0 {
		res.Summary = p.Address + " accepts connections, in " + checks.DurationText(total)
		if p.expect != nil {
			res.Summary = p.Address + " answers as expected, in " + checks.DurationText(total)
		}
	}
	return res
}

// fileError is trouble with the files of the TLS settings.
type fileError struct{ error }

// connect dials, and agrees on TLS where it is spoken.
func (p *port) connect(ctx context.Context, t *trace) (net.Conn, error) {
	conn, err := dial(ctx, t, p.IPVersion, p.Address)
	if err != nil || !p.TLS.Enabled {
		return conn, err
	}
	config, err := p.TLS.config()
	if err != nil {
		conn.Close()
		return nil, &fileError{err}
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(p.Address)
	}
	return handshake(ctx, t, conn, config)
}

// dial connects and measures how long name and connection take.
func dial(ctx context.Context, t *trace, ipVersion, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(t.with(ctx), network(ipVersion), address)
	if err != nil {
		return nil, err
	}
	t.connected(conn)
	return conn, nil
}

// handshake speaks TLS over a connection, and closes it when that fails.
func handshake(ctx context.Context, t *trace, conn net.Conn, config *tls.Config) (*tls.Conn, error) {
	t.begin("tls", stageTLS)
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	t.end("tls", stageAsk)
	return secure, nil
}

// talk sends what is to be sent and reads until what is expected has come.
func (p *port) talk(conn net.Conn, t *trace) ([]byte, error) {
	if p.Send != "" {
		if _, err := io.WriteString(conn, p.Send.Reveal()); err != nil {
			return nil, err
		}
	}
	if p.expect == nil {
		return nil, nil
	}
	t.begin("first_byte", stageAsk)
	var said []byte
	buf := make([]byte, 4<<10)
	for len(said) < maxReply {
		n, err := conn.Read(buf)
		if n > 0 {
			t.end("first_byte", stageAsk)
			said = append(said, buf[:n]...)
		}
		if p.expect.Match(said) || errors.Is(err, io.EOF) && len(said) > 0 {
			return said, nil
		}
		if err != nil {
			return said, err
		}
	}
	return said, nil
}

// firstLine is the beginning of what was said, without what would tear a
// sentence apart.
func firstLine(said []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(said[:min(len(said), 400)])), "\n")
	text := cut(strings.TrimSpace(line))
	quoted := strconv.QuoteToGraphic(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
