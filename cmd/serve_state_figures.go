package cmd

import (
	"context"
	"slices"
	"sync"
	"time"

	"vitals/alerting"
	"vitals/alerting/notify"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

// deliveries counts what became of the messages that this process tried to
// send, by channel and outcome.
type deliveries struct {
	mu     sync.Mutex
	counts map[[2]string]int64
}

func (d *deliveries) add(channel, outcome string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.counts = map[[2]string]int64{}
	}
	d.counts[[2]string{channel, outcome}]++
}

// over is an outbox that counts.
func (d *deliveries) over(o notify.Outbox) notify.Outbox { return &countingOutbox{o, d} }

type countingOutbox struct {
	notify.Outbox
	counts *deliveries
}

// Delivered implements notify.Outbox.
func (c *countingOutbox) Delivered(ctx context.Context, o alerting.Outgoing) error {
	c.counts.add(o.Notice.Channel, "delivered")
	return c.Outbox.Delivered(ctx, o)
}

// Failed implements notify.Outbox.
func (c *countingOutbox) Failed(ctx context.Context, o alerting.Outgoing, r alerting.Retry, also ...alerting.Notice) error {
	c.counts.add(o.Notice.Channel, "failed")
	return c.Outbox.Failed(ctx, o, r, also...)
}

// GiveUp implements notify.Outbox.
func (c *countingOutbox) GiveUp(ctx context.Context, o alerting.Outgoing, reason string, instead ...alerting.Notice) error {
	c.counts.add(o.Notice.Channel, "given_up")
	return c.Outbox.GiveUp(ctx, o, reason, instead...)
}

// samples are the counters of the configured channels, from 0 on: a counter
// that appears with its first failure shows no rise.
func (d *deliveries) samples(cfg *configs.Config) (all []checks.Sample) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ch := range enabledChannels(cfg) {
		name := ch.Options.Settings().Name
		for _, outcome := range []string{"delivered", "failed", "given_up"} {
			all = append(all, checks.Sample{
				Name: "vitals_notifications_total", Labels: map[string]string{"channel": name, "outcome": outcome}, Value: float64(d.counts[[2]string{name, outcome}]),
			})
		}
	}
	return all
}

// figuresBack is how long a job that no longer runs is told of.
const figuresBack = 90 * 24 * time.Hour

// figures are samples of alerts, incidents and messages, for /metrics. Their
// labels are bounded by the rules and channels of the configuration.
func (o *office) figures(ctx context.Context) (all []checks.Sample, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		state, err := db.AlertState(ctx)
		if err != nil {
			return err
		}
		waiting, err := db.Waiting(ctx)
		if err != nil {
			return err
		}
		jobs, err := db.Jobs(ctx, o.app.Now().Add(-figuresBack))
		all = slices.Concat(stateFigures(state), waitingFigures(o.cfg, waiting), o.told.samples(o.cfg), jobFigures(jobs))
		return err
	})
	return all, err
}

func stateFigures(s alerting.State) (all []checks.Sample) {
	count := map[[3]string]float64{}
	for _, a := range s.Alerts {
		if a.Live() {
			count[[3]string{a.Rule, a.Severity, string(a.Phase)}]++
		}
	}
	for key, n := range count {
		all = append(all, checks.Sample{Name: "vitals_alerts", Labels: map[string]string{"alertname": key[0], "severity": key[1], "state": key[2]}, Value: n})
	}
	open := map[[2]string]float64{}
	for _, i := range s.Incidents {
		open[[2]string{string(i.Status), i.Severity}]++
	}
	for _, status := range []alerting.IncidentStatus{alerting.Open, alerting.Acknowledged} {
		for _, severity := range alerting.Severities() {
			all = append(all, checks.Sample{Name: "vitals_incidents", Labels: map[string]string{"status": string(status), "severity": severity}, Value: open[[2]string{string(status), severity}]})
		}
	}
	return all
}

func waitingFigures(cfg *configs.Config, waiting []alerting.Outgoing) (all []checks.Sample) {
	count := map[string]float64{}
	for _, m := range waiting {
		count[m.Notice.Channel]++
	}
	for _, ch := range enabledChannels(cfg) {
		name := ch.Options.Settings().Name
		all = append(all, checks.Sample{Name: "vitals_notifications_waiting", Labels: map[string]string{"channel": name}, Value: count[name]})
	}
	return all
}

// jobFigures have the job's name as label name, as the samples of runs in the
// history do: a label job would clash with Prometheus' own.
func jobFigures(jobs map[string]history.JobState) (all []checks.Sample) {
	for name, job := range jobs {
		if !job.LastSuccess.IsZero() {
			all = append(all, checks.Sample{
				Name: "vitals_job_last_success_timestamp_seconds", Labels: map[string]string{"name": name}, Value: float64(job.LastSuccess.UnixMilli()) / 1000,
			})
		}
	}
	return all
}
