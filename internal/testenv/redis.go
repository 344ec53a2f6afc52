package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a running Redis that listens on 127.0.0.1.
type RedisServer struct {
	Addr    string // host:port
	process *process
}

// Redis is the shared server of scripts/services. Tests that change or count
// anything start one of their own.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return &RedisServer{Addr: variable(t, "VITALS_TEST_REDIS_ADDR")}
}

// StartRedis starts a server of the test's own, with further arguments for
// redis-server.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	dir := serverDir(t)
	return startRedis(t, append([]string{"--dir", dir, "--save", ""}, args...))
}

func startRedis(t testing.TB, args []string) *RedisServer {
	t.Helper()
	port := freePort(t)
	s := &RedisServer{Addr: "127.0.0.1:" + strconv.Itoa(port)}
	s.process = &process{
		t: t, name: "redis-server", args: append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1"}, args...),
		ready: func() error { return listens(s.Addr) },
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

func listens(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		c.Close()
	}
	return err
}

// Start starts the server again after Stop, on the same port.
func (s *RedisServer) Start() { s.process.t.Helper(); s.process.start() }

// Stop ends the server at once, as a crash would.
func (s *RedisServer) Stop() { s.process.stop() }

// Do runs one command and returns its answer as text.
func (s *RedisServer) Do(t testing.TB, args ...any) string {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer c.Close()
	v, err := c.Do(context.Background(), args...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%v: %v", args, err)
	}
	return fmt.Sprint(v)
}

// StartSentinel starts a Sentinel that watches a master by the name "main".
func StartSentinel(t testing.TB, master *RedisServer) *RedisServer {
	t.Helper()
	dir := serverDir(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	// Sentinel writes its state back into its configuration.
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("dir %s\nsentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n", dir, host, port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	own(t, file)
	s := &RedisServer{}
	number := freePort(t)
	s.Addr = "127.0.0.1:" + strconv.Itoa(number)
	s.process = &process{
		t: t, name: "redis-server", args: []string{file, "--sentinel", "--port", strconv.Itoa(number), "--bind", "127.0.0.1"},
		ready: func() error { return listens(s.Addr) },
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// StartCluster starts n masters that share all slots.
func StartCluster(t testing.TB, n int) []*RedisServer {
	t.Helper()
	var nodes []*RedisServer
	for range n {
		node := StartRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
		nodes = append(nodes, node)
	}
	const slots = 16384
	for i, node := range nodes {
		node.Do(t, "CLUSTER", "ADDSLOTSRANGE", i*slots/n, (i+1)*slots/n-1)
		node.Do(t, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
		host, port, err := net.SplitHostPort(nodes[0].Addr)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			node.Do(t, "CLUSTER", "MEET", host, port)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if allAgree(t, nodes) {
			return nodes
		}
		if time.Now().After(deadline) {
			t.Fatalf("the cluster did not form: %s", nodes[0].Do(t, "CLUSTER", "INFO"))
		}
	}
}

func allAgree(t testing.TB, nodes []*RedisServer) bool {
	for _, node := range nodes {
		c := redis.NewClient(&redis.Options{Addr: node.Addr})
		slots, err := c.ClusterSlots(context.Background()).Result()
		info := c.ClusterInfo(context.Background()).Val()
		c.Close()
		if err != nil || len(slots) < len(nodes) || !containsLine(info, "cluster_state:ok") {
			return false
		}
	}
	return true
}
