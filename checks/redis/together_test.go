package redis_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/redis"
	"vitals/internal/testenv"
)

func TestCluster(t *testing.T) {
	nodes := testenv.StartCluster(t, 3)
	for i, node := range nodes {
		setSomewhere(t, node, i)
	}
	c := check(t, func(o *redis.Options) {
		o.Addresses = []string{testenv.Refused(t), nodes[1].Addr}
	})
	got := eventually(t, c, checks.Healthy, "cluster of 3 masters answers")
	for name, value := range map[string]any{
		"cluster_state": "ok", "cluster_masters": int64(3), "cluster_slots_ok": int64(16384), "cluster_slots_assigned": int64(16384),
		"keys_count": int64(3), "role": "cluster", "server": "Redis", "memory_limit": nil, "cluster_nodes": int64(3),
	} {
		if v := fact(t, got, name); v != value {
			t.Errorf("%s is %v, want %v", name, v, value)
		}
	}
	if n, _ := fact(t, got, "memory_used").(int64); n < 3*400_000 {
		t.Errorf("memory of three servers: %d", n)
	}
	if len(got.Tables) != 1 || len(got.Tables[0].Rows) != 3 {
		t.Fatalf("tables: %v", got.Tables)
	}
	var slots int64
	for _, row := range got.Tables[0].Rows {
		slots += row[1].(int64)
	}
	if slots != 16384 {
		t.Errorf("the masters have %d slots", slots)
	}

	t.Run("seen from one node", func(t *testing.T) {
		got := ask(t, byURL(t, "redis://"+nodes[0].Addr))
		want(t, got, checks.Healthy, "1 keys")
		if v := fact(t, got, "cluster_state"); v != "ok" {
			t.Errorf("cluster_state %v", v)
		}
	})
	t.Run("with few rights", func(t *testing.T) { clusterRights(t, nodes) })
	t.Run("one master gone", func(t *testing.T) {
		nodes[2].Stop()
		want(t, ask(t, c), checks.Unhealthy, nodes[2].Addr+" refuses connections")
		eventually(t, c, checks.Unhealthy, "the cluster is down")
		eventually(t, byURL(t, "redis://"+nodes[0].Addr), checks.Unhealthy, "the cluster is down")
	})
	t.Run("all gone", func(t *testing.T) {
		nodes[0].Stop()
		nodes[1].Stop()
		want(t, ask(t, c), checks.Unhealthy, "none of its 2 nodes listed here")
	})
}

// setSomewhere sets a key that belongs to this node.
func setSomewhere(t testing.TB, node *testenv.RedisServer, i int) {
	t.Helper()
	// {…} decides the slot: these three fall into the three thirds.
	tags := []string{"{b}", "{c}", "{a}"}
	node.Do(t, "SET", tags[i], "1")
}

func TestNotACluster(t *testing.T) {
	s := testenv.StartRedis(t)
	want(t, ask(t, check(t, func(o *redis.Options) { o.Addresses = []string{s.Addr} })), checks.Unhealthy, "is no node of a cluster")
}

func TestClusterNodesInTime(t *testing.T) {
	const timeout = 400 * time.Millisecond
	c := check(t, func(o *redis.Options) {
		o.Addresses = []string{testenv.BlackHole(t), testenv.Dropping(t)}
	})
	started := time.Now()
	want(t, run(t, c, timeout), checks.Unhealthy, "none of its 2 nodes")
	if d := time.Since(started); d > timeout+100*time.Millisecond {
		t.Errorf("took %s", d)
	}
}

