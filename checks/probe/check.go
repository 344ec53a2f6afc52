package probe

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vitals/checks"
)

// newCheck makes the check of a probe. Its results are labelled with its name.
func newCheck(name string, o checks.Common, c checks.Check) []checks.Check {
	if o.Disabled {
		return nil
	}
	c.Name = "probe." + name
	return []checks.Check{o.Apply(c)}
}

// problems collects what is wrong with settings.
type problems struct{ all []checks.Problem }

func (p *problems) add(key, format string, values ...any) {
	p.all = append(p.all, checks.Problem{Key: key, Message: fmt.Sprintf(format, values...)})
}

func (p *problems) missing(key, what string) { p.add(key, "is missing; expected %s", what) }

// name judges a probe's name: it becomes part of metrics' labels, of file
// names and of what people type.
func (p *problems) name(name string) {
	switch {
	case name == "":
		p.missing("name", "a short name, such as website")
	case strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
	}):
		p.add("name", "%q has characters other than letters, digits, -, _ and .", name)
	}
}

func (p *problems) regexp(key, text string) {
	if _, err := regexp.Compile(text); err != nil {
		p.add(key, "is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}

func (p *problems) times(degraded, unhealthy time.Duration) {
	if degraded < 0 {
		p.add("degraded_after", "must not be negative")
	}
	if unhealthy < 0 {
		p.add("unhealthy_after", "must not be negative")
	}
	if degraded > 0 && unhealthy > 0 && unhealthy < degraded {
		p.add("unhealthy_after", "%s is below degraded_after (%s), so nothing would ever be degraded", unhealthy, degraded)
	}
}

func (p *problems) ipVersion(word string) {
	switch cmp.Or(word, "any") {
	case "any", "ipv4", "ipv6":
	default:
		p.add("ip_version", "%q is not known; use any, ipv4 or ipv6", word)
	}
}

// network is what package net calls an IP version.
func network(ipVersion string) string {
	switch ipVersion {
	case "ipv4":
		return "tcp4"
	case "ipv6":
		return "tcp6"
	}
	return "tcp"
}

// hostPort checks host:port and adds the port where it may be left out; port
// is then not "".
func hostPort(text, port string) (string, error) {
	if port != "" && (!strings.Contains(text, ":") || strings.HasSuffix(text, "]") || net.ParseIP(text) != nil) {
		text = net.JoinHostPort(strings.Trim(text, "[]"), port)
	}
	host, number, err := net.SplitHostPort(text)
	if err != nil || strings.Contains(text, "/") || host == "" || strings.ContainsAny(host, "@ ") {
		return "", fmt.Errorf("is not host:port")
	}
	if n, err := strconv.Atoi(number); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("has a port that is not a number from 1 to 65535")
	}
	return text, nil
}

// slow judges how long it took.
func slow(v *checks.Verdict, took, degraded, unhealthy time.Duration) {
	const hint = "Compare the times of name, connection, TLS and first byte with earlier results: the one that grew is where to look."
	switch {
	case unhealthy > 0 && took > unhealthy:
		v.Add(checks.Unhealthy, hint, "took %s, more than %s", checks.DurationText(took), unhealthy)
	case degraded > 0 && took > degraded:
		v.Add(checks.Degraded, hint, "took %s, more than %s", checks.DurationText(took), degraded)
	}
}

// failed makes the result of a probe that got no answer.
func failed(subject string, t checks.Trouble, err error) checks.Result {
	res := checks.Result{Status: t.Status, Summary: subject + " " + t.What, Hint: t.Hint}
	if err != nil {
		res.Error = err.Error()
	}
	return res
}

// judged adds limits to a time where it has any. 0 stands for never.
func judged(f checks.Fact, degraded, unhealthy time.Duration) checks.Fact {
	if degraded <= 0 && unhealthy <= 0 {
		return f
	}
	return f.Judged(degraded.Seconds(), unhealthy.Seconds())
}
