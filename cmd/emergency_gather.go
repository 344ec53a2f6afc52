package cmd

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
	"vitals/report"
)

// gatherer finds out what somebody needs who was just woken. It answers within
// a second whatever hangs.
type gatherer struct {
	app  *App
	cfg  *configs.Config
	live func(ctx context.Context) []checks.Result // as of now, as far as ctx allows

	nothing bool // nothing is kept, so history is not asked

	mu sync.Mutex
	db *history.DB // nil before it is needed
}

// newGatherer makes one for a command: it asks the checks itself.
func (a *App) newGatherer(cfg *configs.Config) *gatherer {
	g := &gatherer{app: a, cfg: cfg}
	g.live = func(ctx context.Context) []checks.Result {
		// A board, because what has not answered yet has not failed: a check that is
		// given less time than it has would be called down.
		return checks.NewBoard(a.runner(cfg), cfg.Checks(), nil).All(ctx, 0)
	}
	return g
}

func (g *gatherer) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.db != nil {
		_ = g.db.Close() // it only read
		g.db = nil
	}
}

func (g *gatherer) open(ctx context.Context) (*history.DB, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.db != nil || g.cfg.History.Disabled || g.nothing {
		return g.db, nil
	}
	db, err := history.Open(ctx, historyOptions(g.cfg, historyPatience))
	g.db = db
	return db, err
}

// past is what history has to say in an emergency.
type past struct {
	state alerting.State
	last  map[string]checks.Result
	rates map[string]*float64
	mean  *float64 // ms of the application's requests; nil where nothing is known
	err   error
}

// emergency gathers the document. Checks and history are asked at the same
// time, and neither is waited for longer than it has.
func (g *gatherer) emergency(ctx context.Context) report.Emergency {
	now := g.app.Now()
	answer, late := make(chan past, 1), time.After(historyPatience)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, historyPatience)
		defer cancel()
		answer <- g.past(ctx, now)
	}()
	asking, cancel := context.WithTimeout(ctx, emergencyPatience)
	defer cancel()
	results := g.live(asking)
	var k past
	select {
	case k = <-answer: // also one that is late, when the checks were later
		return g.document(now, results, k)
	default:
	}
	select {
	case k = <-answer:
	case <-late:
		k.err = fmt.Errorf("history did not answer within %s", historyPatience)
	}
	return g.document(now, results, k)
}

func (g *gatherer) past(ctx context.Context, now time.Time) (k past) {
	db, err := g.open(ctx)
	if err != nil || db == nil {
		return past{err: err}
	}
	if k.state, k.err = db.AlertState(ctx); k.err != nil {
		return k
	}
	last, err := db.Last(ctx)
	if err != nil {
		return past{err: err}
	}
	k.last = map[string]checks.Result{}
	for _, r := range last {
		k.last[r.Check] = r
	}
	engine := history.NewEngine(db, history.EngineOptions{Timeout: historyPatience})
	k.rates = map[string]*float64{
		"http_percent":               one(ctx, engine, now, `100 * sum(rate(http_requests_total{status_code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))`),
		"failed_checks_percent_1h":   one(ctx, engine, now, `100 * avg(avg_over_time(vitals_check_failed[1h]))`),
		"failed_payments_percent_1h": one(ctx, engine, now, `100 * sum(increase(payments_total{status="failed"}[1h])) / sum(increase(payments_total[1h]))`),
	}
	k.mean = one(ctx, engine, now, `1000 * sum(rate(http_request_duration_seconds_sum[5m])) / sum(rate(http_request_duration_seconds_count[5m]))`)
	return k
}

// one is the single number that an expression comes to, nil for none.
func one(ctx context.Context, engine *history.Engine, at time.Time, expr string) *float64 {
	answer, err := engine.Instant(ctx, expr, at)
	if err != nil || len(answer.Vector) != 1 || math.IsNaN(answer.Vector[0].Value.Value) || math.IsInf(answer.Vector[0].Value.Value, 0) {
		return nil
	}
	return &answer.Vector[0].Value.Value
}

func (g *gatherer) document(now time.Time, results []checks.Result, k past) report.Emergency {
	e := report.Emergency{
		Status: "normal", CriticalIssues: []report.Issue{}, ResponseTimes: map[string]report.ResponseTime{}, ErrorRates: k.rates,
		SystemHealth: map[string]report.HealthOfCheck{}, LastUpdated: now, Contacts: contactsOf(g.cfg), Procedure: report.Procedure(),
	}
	if e.ErrorRates == nil {
		e.ErrorRates = map[string]*float64{}
	}
	if k.err != nil {
		e.Notes = append(e.Notes, fmt.Sprintf("What history knows is not in here: %s.%s", k.err, hintOf(k.err)))
	}
	if k.mean != nil {
		e.ResponseTimes["http"] = report.ResponseTime{Milliseconds: *k.mean}
	}
	for _, r := range results {
		g.addCheck(&e, now, r, k.last)
	}
	for _, i := range k.state.Incidents {
		if i.Severity == "critical" && i.IsOpen() {
			e.CriticalIssues = append(e.CriticalIssues, report.Issue{
				Source: "incident", Name: i.Type, Summary: fmt.Sprintf("%s (%s, %s)", i.Description, i.Status, shortID(i.ID)), Since: i.OpenedAt, Hint: i.Runbook,
			})
		}
	}
	for _, a := range k.state.Alerts {
		if a.Phase == alerting.Firing && a.Severity == "critical" && a.IncidentID == "" {
			e.CriticalIssues = append(e.CriticalIssues, report.Issue{Source: "alert", Name: a.Rule, Summary: or(a.Annotations["summary"], a.Rule), Since: a.FiredAt, Hint: a.Runbook})
		}
	}
	if len(e.CriticalIssues) > 0 {
		e.Status = "emergency"
	}
	return e
}

// addCheck puts a check in: as it answered now, or as it was last known where
// it did not.
func (g *gatherer) addCheck(e *report.Emergency, now time.Time, r checks.Result, last map[string]checks.Result) {
	before, known := last[r.Check]
	if r.Status == checks.Unknown && known && before.Status != checks.Unknown {
		r = before
	}
	age := max(0, now.Sub(r.Started.Add(r.Duration)).Seconds())
	if age < 1 {
		age = 0
	}
	e.SystemHealth[r.Check] = report.HealthOfCheck{Status: r.Status.String(), Summary: r.Summary, Age: age}
	if r.Status != checks.Unknown {
		e.ResponseTimes[r.Check] = report.ResponseTime{Milliseconds: float64(r.Duration.Microseconds()) / 1000, Age: age}
	}
	if r.Critical && r.Status == checks.Unhealthy {
		e.CriticalIssues = append(e.CriticalIssues, report.Issue{Source: "check", Name: r.Check, Summary: r.Summary, Hint: r.Hint, Since: r.Started, Age: age})
	}
}
