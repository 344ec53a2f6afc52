package redis

import (
	"fmt"

	"vitals/checks"
)

// Problems implements checks.Options. Without an address it is no problem
// where no Name is given: then there is no Redis to look at.
func (o *Options) Problems() []checks.Problem {
	p := &problems{}
	if !o.configured() && (o.Name != "" || o.MasterName != "") {
		p.add("url", "is missing; expected an address such as redis://user:password@host:6379/0")
	}
	if t, err := o.target(); err != nil {
		p.add("url", "%s", err)
	} else if t.network == "unix" && o.mode() != ModeSingle {
		p.add("url", "is a socket, behind which there can be no Sentinel or cluster")
	}
	o.modeProblems(p)
	o.tlsProblems(p)
	if o.DB < 0 {
		p.add("db", "must not be negative, got %d", o.DB)
	}
	p.limits("memory", o.MemoryDegradedPercent, o.MemoryUnhealthyPercent)
	p.limits("clients", o.ClientsDegradedPercent, o.ClientsUnhealthyPercent)
	return p.all
}

type problems struct{ all []checks.Problem }

func (p *problems) add(key, format string, values ...any) {
	p.all = append(p.all, checks.Problem{Key: key, Message: fmt.Sprintf(format, values...)})
}

func (p *problems) limits(of string, degraded, unhealthy float64) {
	for _, l := range []struct {
		key   string
		value float64
	}{{of + "_degraded_percent", degraded}, {of + "_unhealthy_percent", unhealthy}} {
		if l.value < 0 || l.value > 100 {
			p.add(l.key, "must be from 0 (never) to 100, got %g", l.value)
		}
	}
	if degraded > 0 && unhealthy > 0 && unhealthy < degraded {
		p.add(of+"_unhealthy_percent", "%g is below %s_degraded_percent (%g), so nothing would ever be degraded", unhealthy, of, degraded)
	}
}

func (o *Options) modeProblems(p *problems) {
	port := defaultPort
	switch o.mode() {
	case ModeSingle:
		if len(o.Addresses) > 0 {
			p.add("addresses", "belong to the modes sentinel and cluster; for a single server write url")
		}
	case ModeCluster:
		if t, err := o.target(); err == nil && t.db != 0 {
			p.add("db", "must be 0: a cluster has no other database")
		}
	case ModeSentinel:
		port = defaultSentinelPort
		if o.MasterName == "" {
			p.add("master_name", "is missing; expected the name that the Sentinels' configuration gives the master, often mymaster")
		}
		if len(o.Addresses) == 0 && o.configured() {
			p.add("addresses", "are missing; expected host:port of the Sentinels")
		}
	default:
		p.add("mode", "%q is not known; use auto, single, sentinel or cluster", o.Mode)
	}
	if o.MasterName != "" && o.mode() != ModeSentinel {
		p.add("master_name", "belongs to the mode sentinel, not %s", o.mode())
	}
	for i, text := range o.Addresses {
		if _, err := withPort(text, port); err != nil {
			p.add(fmt.Sprintf("addresses[%d]", i), "%s; write host:port", err)
		}
	}
}

func (o *Options) tlsProblems(p *problems) {
	if t, err := o.target(); err == nil && t.network == "unix" && t.tls {
		p.add("tls", "is not spoken over a socket; use rediss:// with a host")
	}
	if o.TLS.CertFile != "" && o.TLS.KeyFile == "" {
		p.add("tls.key_file", "is missing; a certificate needs its key")
	}
	if o.TLS.KeyFile != "" && o.TLS.CertFile == "" {
		p.add("tls.cert_file", "is missing; a key needs its certificate")
	}
}
