package cmd

import (
	"context"
	"maps"
	"sync"
	"time"

	"vitals/internal/history"
	"vitals/report"
)

const (
	uptimeDays     = 90
	uptimeMaxAge   = time.Minute     // of what is asked about today
	uptimePatience = 2 * time.Minute // for a first look at all days
)

// uptime remembers in which share of each day each check failed. Days that are
// over are asked for once: a page a second must not read three months.
type uptime struct {
	mu       sync.Mutex
	days     map[int64]map[string]float64 // by the day's beginning, in Unix seconds
	day      map[string]float64           // the last 24 hours
	today    time.Time                    // the beginning of the last day that is known
	asked    time.Time
	renewing bool
	ctx      context.Context // ends what renew began
	busy     sync.WaitGroup
}

// newUptime makes one whose work in the background ends with ctx.
func newUptime(ctx context.Context) *uptime {
	return &uptime{ctx: ctx, days: map[int64]map[string]float64{}}
}

// instant answers an expression at one moment.
type instant interface {
	Instant(ctx context.Context, expr string, at time.Time) (history.Answer, error)
}

// renew looks again in the background, at most once at a time and once a
// minute. Not even the first look delays a page.
func (u *uptime) renew(engine instant, now time.Time, zone *time.Location) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.renewing || now.Sub(u.asked) < uptimeMaxAge || u.ctx.Err() != nil {
		return
	}
	u.renewing, u.asked = true, now
	u.busy.Go(func() {
		ctx, cancel := context.WithTimeout(u.ctx, uptimePatience)
		defer cancel()
		_ = u.look(ctx, engine, now, zone) // what cannot be had is not shown
		u.mu.Lock()
		u.renewing = false
		u.mu.Unlock()
	})
}

// wait returns when nothing is under way any more.
func (u *uptime) wait() { u.busy.Wait() }

// look asks for what is not known yet: today first, then one day after the
// other backwards.
func (u *uptime) look(ctx context.Context, engine instant, now time.Time, zone *time.Location) error {
	day, err := shares(ctx, engine, now, 24*time.Hour)
	if err != nil {
		return err
	}
	y, m, d := now.In(zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, zone)
	u.mu.Lock()
	u.day, u.today = day, today
	u.mu.Unlock()
	for back := range uptimeDays {
		begins, ends := today.AddDate(0, 0, -back), today.AddDate(0, 0, 1-back)
		u.mu.Lock()
		_, known := u.days[begins.Unix()]
		u.mu.Unlock()
		if known && back > 1 { // yesterday may have been looked at before it was over
			continue
		}
		if ends.After(now) {
			ends = now
		}
		found, err := shares(ctx, engine, ends, max(time.Second, ends.Sub(begins)))
		if err != nil {
			return err
		}
		u.mu.Lock()
		u.days[begins.Unix()] = found
		u.mu.Unlock()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	oldest := today.AddDate(0, 0, -uptimeDays).Unix()
	maps.DeleteFunc(u.days, func(begins int64, _ map[string]float64) bool { return begins < oldest })
	return nil
}

// shares is the share of a stretch of time, up to a moment, in which each check
// failed.
func shares(ctx context.Context, engine instant, at time.Time, length time.Duration) (map[string]float64, error) {
	answer, err := engine.Instant(ctx, failedShare(length), at)
	if err != nil {
		return nil, err
	}
	found := make(map[string]float64, len(answer.Vector))
	for _, e := range answer.Vector {
		found[e.Labels["check"]] = e.Value.Value
	}
	return found, nil
}

// onto adds to a page what is known.
func (u *uptime) onto(p *report.StatusPage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range p.Checks {
		c := &p.Checks[i]
		if failed, known := u.day[c.Check]; known {
			c.Day = percentWell(failed)
		}
		sum, n := 0.0, 0
		c.Days = make([]report.PageDay, uptimeDays)
		for back := range uptimeDays {
			date := u.today.AddDate(0, 0, -back)
			failed, known := u.days[date.Unix()][c.Check]
			if !known {
				failed = -1
			} else {
				sum, n = sum+failed, n+1
			}
			c.Days[uptimeDays-1-back] = report.PageDay{Date: date, Failed: failed}
		}
		if n == 0 {
			c.Days = nil
			continue
		}
		c.Quarter = percentWell(sum / float64(n))
	}
}

func percentWell(failed float64) *float64 {
	p := 100 * (1 - failed)
	return &p
}