func TestSentinel(t *testing.T) {
	master := testenv.StartRedis(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	_ = testenv.StartRedis(t, "--replicaof", host+" "+port)
	watch := testenv.StartSentinel(t, master)
	by := func(addresses ...string) checks.Check {
		return check(t, func(o *redis.Options) { o.Addresses, o.MasterName = addresses, "main" })
	}
	got := eventually(t, by(watch.Addr), checks.Healthy, "answers in")
	if v := fact(t, got, "master"); v != master.Addr {
		t.Errorf("master %v, want %s", v, master.Addr)
	}
	if v := fact(t, got, "keys_count"); v != int64(0) {
		t.Errorf("keys %v", v)
	}
	t.Run("a Sentinel that is gone", func(t *testing.T) {
		gone := testenv.Refused(t)
		want(t, ask(t, by(gone, watch.Addr)), checks.Degraded, "the Sentinel at "+gone+" refuses connections")
	})
	t.Run("a Sentinel that never answers leaves time for the master", func(t *testing.T) {
		hole := testenv.BlackHole(t)
		got := run(t, by(hole, watch.Addr), 500*time.Millisecond)
		want(t, got, checks.Degraded, "the Sentinel at "+hole+" accepts connections but said nothing")
		if v := fact(t, got, "role"); v != "master" {
			t.Errorf("role %v", v)
		}
	})
	t.Run("no such master", func(t *testing.T) {
		c := check(t, func(o *redis.Options) { o.Addresses, o.MasterName = []string{watch.Addr}, "mian" })
		want(t, ask(t, c), checks.Unhealthy, `watches no master called "mian"`)
	})
	t.Run("not a Sentinel", func(t *testing.T) {
		want(t, ask(t, by(master.Addr)), checks.Unhealthy, "is no Sentinel")
	})
	t.Run("asked as if it held data", func(t *testing.T) {
		want(t, ask(t, byURL(t, "redis://"+watch.Addr)), checks.Unknown, "is a Sentinel")
	})
	t.Run("the master is gone", func(t *testing.T) {
		master.Stop()
		got := ask(t, by(watch.Addr))
		want(t, got, checks.Unhealthy, "The master main, Redis at "+master.Addr+", refuses connections")
	})
	t.Run("all Sentinels are gone", func(t *testing.T) {
		watch.Stop()
		want(t, ask(t, by(watch.Addr)), checks.Unhealthy, "Nobody can find the master main")
	})
}

func TestSentinelsDisagree(t *testing.T) {
	a, b := testenv.StartRedis(t), testenv.StartRedis(t)
	one, two, three := testenv.StartSentinel(t, a), testenv.StartSentinel(t, a), testenv.StartSentinel(t, b)
	c := check(t, func(o *redis.Options) {
		o.Addresses, o.MasterName = []string{three.Addr, one.Addr, two.Addr}, "main"
	})
	got := eventually(t, c, checks.Degraded, "do not agree where the master is")
	if v := fact(t, got, "master"); v != a.Addr {
		t.Errorf("master %v, want what most say: %s", v, a.Addr)
	}
}

func TestFailoverUnderWay(t *testing.T) {
	host, port, _ := net.SplitHostPort(testenv.StartRedis(t).Addr)
	replica := testenv.StartRedis(t)
	address := scripted(t, map[string]string{
		"SENTINEL GET-MASTER-ADDR-BY-NAME": sentinelAnswer(replica.Addr),
		"SENTINEL CKQUORUM":                "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum\r\n",
	})
	replica.Do(t, "REPLICAOF", host, port)
	c := check(t, func(o *redis.Options) { o.Addresses, o.MasterName = []string{address}, "main" })
	got := eventually(t, c, checks.Unhealthy, "a failover is under way")
	want(t, got, checks.Unhealthy, "could not agree on a failover: NOQUORUM")
}

func sentinelAnswer(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return "*2\r\n" + bulk(host) + bulk(port)
}

func TestAnnouncedAddresses(t *testing.T) {
	// A cluster in containers announces addresses that mean nothing outside;
	// those that can be mended are.
	s := testenv.StartRedis(t)
	_, port, _ := net.SplitHostPort(s.Addr)
	node := func(host string) string { return "*3\r\n" + host + ":" + port + "\r\n" + bulk("id") }
	for name, host := range map[string]string{"null": "$-1\r\n", "question mark": bulk("?"), "empty": bulk("")} {
		t.Run(name, func(t *testing.T) {
			seed := scripted(t, map[string]string{
				"PING":          "+PONG\r\n",
				"CLUSTER INFO":  bulk("cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"),
				"CLUSTER NODES": bulk("id 10.0.0.9:6379@16379 slave,fail 0 0 0 disconnected\r\n"),
				"CLUSTER SLOTS": "*1\r\n*3\r\n:0\r\n:16383\r\n" + node(host),
			})
			got := ask(t, check(t, func(o *redis.Options) { o.Addresses = []string{seed} }))
			want(t, got, checks.Degraded, "given up 1 of its nodes (10.0.0.9:6379)")
			if strings.Contains(got.Summary, "refuses") {
				t.Errorf("asked elsewhere: %s", got.Summary)
			}
		})
	}
}

// clusterRights asks as users who may do the least that the documentation
// names, and less.
func clusterRights(t *testing.T, nodes []*testenv.RedisServer) {
	for _, node := range nodes {
		node.Do(t, "ACL", "SETUSER", "enough", "on", ">enough-word", "+ping", "+info", "+dbsize", "+cluster|info", "+cluster|slots", "+cluster|nodes")
		node.Do(t, "ACL", "SETUSER", "half", "on", ">half-word", "+ping", "+info", "+dbsize", "+cluster|info")
		node.Do(t, "ACL", "SETUSER", "less", "on", ">less-word", "+ping", "+info", "+dbsize")
	}
	as := func(user string) checks.Check {
		return check(t, func(o *redis.Options) {
			o.Addresses, o.Username, o.Password = []string{nodes[0].Addr}, user, checks.Secret(user+"-word")
		})
	}
	want(t, ask(t, as("enough")), checks.Healthy, "cluster of 3 masters answers")
	want(t, ask(t, as("half")), checks.Unknown, `does not tell user "half" who its masters are`)
	want(t, ask(t, as("less")), checks.Unknown, `does not tell user "less" about its cluster`)
	want(t, ask(t, byURL(t, "redis://enough:enough-word@"+nodes[0].Addr)), checks.Healthy, "1 keys")
	want(t, ask(t, byURL(t, "redis://half:half-word@"+nodes[0].Addr)), checks.Healthy, "1 keys")
	want(t, ask(t, byURL(t, "redis://less:less-word@"+nodes[0].Addr)), checks.Healthy, "its cluster was not judged")
}
