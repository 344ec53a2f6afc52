package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"vitals/checks"
)

// cluster asks one node who is in the cluster, and then every master.
func (s *server) cluster(ctx context.Context) checks.Result {
	started := time.Now()
	seen, f := s.anyView(ctx)
	if f != nil {
		return f.result(s.clusterName())
	}
	v := &checks.Verdict{}
	seen.judge(v)
	if seen.hidden {
		v.Add(checks.Unknown, s.target.grant(clusterRights), "does not tell %s who its masters are, so they were not asked", s.target.user())
		return checks.Result{Status: v.Status, Hint: v.Hint, Facts: seen.facts(), Summary: s.clusterName() + ": " + v.Text()}
	}
	answers, failures := s.askMasters(ctx, seen.masters)
	for i, f := range failures {
		if f != nil {
			v.Add(f.Status, f.Hint, "%s %s", seen.masters[i].address, f.What)
		}
	}
	for _, a := range answers {
		if a != nil {
			s.judgeNode(a, v)
		}
	}
	sum := total(answers)
	sum.took = time.Since(started)
	res := checks.Result{Status: v.Status, Hint: v.Hint, Tables: []checks.Table{nodeTable(seen, answers, failures)}}
	res.Facts = append(s.facts(sum), seen.facts()...)
	res.Samples = s.samples(sum.info, sum.keys, sum.keysErr == nil)
	res.Summary = s.clusterWords(seen, sum, v)
	return res
}

func (s *server) clusterName() string {
	nodes := s.nodes()
	if len(nodes) == 1 {
		return "The Redis cluster at " + nodes[0]
	}
	return fmt.Sprintf("The Redis cluster at %s and %d more", nodes[0], len(nodes)-1)
}

func (s *server) clusterWords(seen *view, sum *answer, v *checks.Verdict) string {
	text := fmt.Sprintf("cluster of %d masters", len(seen.masters))
	if sum.info != nil {
		name, version := sum.info.server()
		text = strings.TrimSpace(name+" "+version) + " " + text
	}
	if v.Status >= checks.Degraded {
		return text + ": " + v.Text()
	}
	text += " answers in " + checks.DurationText(sum.took)
	if used, ok := sum.info.number("used_memory"); ok {
		text += ", " + checks.BytesText(used) + " used"
	}
	if sum.keysErr == nil {
		text += fmt.Sprintf(", %d keys", sum.keys)
	}
	return strings.Join(append([]string{text}, v.Reasons...), "; ")
}

// anyView returns the view of the first node that answers. Each gets its share
// of the time, so that a silent one leaves some for the others and the masters.
func (s *server) anyView(ctx context.Context) (*view, *failure) {
	nodes := s.nodes()
	var first *failure
	for i, node := range nodes {
		t := s.target
		t.address = node
		one, cancel := shareOf(ctx, len(nodes)-i+1)
		seen, f := s.asker.lookAround(one, t)
		cancel()
		if f == nil {
			return seen, nil
		}
		if first == nil || f.Status > first.Status {
			first = f
		}
	}
	if len(nodes) > 1 {
		first.What = fmt.Sprintf("does not answer, none of its %d nodes listed here; the first of them %s", len(nodes), first.What)
	}
	return nil, first
}

// askMasters asks all masters at once. At each index one of the two is nil.
func (s *server) askMasters(ctx context.Context, masters []shard) ([]*answer, []*failure) {
	const atOnce = 32
	answers, failures := make([]*answer, len(masters)), make([]*failure, len(masters))
	slots := make(chan struct{}, atOnce)
	wanted := map[string]bool{}
	for _, node := range s.nodes() {
		wanted[node] = true
	}
	var wg sync.WaitGroup
	for i, m := range masters {
		wanted[m.address] = true
		t := s.target
		t.address = m.address
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i], failures[i] = s.asker.ask(ctx, t)
		})
	}
	wg.Wait()
	s.asker.links.keepOnly(wanted)
	return answers, failures
}

// judgeNode judges one master. What is wrong names it.
func (s *server) judgeNode(a *answer, v *checks.Verdict) {
	node := &checks.Verdict{}
	a.replication(node)
	s.persistence(a.info, node)
	s.limits(a.info, node)
	s.privileges(a, node)
	for _, reason := range node.Reasons {
		v.Add(node.Status, node.Hint, "%s %s", a.address, reason)
	}
}

// judge judges the cluster as a whole.
func (seen *view) judge(v *checks.Verdict) {
	state := seen.info["cluster_state"]
	assigned, _ := seen.info.number("cluster_slots_assigned")
	const look = "CLUSTER NODES says which nodes are missing: start them again, or give their slots to others (redis-cli --cluster fix)."
	switch {
	case state == "fail" && assigned < allSlots:
		v.Add(checks.Unhealthy, look, "the cluster is down: %d of its %d slots belong to nobody", allSlots-assigned, allSlots)
	case state == "fail":
		lost, _ := seen.info.number("cluster_slots_fail")
		v.Add(checks.Unhealthy, look, "the cluster is down: the nodes of %d of its %d slots are gone", lost, allSlots)
	case state == "":
		v.Add(checks.Healthy, "", "the cluster's state is not known: CLUSTER INFO may not be asked")
	case assigned < allSlots: // cluster-require-full-coverage no
		v.Add(checks.Unhealthy, look, "%d of the cluster's %d slots belong to nobody, and so do their keys", allSlots-assigned, allSlots)
	}
	if n := len(seen.failed); n > 0 {
		v.Add(checks.Degraded, "Start the node again, or take it out with CLUSTER FORGET.", "the cluster has given up %d of its nodes (%s)", n, strings.Join(seen.failed[:min(n, 3)], ", "))
	}
}

func (seen *view) facts() []checks.Fact {
	masters := checks.Unmeasured("cluster_masters", checks.KindInteger)
	if !seen.hidden {
		masters = checks.Int("cluster_masters", int64(len(seen.masters)))
	}
	return []checks.Fact{
		textFact("cluster_state", seen.info["cluster_state"]),
		masters,
		intFact(seen.info, "cluster_nodes", "cluster_known_nodes"),
		checks.Int("cluster_nodes_failed", int64(len(seen.failed))),
		intFact(seen.info, "cluster_slots_assigned", "cluster_slots_assigned"),
		intFact(seen.info, "cluster_slots_ok", "cluster_slots_ok"),
	}
}

// withCluster adds to the answer of one node how its cluster is.
func (s *server) withCluster(ctx context.Context, res checks.Result) checks.Result {
	seen, f := s.asker.lookAround(ctx, s.target)
	if f != nil && isNoPermission(f.err) {
		res.Summary += "; its cluster was not judged, because " + s.target.user() + " may not use CLUSTER INFO"
		if res.Hint == "" {
			res.Hint = s.target.grant("+cluster|info")
		}
		return res
	}
	if f != nil {
		res.Status = max(res.Status, f.Status)
		res.Summary += "; but it " + f.What
		if res.Hint == "" {
			res.Hint = f.Hint
		}
		return res
	}
	v := &checks.Verdict{}
	seen.judge(v)
	res.Facts = append(res.Facts, seen.facts()...)
	if len(v.Reasons) > 0 {
		res.Summary += "; " + v.Text()
	}
	if v.Status > res.Status {
		res.Status, res.Hint = v.Status, v.Hint
	}
	return res
}
