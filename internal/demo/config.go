package demo

import (
	"fmt"
	"os"
	"path/filepath"
)

// Config is the text of a vitals.yaml that watches the platform.
func (p *Platform) Config() []byte {
	return fmt.Appendf(nil, `# What "vitals demo" watches.
database:
  url: sqlite:%s
  users_table: users
redis:
  url: redis://%s
file_system:
  paths: [%s]
probes:
  - name: app
    kind: http
    url: %s/health
    degraded_after: 1s
    unhealthy_after: 2s
    json:
      - {path: $.ok, equals: "true"}
  - name: api
    kind: http
    url: %s/api/status
    depends_on: [database, redis]
    degraded_after: 1s
    unhealthy_after: 2s
    json:
      - {path: $.error_percent, max: 5}
# How busy this machine is says nothing about the platform.
cpu: {disabled: true}
load: {disabled: true}
network: {disabled: true}
processes:
  - name: platform
    pid: %d
    memory_degraded: %dMB
`, filepath.ToSlash(p.data.path), p.cache.address(), filepath.ToSlash(filepath.Join(p.options.Dir, "uploads")), p.AppURL(), p.AppURL(),
		os.Getpid(), memoryLimit/1_000_000)
}

// memoryLimit is what the platform's process may hold before Vitals calls it
// degraded; ballast goes beyond it. Both are small against any machine.
const (
	memoryLimit = 300_000_000
	ballastSize = 400_000_000
)
