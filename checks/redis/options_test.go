package redis_test

import (
	"fmt"
	"strings"
	"testing"

	"vitals/checks"
	"vitals/checks/redis"
)

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*redis.Options)
		want   string // key: part of the message, one for each problem
	}{
		"nothing configured": {func(*redis.Options) {}, ""},
		"address":            {func(o *redis.Options) { o.URL = "redis://h" }, ""},
		"Valkey":             {func(o *redis.Options) { o.URL = "valkeys://u:p@h:1/2?x=y" }, ""},
		"socket":             {func(o *redis.Options) { o.URL = "unix:///run/redis.sock?db=2&password=x" }, ""},
		"IPv6":               {func(o *redis.Options) { o.URL = "redis://[::1]:6379" }, ""},
		"cluster":            {func(o *redis.Options) { o.Addresses = []string{"a:1", "b", "::1", "[::1]:7"} }, ""},
		"Sentinel":           {func(o *redis.Options) { o.Addresses, o.MasterName = []string{"a"}, "m" }, ""},

		"named, without address":   {func(o *redis.Options) { o.Name = "queue" }, "url: is missing"},
		"not an address":           {func(o *redis.Options) { o.URL = "redis://u:MARK#ED@[" }, "url: is not an address"},
		"no scheme":                {func(o *redis.Options) { o.URL = "MARKED" }, "url: has no scheme"},
		"other scheme":             {func(o *redis.Options) { o.URL = "http://MARKED@h" }, "url: has a scheme that is not known"},
		"no host":                  {func(o *redis.Options) { o.URL = "redis://:MARKED@/1" }, "url: has no host"},
		"port":                     {func(o *redis.Options) { o.URL = "redis://:MARKED@h:99999" }, "url: has a port"},
		"database":                 {func(o *redis.Options) { o.URL = "redis://:MARKED@h/one" }, "url: has a database that is not a number"},
		"socket without path":      {func(o *redis.Options) { o.URL = "unix://MARKED" }, "url: has no absolute path"},
		"socket of a cluster":      {func(o *redis.Options) { o.URL, o.Mode = "unix:///s", "cluster" }, "url: is a socket"},
		"socket with TLS":          {func(o *redis.Options) { o.URL, o.TLS.Enabled = "unix:///s", true }, "tls: is not spoken over a socket"},
		"unknown mode":             {func(o *redis.Options) { o.URL, o.Mode = "redis://h", "ring" }, "mode: \"ring\" is not known"},
		"addresses alone":          {func(o *redis.Options) { o.Addresses, o.Mode = []string{"a"}, "single" }, "addresses: belong to"},
		"master without Sentinels": {func(o *redis.Options) { o.URL, o.MasterName = "redis://h", "m" }, "addresses: are missing"},
		"Sentinels without master": {func(o *redis.Options) { o.Addresses, o.Mode = []string{"a"}, "sentinel" }, "master_name: is missing"},
		"master of a cluster":      {func(o *redis.Options) { o.Addresses, o.Mode, o.MasterName = []string{"a"}, "cluster", "m" }, "master_name: belongs"},
		"bad node":                 {func(o *redis.Options) { o.Addresses = []string{"a", "redis://x:MARKED@b:1"} }, "addresses[1]: is not host:port"},
		"database of a cluster":    {func(o *redis.Options) { o.Addresses, o.DB = []string{"a"}, 1 }, "db: must be 0"},
		"negative database":        {func(o *redis.Options) { o.URL, o.DB = "redis://h", -1 }, "db: must not be negative"},
		"certificate without key":  {func(o *redis.Options) { o.URL, o.TLS.CertFile = "redis://h", "c" }, "tls.key_file: is missing"},
		"key without certificate":  {func(o *redis.Options) { o.URL, o.TLS.KeyFile = "redis://h", "k" }, "tls.cert_file: is missing"},
		"percentages": {
			func(o *redis.Options) { o.MemoryDegradedPercent, o.ClientsUnhealthyPercent = 101, -1 },
			"memory_degraded_percent: must be from 0|clients_unhealthy_percent: must be from 0",
		},
		"upside down": {func(o *redis.Options) { o.MemoryUnhealthyPercent = 50 }, "memory_unhealthy_percent: 50 is below"},
	} {
		t.Run(name, func(t *testing.T) {
			o := redis.DefaultOptions()
			c.change(&o)
			var got []string
			for _, p := range o.Problems() {
				got = append(got, p.Key+": "+p.Message)
			}
			all := strings.Join(got, "|")
			if strings.Contains(all, "MARKED") {
				t.Errorf("shows a secret: %s", all)
			}
			if c.want == "" && got != nil {
				t.Fatalf("problems: %s", all)
			}
			parts := strings.Split(c.want, "|")
			if c.want != "" && len(parts) != len(got) {
				t.Fatalf("got %s\nwant %s", all, c.want)
			}
			for i, part := range parts {
				if c.want != "" && !strings.HasPrefix(got[i], part) {
					t.Errorf("got %s\nwant %s", got[i], part)
				}
			}
		})
	}
}

func TestOptionsHideSecrets(t *testing.T) {
	o := redis.Options{URL: "redis://:MARKED@h", Password: "MARKED", SentinelPassword: "MARKED"}
	if all := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(all, "MARKED") {
		t.Errorf("shows a secret: %s", all)
	}
	var _ checks.Options = &o
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"redis://u:p@h:1/2?db=3", "rediss://[::1]", "unix:///s?db=x", "valkey://", "redis://h:/", "%", "redis://a:b@c:d@e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := redis.DefaultOptions()
		o.URL = checks.Secret(text)
		o.Addresses = []string{text}
		problems := o.Problems()
		for _, p := range problems {
			if p.Key == "" || p.Message == "" {
				t.Errorf("%q: an empty problem", text)
			}
		}
		o.Checks()
	})
}
