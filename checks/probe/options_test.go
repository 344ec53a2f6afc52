package probe_test

import (
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
)

type problemCase struct {
	options checks.Options
	want    string // key: part of the message, one for each problem, with | between
}

func httpWith(change func(*probe.HTTPOptions)) checks.Options {
	o := get("https://www.example.com/")
	change(o)
	return o
}

func dnsWith(change func(*probe.DNSOptions)) checks.Options {
	o := look("example.com", "A", "")
	change(o)
	return o
}

func commandWith(change func(*probe.CommandOptions)) checks.Options {
	o := command("true")
	change(o)
	return o
}

func judge(t *testing.T, cases map[string]problemCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range c.options.Problems() {
				got = append(got, p.Key+": "+p.Message)
			}
			all := strings.Join(got, "|")
			if strings.Contains(all, "MARKED") {
				t.Errorf("shows a secret: %s", all)
			}
			var parts []string
			if c.want != "" {
				parts = strings.Split(c.want, "|")
			}
			if len(parts) != len(got) {
				t.Fatalf("got %s\nwant %s", all, c.want)
			}
			for i, part := range parts {
				if !strings.HasPrefix(got[i], part) {
					t.Errorf("got %s\nwant %s", got[i], part)
				}
			}
			c.options.Checks() // must not fail over what is wrong
		})
	}
}

func TestHTTPProblems(t *testing.T) {
	five, six := 5.0, 6.0
	judge(t, map[string]problemCase{
		"all well": {httpWith(func(o *probe.HTTPOptions) {
			o.Status, o.Method = []string{"2XX", "301", "200 - 204"}, "head"
			o.JSON = []probe.JSONRule{{Path: "$.a", Min: &five, Max: &six, Matches: "x"}}
		}), ""},
		"nothing":    {probe.NewHTTPOptions(), "name: is missing|url: is missing"},
		"name":       {httpWith(func(o *probe.HTTPOptions) { o.Name = "my site" }), "name: \"my site\" has characters"},
		"no address": {httpWith(func(o *probe.HTTPOptions) { o.URL = "https://u:MARKED@[" }), "url: is not an address"},
		"scheme":     {httpWith(func(o *probe.HTTPOptions) { o.URL = "ftp://u:MARKED@h" }), "url: must begin with http"},
		"no scheme":  {httpWith(func(o *probe.HTTPOptions) { o.URL = "www.example.com/MARKED" }), "url: must begin with http"},
		"no host":    {httpWith(func(o *probe.HTTPOptions) { o.URL = "https:///MARKED" }), "url: has no host"},
		"method":     {httpWith(func(o *probe.HTTPOptions) { o.Method = "GET /" }), "method: \"GET /\" is not a method"},
		"no method":  {httpWith(func(o *probe.HTTPOptions) { o.Method = "" }), "method: \"\" is not a method"},
		"header": {httpWith(func(o *probe.HTTPOptions) {
			o.Headers = []probe.Header{{}, {Name: "a b"}, {Name: "c", Value: "MARKED\r\nX: y"}}
		}), "headers[0].name: is missing|headers[1].name: \"a b\" is not the name|headers[2].value: has a line break"},
		"two secrets": {httpWith(func(o *probe.HTTPOptions) { o.BearerToken, o.BasicAuth.Username = "MARKED", "u" }), "bearer_token: cannot be sent together"},
		"status": {httpWith(func(o *probe.HTTPOptions) { o.Status = []string{"ok", "6xx", "99", "204-200", "1000", "xx"} }),
			"status[0]: \"ok\" is not a status|status[1]|status[2]|status[3]|status[4]|status[5]"},
		"body": {httpWith(func(o *probe.HTTPOptions) { o.BodyMatches, o.BodyNotMatches = []string{"a", "("}, []string{"[", "b"} }),
			"body_matches[1]: is not a regular expression: missing closing )|body_not_matches[0]: is not a regular expression"},
		"expected headers": {httpWith(func(o *probe.HTTPOptions) { o.ExpectHeaders = []probe.HeaderRule{{Matches: "("}} }), "expect_headers[0].name: is missing|expect_headers[0].matches: is not"},
		"json": {httpWith(func(o *probe.HTTPOptions) {
			o.JSON = []probe.JSONRule{{}, {Path: "$.a[", Matches: "("}, {Path: "$.a", Min: &six, Max: &five}}
		}),
			"json[0].path: is missing|json[1].path: \"$.a[\" is not a path|json[1].matches: is not|json[2].max: 5 is below min (6)"},
		"limits":      {httpWith(func(o *probe.HTTPOptions) { o.BodyLimit, o.MaxRedirects = 0, -1 }), "body_limit: must be more than 0|max_redirects: must not be negative"},
		"ip version":  {httpWith(func(o *probe.HTTPOptions) { o.IPVersion = "5" }), "ip_version: \"5\" is not known"},
		"times":       {httpWith(func(o *probe.HTTPOptions) { o.DegradedAfter, o.UnhealthyAfter = -1, -1 }), "degraded_after: must not|unhealthy_after: must not"},
		"upside down": {httpWith(func(o *probe.HTTPOptions) { o.DegradedAfter, o.UnhealthyAfter = 2*time.Second, time.Second }), "unhealthy_after: 1s is below degraded_after (2s)"},
		"certificates": {httpWith(func(o *probe.HTTPOptions) {
			o.Certificate = probe.CertificateOptions{DegradedDays: 7, UnhealthyDays: 21}
		}), "certificate_unhealthy_days: 21 is above"},
		"less than no days": {httpWith(func(o *probe.HTTPOptions) {
			o.Certificate = probe.CertificateOptions{DegradedDays: -1, UnhealthyDays: -1}
		}),
			"certificate_degraded_days: must not|certificate_unhealthy_days: must not"},
		"half a pair": {httpWith(func(o *probe.HTTPOptions) { o.TLS.CertFile = "c" }), "tls.key_file: is missing"},
		"other half":  {httpWith(func(o *probe.HTTPOptions) { o.TLS.KeyFile = "k" }), "tls.cert_file: is missing"},
	})
}

