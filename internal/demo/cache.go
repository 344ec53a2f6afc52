package demo

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
)

// cache is a Redis-compatible server and the application's client of it.
type cache struct {
	server       *miniredis.Miniredis
	client       *redis.Client
	addr         string // the same after a restart
	started      time.Time
	hits, misses atomic.Int64
}

func newCache() (*cache, error) {
	c := &cache{server: miniredis.NewMiniRedis(), started: time.Now()}
	if err := c.server.Start(); err != nil {
		return nil, err
	}
	// The embedded server counts no hits and tells no memory: the answer to
	// INFO comes from what the application counts and what its keys hold.
	c.addr = c.server.Addr()
	c.answerInfo()
	// The client library writes every failed connection to standard error by a
	// logger of the whole process; the tour would drown in it.
	redis.SetLogger(silent{})
	c.client = redis.NewClient(&redis.Options{Addr: c.addr, MaxRetries: -1, DialTimeout: time.Second, DisableIdentity: true})
	return c, nil
}

// silent is a logger of the client library that says nothing.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func (c *cache) answerInfo() {
	c.server.Server().SetPreHook(func(peer *server.Peer, command string, _ ...string) bool {
		if command != "INFO" {
			return false
		}
		peer.WriteBulk(c.info())
		return true
	})
}

func (c *cache) address() string { return c.addr }

// info answers INFO with what is known; what is not is left out.
func (c *cache) info() string {
	var held, keys int
	for _, key := range c.server.Keys() {
		keys++
		held += len(key)
		if v, err := c.server.Get(key); err == nil {
			held += len(v)
		}
	}
	lines := []string{
		"# Server", "redis_version:7.0.0", "redis_mode:standalone", fmt.Sprintf("uptime_in_seconds:%d", int(time.Since(c.started).Seconds())),
		"# Clients", fmt.Sprintf("connected_clients:%d", c.server.CurrentConnectionCount()), "blocked_clients:0",
		"# Memory", fmt.Sprintf("used_memory:%d", held), "maxmemory:0", "maxmemory_policy:noeviction",
		"# Stats", fmt.Sprintf("keyspace_hits:%d", c.hits.Load()), fmt.Sprintf("keyspace_misses:%d", c.misses.Load()),
		"evicted_keys:0", "rejected_connections:0", "# Replication", "role:master", "connected_slaves:0",
		"# Keyspace", fmt.Sprintf("db0:keys=%d,expires=0,avg_ttl=0", keys), "",
	}
	return strings.Join(lines, "\r\n")
}

// count notes whether a look-up found something.
func (c *cache) count(hit bool) {
	if hit {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
}

// setBroken stops the server, or starts it again on the same port.
func (c *cache) setBroken(broken bool) error {
	if broken {
		c.server.Close()
		return nil
	}
	if err := c.server.Restart(); err != nil {
		return err
	}
	c.answerInfo()
	return nil
}

func (c *cache) close() {
	_ = c.client.Close() // nothing is lost with it
	c.server.Close()
}
