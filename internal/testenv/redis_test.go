package testenv

import (
	"net"
	"strings"
	"testing"
)

func TestRedis(t *testing.T) {
	if got := Redis(t).Do(t, "PING"); got != "PONG" {
		t.Errorf("the shared one says %s", got)
	}
	s := StartRedis(t, "--maxmemory", "5mb")
	s.Do(t, "SET", "a", "b")
	if got := s.Do(t, "GET", "a") + s.Do(t, "CONFIG", "GET", "maxmemory"); got != "bmap[maxmemory:5242880]" {
		t.Errorf("got %s", got)
	}
	s.Stop()
	if listens(s.Addr) == nil {
		t.Error("still listens")
	}
	s.Start()
	if got := s.Do(t, "PING"); got != "PONG" {
		t.Errorf("started again: %s", got)
	}
}

func TestSentinel(t *testing.T) {
	master := StartRedis(t)
	_, port, _ := net.SplitHostPort(master.Addr)
	if got := StartSentinel(t, master).Do(t, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"); got != "[127.0.0.1 "+port+"]" {
		t.Errorf("it names %s", got)
	}
}

func TestCluster(t *testing.T) {
	nodes := StartCluster(t, 3)
	if got := nodes[2].Do(t, "CLUSTER", "INFO"); !strings.Contains(got, "cluster_known_nodes:3") || !strings.Contains(got, "cluster_size:3") {
		t.Errorf("cluster: %s", got)
	}
}
