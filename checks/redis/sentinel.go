package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"vitals/checks"
)

// sentinelShare is the part of the time that the Sentinels get: one that never
// answers must leave enough for the master.
const sentinelShare = 0.3

// sighting is what one Sentinel says of the master.
type sighting struct {
	master   string
	noQuorum string // why the Sentinels could not agree on a failover; "" when they could
}

// sentinel asks all Sentinels where the master is, and then the master.
func (s *server) sentinel(ctx context.Context) checks.Result {
	nodes := s.nodes()
	sightings, failures := s.askSentinels(ctx, nodes)
	v := &checks.Verdict{}
	master := s.chooseMaster(nodes, sightings, failures, v)
	facts := []checks.Fact{
		textFact("master", master),
		checks.Int("sentinels", int64(len(nodes))),
		checks.Int("sentinels_answering", int64(len(sightings))),
	}
	if master == "" {
		return checks.Result{Status: v.Status, Summary: v.Reasons[0], Hint: v.Hint, Facts: facts, Error: firstError(failures)}
	}
	t := s.target
	t.address = master
	a, f := s.asker.ask(ctx, t)
	keep := map[string]bool{master: true}
	for _, node := range nodes {
		keep[node] = true
	}
	s.asker.links.keepOnly(keep)
	if f != nil {
		res := f.result("The master " + s.MasterName + ", " + t.at() + ",")
		return res.Add(facts...)
	}
	res := s.judge(a).Add(facts...)
	if a.info.role() == "replica" {
		v.Add(checks.Unhealthy, "Wait for the failover to end; if it does not, look at the Sentinels' logs.",
			"the Sentinels give %s as the master, which is only a replica: a failover is under way", master)
	}
	return onto(v, res)
}

// onto adds what was found to a result.
func onto(v *checks.Verdict, res checks.Result) checks.Result {
	if len(v.Reasons) > 0 {
		res.Summary += "; " + v.Text()
	}
	if v.Status > res.Status {
		res.Status, res.Hint = v.Status, v.Hint
	}
	return res
}

func firstError(failures []*failure) string {
	for _, f := range failures {
		if f != nil && f.err != nil {
			return f.err.Error()
		}
	}
	return ""
}

// askSentinels asks all at once. Only those that answered are in the map; at
// the index of the others is their failure.
func (s *server) askSentinels(ctx context.Context, nodes []string) (map[string]sighting, []*failure) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(sentinelShare*float64(time.Until(deadline))))
		defer cancel()
	}
	var mu sync.Mutex
	sightings, failures := map[string]sighting{}, make([]*failure, len(nodes))
	var wg sync.WaitGroup
	for i, node := range nodes {
		t := target{network: "tcp", address: node, username: s.SentinelUsername, password: s.SentinelPassword.Reveal(), tls: s.target.tls, insecure: s.target.insecure}
		wg.Go(func() {
			seen, f := s.asker.askSentinel(ctx, t, s.MasterName)
			mu.Lock()
			defer mu.Unlock()
			if failures[i] = f; f == nil {
				sightings[node] = seen
			}
		})
	}
	wg.Wait()
	return sightings, failures
}

// errUnknownMaster means that a Sentinel does not watch a master of this name.
var errUnknownMaster = errors.New("no such master")

func (a *asker) askSentinel(ctx context.Context, t target, name string) (seen sighting, f *failure) {
	f = a.converse(ctx, t, func(ctx context.Context, l *link) error {
		p := l.client.Pipeline()
		where := p.Do(ctx, "sentinel", "get-master-addr-by-name", name)
		quorum := p.Do(ctx, "sentinel", "ckquorum", name)
		if err := exec(ctx, p); err != nil {
			return err
		}
		parts, err := where.StringSlice()
		switch {
		case errors.Is(err, goredis.Nil):
			return errUnknownMaster
		case err != nil:
			return err
		case len(parts) != 2 || parts[0] == "":
			return errUnknownMaster
		}
		if text := replyText(quorum.Err()); strings.HasPrefix(text, "NOQUORUM") {
			seen.noQuorum = text
		}
		seen.master = announced(parts[0], parts[1], t.address)
		return nil
	})
	if f != nil {
		f.notSentinel(t, name)
	}
	return seen, f
}

// notSentinel words what only a Sentinel can answer.
func (f *failure) notSentinel(t target, name string) {
	switch text := replyText(f.err); {
	case errors.Is(f.err, errUnknownMaster):
		f.Trouble = checks.Trouble{Status: checks.Unhealthy, What: fmt.Sprintf("watches no master called %q", name), Hint: "Correct master_name: SENTINEL MASTERS lists the names."}
	case strings.Contains(text, "unknown command"):
		f.What, f.Hint = "is no Sentinel", "Correct addresses: Sentinels usually listen on port 26379."
	case isNoPermission(f.err):
		f.Hint = t.grant("+sentinel|get-master-addr-by-name +sentinel|ckquorum")
	}
}

// chooseMaster returns the address that most Sentinels give, "" when none
// does, and notes what is wrong with the Sentinels.
func (s *server) chooseMaster(nodes []string, sightings map[string]sighting, failures []*failure, v *checks.Verdict) string {
	votes, best, noQuorum := map[string]int{}, "", ""
	for _, node := range nodes {
		seen, ok := sightings[node]
		if !ok {
			continue
		}
		votes[seen.master]++
		if votes[seen.master] > votes[best] {
			best = seen.master
		}
		noQuorum = max(noQuorum, seen.noQuorum)
	}
	for i, f := range failures {
		if f == nil {
			continue
		}
		status := checks.Degraded
		if best == "" {
			status = f.Status
		}
		v.Add(status, f.Hint, "the Sentinel at %s %s", nodes[i], f.What)
	}
	if best == "" {
		v.Reasons = []string{fmt.Sprintf("Nobody can find the master %s: %s", s.MasterName, v.Text())}
		return ""
	}
	if len(votes) > 1 {
		v.Add(checks.Degraded, "A failover may be under way; if it stays, look at the network between the Sentinels.", "the Sentinels do not agree where the master is")
	}
	if noQuorum != "" {
		v.Add(checks.Degraded, "Start the Sentinels that are missing, or correct the quorum: a failover could not happen now.", "the Sentinels could not agree on a failover: %s", noQuorum)
	}
	return best
}
