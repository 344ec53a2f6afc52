package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
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
	return startRedis(t, append([]string{"--dir", serverDir(t), "--save", ""}, args...))
}

// startRedis starts redis-server on a free port of 127.0.0.1.
func startRedis(t testing.TB, args []string) *RedisServer {
	t.Helper()
	port := freePort(t)
	s := &RedisServer{Addr: local(port)}
	s.process = &process{
		t: t, name: program("redis-server"), args: append(args, "--port", strconv.Itoa(port), "--bind", "127.0.0.1"),
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
func (s *RedisServer) Start() {
	if s.process != nil {
		s.process.t.Helper()
		s.process.start()
	}
}

// Stop ends the server at once, as a crash would. Stopping twice does no harm.
// The shared server cannot be stopped.
func (s *RedisServer) Stop() {
	if s.process != nil {
		s.process.stop()
	}
}

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
	serverFile(t, file, fmt.Sprintf("dir %s\nsentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n", dir, host, port))
	return startRedis(t, []string{file, "--sentinel"})
}

// StartCluster starts n masters that share all slots.
func StartCluster(t testing.TB, n int) []*RedisServer {
	t.Helper()
	const slots = 16384
	nodes, bus := make([]*RedisServer, n), freePort(t)
	for i := range nodes {
		port := bus // the first node's is what the others meet
		if i > 0 {
			port = freePort(t)
		}
		node := StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(port),
			"--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000")
		node.Do(t, "CLUSTER", "ADDSLOTSRANGE", i*slots/n, (i+1)*slots/n-1)
		node.Do(t, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
		nodes[i] = node
	}
	host, port, err := net.SplitHostPort(nodes[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes[1:] {
		node.Do(t, "CLUSTER", "MEET", host, port, bus)
	}
	for deadline := time.Now().Add(20 * time.Second); !allAgree(t, nodes); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the cluster did not form: %s", nodes[0].Do(t, "CLUSTER", "INFO"))
		}
	}
	return nodes
}

// allAgree tells whether every node knows the others and all the slots.
func allAgree(t testing.TB, nodes []*RedisServer) bool {
	t.Helper()
	for _, node := range nodes {
		info := node.Do(t, "CLUSTER", "INFO")
		for _, line := range []string{"cluster_state:ok", "cluster_slots_assigned:16384", "cluster_known_nodes:" + strconv.Itoa(len(nodes))} {
			if !strings.Contains(info, line+"\r\n") {
				return false
			}
		}
	}
	return true
}
