package redis

import (
	"fmt"
	"strings"

	"vitals/checks"
)

// judge makes the result of a server that answered.
func (s *server) judge(a *answer) checks.Result {
	if a.info["redis_mode"] == "sentinel" {
		return checks.CannotTell(a.at()+" is a Sentinel, which holds no data", nil).
			WithHint("Put its address into addresses, and the name of its master into master_name.")
	}
	v := &checks.Verdict{}
	a.replication(v)
	s.persistence(a.info, v)
	s.limits(a.info, v)
	s.privileges(a, v)
	res := checks.Result{Status: v.Status, Hint: v.Hint, Facts: s.facts(a), Samples: s.samples(a.info, a.keys, a.keysErr == nil)}
	good := a.words()
	if len(v.Reasons) > 0 {
		good += "; " + v.Text()
		if v.Status >= checks.Degraded {
			good = a.name() + " " + v.Text()
		}
	}
	res.Summary = good
	return res
}

// name is what people call the server, as far as it is known.
func (a *answer) name() string {
	if a.info == nil {
		return a.at()
	}
	name, _ := a.info.server()
	return strings.Replace(a.at(), "Redis", name, 1)
}

// words sums up a server that works.
func (a *answer) words() string {
	text := "Redis"
	if a.info != nil {
		name, version := a.info.server()
		text = strings.TrimSpace(name + " " + version)
	}
	if a.info.role() == "replica" {
		text += ", a replica of " + a.info.master() + ","
	}
	text += " answers in " + checks.DurationText(a.took)
	if used, ok := a.info.number("used_memory"); ok {
		text += ", " + checks.BytesText(used) + " used"
	}
	if a.keysErr == nil {
		text += fmt.Sprintf(", %d keys", a.keys)
	}
	return text
}

// replication judges a replica by its link to the master: without it, it
// serves data that grows old.
func (a *answer) replication(v *checks.Verdict) {
	if a.info.role() != "replica" || a.info["master_link_status"] == "up" {
		return
	}
	if a.info["master_sync_in_progress"] == "1" {
		v.Add(checks.Unhealthy, "Wait. If it starts again and again, look at client-output-buffer-limit and repl-timeout on the master.",
			"is a replica that is still copying the data of its master %s", a.info.master())
		return
	}
	since := ""
	if d, ok := a.info.seconds("master_link_down_since_seconds"); ok && d >= 0 {
		since = " for " + checks.DurationText(d)
	}
	v.Add(checks.Unhealthy, "Look at the master, at the network between the two, and at masterauth on the replica.",
		"is a replica without its master: the link to %s is down%s", a.info.master(), since)
}

// persistence judges the last writes to disk. By default Redis refuses writes
// after a failed one; PING then tells, except on replicas.
func (s *server) persistence(i info, v *checks.Verdict) {
	if i["rdb_last_bgsave_status"] == "err" {
		v.Add(checks.Degraded, "Look at its log: most often a full disk, permissions of its folder, or too little memory to fork. With stop-writes-on-bgsave-error it refuses writes.",
			"could not save its data to disk the last time")
	}
	if i["aof_last_write_status"] == "err" {
		v.Add(checks.Degraded, "Look at its log and at the disk of its folder; it refuses writes until the file can be written.",
			"could not write its append-only file the last time")
	}
	if i["aof_last_bgrewrite_status"] == "err" {
		v.Add(checks.Degraded, "Look at its log: most often a full disk or too little memory to fork.",
			"could not rewrite its append-only file the last time, so it grows")
	}
}

// limits judges memory and clients against the server's own maxima.
func (s *server) limits(i info, v *checks.Verdict) {
	if percent, ok := memoryPercent(i); ok && !i.evicts() {
		hint := "Look at keys without expiry; raise maxmemory, or choose an eviction policy. When it is full, writes are refused (maxmemory-policy " + i["maxmemory_policy"] + ")."
		used, _ := i.number("used_memory")
		limit, _ := i.number("maxmemory")
		s.limit(v, percent, s.MemoryDegradedPercent, s.MemoryUnhealthyPercent, hint,
			fmt.Sprintf("has used %.0f %% of its memory limit (%s of %s)", percent, checks.BytesText(used), checks.BytesText(limit)))
	}
	if percent, ok := clientsPercent(i); ok {
		clients, _ := i.number("connected_clients")
		most, _ := i.number("maxclients")
		s.limit(v, percent, s.ClientsDegradedPercent, s.ClientsUnhealthyPercent,
			"CLIENT LIST shows who holds them; end what is idle, or raise maxclients. At the maximum, new connections are refused.",
			fmt.Sprintf("has used %.0f %% of its connections (%d of %d)", percent, clients, most))
	}
}

func (s *server) limit(v *checks.Verdict, percent, degraded, unhealthy float64, hint, reason string) {
	switch {
	case unhealthy > 0 && percent >= unhealthy:
		v.Add(checks.Unhealthy, hint, "%s", reason)
	case degraded > 0 && percent >= degraded:
		v.Add(checks.Degraded, hint, "%s", reason)
	}
}

// privileges says what was not judged because the server does not tell. That
// alone is no trouble of the server.
func (s *server) privileges(a *answer, v *checks.Verdict) {
	switch {
	case a.infoErr != nil && isNoPermission(a.infoErr):
		v.Add(checks.Healthy, a.grant("+info"), "its memory, clients and replication were not judged, because %s may not use INFO", a.user())
	case a.infoErr != nil:
		v.Add(checks.Healthy, "", "its memory, clients and replication were not judged: INFO is not available")
	}
	if a.keysErr != nil && isNoPermission(a.keysErr) {
		v.Add(checks.Healthy, a.grant("+dbsize"), "its keys were not counted, because %s may not use DBSIZE", a.user())
	}
}

func (t target) user() string {
	if t.username == "" {
		return "the default user"
	}
	return fmt.Sprintf("user %q", t.username)
}

// memoryPercent is the share of maxmemory in use, where there is a limit.
func memoryPercent(i info) (float64, bool) { return share(i, "used_memory", "maxmemory") }

func clientsPercent(i info) (float64, bool) { return share(i, "connected_clients", "maxclients") }

func share(i info, part, whole string) (float64, bool) {
	p, ok := i.number(part)
	w, also := i.number(whole)
	if !ok || !also || w <= 0 {
		return 0, false
	}
	return 100 * float64(p) / float64(w), true
}
