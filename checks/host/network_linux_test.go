package host

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitals/checks"
)

// dev is /proc/net/dev with one real interface and others that do not count.
func dev(received, errors, drops int) string {
	return "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
		"    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n" +
		fmt.Sprintf("  eth0:%d 10 %d %d 0 0 0 0 2000 20 0 0 0 0 0 0\n", received, errors, drops) +
		"  eth1: 7 7 7 7 0 0 0 0 7 7 7 7 0 0 0 0\n" +
		" vethab12: 5 5 5 5 0 0 0 0 5 5 5 5 0 0 0 0\n" +
		" wg0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
}

func tcpFiles(segments, again, overflows, drops int) map[string]string {
	return map[string]string{
		"proc/net/snmp":    fmt.Sprintf("Ip: A\nIp: 1\nTcp: A OutSegs RetransSegs\nTcp: -1 %d %d\n", segments, again),
		"proc/net/netstat": fmt.Sprintf("TcpExt: A ListenOverflows ListenDrops B\nTcpExt: 1 %d %d 2\nIpExt: A\nIpExt: 4\n", overflows, drops),
	}
}

func networkOf(files ...map[string]string) map[string]string {
	all := map[string]string{
		"proc/net/dev": dev(1000, 3, 4), "sys/class/net/eth0/operstate": "up\n", "sys/class/net/eth1/operstate": "down\n", "sys/class/net/wg0/operstate": "unknown\n",
		"proc/sys/fs/file-nr": "1024\t0\t9223372036854775807\n",
	}
	for _, f := range files {
		maps.Copy(all, f)
	}
	return all
}

// looks asks the network check of a made-up machine, changes it, and asks
// again ten seconds later.
func looks(t *testing.T, o NetworkOptions, before, after map[string]string) (first, second checks.Result) {
	t.Helper()
	o.Root = tree(t, before)
	do := o.Checks()[0].Do
	synctest.Test(t, func(t *testing.T) {
		first = do(t.Context())
		time.Sleep(10 * time.Second)
		for name, text := range after {
			change(t, o.Root, name, text)
		}
		second = do(t.Context())
	})
	return first, second
}

func TestNetworkFirstLookShowsTotals(t *testing.T) {
	o := DefaultNetworkOptions()
	o.Root = tree(t, networkOf(tcpFiles(1000, 900, 7, 8)))
	r := ask(t, &o)
	wants(t, "first look", r, checks.Healthy, "no trouble on eth0, wg0")
	if number(t, r, "received") != 1001 || number(t, r, "sent") != 2001 || number(t, r, "listen_overflows") != 7 || number(t, r, "listen_drops") != 8 || number(t, r, "interfaces") != 2 {
		t.Errorf("%v", r.Facts)
	}
	for _, f := range []string{"retransmitted", "conntrack_used", "open_files_used"} {
		if _, has := r.Fact(f); has {
			t.Errorf("%s is known, though nothing tells it", f)
		}
	}
	if row := fmt.Sprint(r.Tables[0].Rows[0]); row != "[eth0 1000 2000 30 3 4 <nil> <nil> <nil>]" {
		t.Errorf("eth0: %s", row)
	}
}

func TestNetworkRates(t *testing.T) {
	for name, c := range map[string]struct {
		before, after map[string]string
		want          checks.Status
		words         string
		fact          string
		value         float64
	}{
		"traffic":                       {nil, map[string]string{"proc/net/dev": dev(101000, 3, 4)}, checks.Healthy, "no trouble", "received", 101001},
		"errors":                        {nil, map[string]string{"proc/net/dev": dev(1000, 103, 54)}, checks.Degraded, "eth0 has 15.0 errors and dropped packets a second", "received", 1001},
		"a drop now and then":           {nil, map[string]string{"proc/net/dev": dev(1000, 4, 50)}, checks.Healthy, "", "received", 1001},
		"counters began again":          {nil, map[string]string{"proc/net/dev": dev(10, 0, 0)}, checks.Healthy, "", "received", 11},
		"connections dropped":           {tcpFiles(1, 0, 7, 7), tcpFiles(1, 0, 9, 12), checks.Degraded, "2 connections were dropped", "listen_drops", 12},
		"tcp began again":               {tcpFiles(1000, 50, 7, 7), tcpFiles(1, 0, 0, 0), checks.Healthy, "", "listen_drops", 0},
		"sent again":                    {tcpFiles(1000, 0, 0, 0), tcpFiles(2000, 50, 0, 0), checks.Healthy, "", "retransmitted", 5},
		"the firewall's table":          {nil, map[string]string{"proc/sys/net/netfilter/nf_conntrack_count": "95\n", "proc/sys/net/netfilter/nf_conntrack_max": "100\n"}, checks.Degraded, "95 % full, 95 of 100", "conntrack_used", 95},
		"room in the firewall's table":  {nil, map[string]string{"proc/sys/net/netfilter/nf_conntrack_count": "90\n", "proc/sys/net/netfilter/nf_conntrack_max": "100\n"}, checks.Healthy, "", "conntrack_used", 90},
		"the machine's open files":      {nil, map[string]string{"proc/sys/fs/file-nr": "950 0 1000\n"}, checks.Degraded, "95 % of its files open", "open_files_used", 95},
		"broken files of the kernel's":  {nil, map[string]string{"proc/sys/fs/file-nr": "x\n", "proc/net/snmp": "Tcp: A\n", "proc/net/netstat": "TcpExt: ListenOverflows\nTcpExt: x\n"}, checks.Healthy, "", "received", 1001},
		"few segments say nothing much": {tcpFiles(1000, 0, 0, 0), tcpFiles(1010, 9, 0, 0), checks.Healthy, "", "listen_drops", 0},
	} {
		files := networkOf(c.before, map[string]string{"proc/sys/net/netfilter/empty": ""})
		_, r := looks(t, DefaultNetworkOptions(), files, c.after)
		wants(t, name, r, c.want, c.words)
		if got := number(t, r, c.fact); got != c.value {
			t.Errorf("%s: %s is %v, want %v", name, c.fact, got, c.value)
		}
		if _, has := r.Fact("retransmitted"); has != (c.fact == "retransmitted") {
			t.Errorf("%s: a share of segments sent again: %v", name, has)
		}
	}
	_, r := looks(t, DefaultNetworkOptions(), networkOf(), map[string]string{"proc/net/dev": dev(101000, 3, 4)})
	if row := fmt.Sprint(r.Tables[0].Rows[0]); row != "[eth0 101000 2000 30 3 4 10000 0 0]" {
		t.Errorf("eth0 with rates: %s", row)
	}
}

func TestNetworkExclude(t *testing.T) {
	o := DefaultNetworkOptions()
	o.Exclude = []string{"wg*", "eth0"}
	o.Root = tree(t, networkOf())
	wants(t, "all excluded", ask(t, &o), checks.Healthy, "no interface is up")
}

func TestNetworkCannotBeRead(t *testing.T) {
	for name, files := range map[string]map[string]string{"no file": nil, "no numbers": {"proc/net/dev": "eth0: a b\n"}, "few columns": {"proc/net/dev": "eth0: 1 2\n"}} {
		o := DefaultNetworkOptions()
		o.Root = tree(t, files)
		if r := ask(t, &o); r.Status != checks.Unknown || r.Error == "" || !strings.Contains(r.Summary, "could not be read") {
			t.Errorf("%s: %v %q", name, r.Status, r.Error)
		}
	}
}
