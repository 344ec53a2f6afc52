package cmd

import (
	"slices"
	"strings"

	"vitals/checks/host"
	"vitals/checks/probe"
)

// kindOfCheck is a sort of check as the reference shows it.
type kindOfCheck struct {
	name    string // the section of the configuration, or probes with the kind
	help    string
	example string // a whole configuration that asks for it
}

// checkKinds lists every sort of check by name, from the tables of those who
// own them.
func checkKinds() []kindOfCheck {
	all := []kindOfCheck{
		{"database", "PostgreSQL 13 and later, or a SQLite file: connects, asks, counts users", databaseExample},
		{"database.pool", "the application's connection pool, seen from the server and from PgBouncer", poolExample},
		{"redis", "Redis or Valkey, alone, by Sentinel or as a cluster", redisExample},
	}
	for _, k := range host.Kinds() {
		all = append(all, kindOfCheck{k.Name, k.Help, k.Example})
	}
	for _, k := range probe.Kinds() {
		all = append(all, kindOfCheck{"probes: " + k.Name, k.Help, asProbe(k.Example)})
	}
	slices.SortFunc(all, func(a, b kindOfCheck) int { return strings.Compare(a.name, b.name) })
	return all
}

const databaseExample = `database:
  url: postgres://vitals@db.internal/app?sslmode=verify-full
  users_table: users
databases:
  - name: replica
    url: postgres://vitals@replica.internal/app
    expect: standby
`

const poolExample = `database:
  url: postgres://vitals@db.internal/app
  pool:
    application_name: app
    size: 20
    max_overflow: 10
  pgbouncer_url: postgres://stats@127.0.0.1:6432/pgbouncer
`

const redisExample = `redis:
  url: rediss://vitals@cache.internal:6380/0
  password_file: /etc/vitals/redis-password
redis_servers:
  - name: sessions
    mode: sentinel
    master_name: sessions
    addresses: [10.0.0.1:26379, 10.0.0.2:26379]
`

// asProbe makes a whole configuration of a probe's example where it is an
// element alone.
func asProbe(example string) string {
	if strings.HasPrefix(example, "probes:") {
		return example
	}
	var b strings.Builder
	b.WriteString("probes:\n")
	for line := range strings.Lines(example) {
		b.WriteString("  " + line)
	}
	return b.String()
}