func TestOtherProblems(t *testing.T) {
	judge(t, map[string]problemCase{
		"tcp well":         {port("[::1]:25", nil), ""},
		"tcp nothing":      {probe.NewTCPOptions(), "name: is missing|address: is missing"},
		"tcp no port":      {port("mail.example.com", nil), "address: is not host:port"},
		"tcp port":         {port("mail.example.com:smtp", nil), "address: has a port that is not a number"},
		"tcp url":          {port("tcp://mail:25", nil), "address: is not host:port"},
		"tcp expect":       {port("h:1", func(o *probe.TCPOptions) { o.Expect = "(" }), "expect: is not a regular expression"},
		"tcp rest":         {port("h:1", func(o *probe.TCPOptions) { o.IPVersion, o.DegradedAfter, o.TLS.CertFile = "x", -1, "c" }), "ip_version|degraded_after|tls.key_file"},
		"tls well":         {certificate("mail.example.com", nil), ""},
		"tls address":      {certificate("::1", nil), ""},
		"tls nothing":      {probe.NewCertificateProbe(), "name: is missing|address: is missing"},
		"tls url":          {certificate("https://h/", nil), "address: is not host:port"},
		"tls version":      {certificate("h", func(o *probe.CertificateProbe) { o.MinVersion = "1.2" }), "min_version: \"1.2\" is not known"},
		"dns well":         {look("_x._tcp.example.com", "SRV", "192.0.2.1"), ""},
		"dns IPv6 server":  {look("example.com", "TXT", "2001:db8::1"), ""},
		"dns PTR":          {look("2001:db8::1", "PTR", "[2001:db8::1]:53"), ""},
		"dns nothing":      {probe.NewDNSOptions(), "name: is missing|query: is missing"},
		"dns type":         {look("example.com", "SOA", ""), "type: \"SOA\" is not known"},
		"dns url":          {look("https://example.com", "A", ""), "query: \"https://example.com\" is not a name"},
		"dns address":      {look("192.0.2.1", "A", ""), "query: \"192.0.2.1\" is not a name"},
		"dns PTR of name":  {look("example.com", "PTR", ""), "query: \"example.com\" is not an IP address"},
		"dns named server": {look("example.com", "A", "ns.example.com"), "server: \"ns.example.com\" is not an IP address"},
		"dns bad server":   {look("example.com", "A", "192.0.2.1:dns"), "server: has a port"},
		"dns times":        {dnsWith(func(o *probe.DNSOptions) { o.UnhealthyAfter = -1 }), "unhealthy_after: must not"},
		"command well":     {command("/opt/my program"), ""},
		"command nothing":  {probe.NewCommandOptions(), "name: is missing|command: is missing"},
		"command in one":   {command("date -u"), "command: is one text with spaces"},
		"command zero":     {command("a", "b\x00"), "command[1]: holds a zero byte"},
		"command format":   {commandWith(func(o *probe.CommandOptions) { o.Format = "json" }), "format: \"json\" is not known"},
		"command variable": {commandWith(func(o *probe.CommandOptions) {
			o.Env = []probe.Variable{{Name: "A=B"}, {Name: "C", Value: "MARKED\x00"}}
		}), "env[0].name: \"A=B\"|env[1].value: holds a zero byte"},
		"command expect": {commandWith(func(o *probe.CommandOptions) { o.Expect = "[" }), "expect: is not a regular expression"},
	})
}
