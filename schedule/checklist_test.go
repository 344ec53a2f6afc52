package schedule

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"vitals/checks"
)

func TestBuiltinIsTheContracts(t *testing.T) {
	want := map[string][]string{
		"daily":   {"health-status", "error-rates", "response-times", "security-events", "resource-utilisation", "backup-status"},
		"weekly":  {"performance-trends", "user-engagement", "database-performance", "payment-success", "external-dependencies", "dashboards"},
		"monthly": {"security-audit", "performance-optimisation", "capacity-planning", "incident-review", "monitoring-updates", "threshold-tuning"},
	}
	lists := Builtin()
	if len(lists) != 3 {
		t.Fatalf("%d lists", len(lists))
	}
	promql := parser.NewParser(parser.Options{})
	for _, list := range lists {
		var ids []string
		for _, item := range list.Items {
			ids = append(ids, item.ID)
			if item.Title == "" || !strings.ContainsAny(item.Ask, "?") || len(item.Checks)+len(item.Queries) == 0 {
				t.Errorf("%s: the item lacks a title, a question, or anything that answers it", item.ID)
			}
			for _, q := range item.Queries {
				if _, err := promql.ParseExpr(q.Expr); err != nil {
					t.Errorf("%s: %s: %v", item.ID, q.Expr, err)
				}
				if q.Title == "" || q.Warn != 0 && q.Bad != 0 && (q.Warn > q.Bad) != q.Below {
					t.Errorf("%s: %+v: no title, or thresholds the wrong way round", item.ID, q)
				}
			}
		}
		if !slices.Equal(ids, want[list.Name]) {
			t.Errorf("%s: %q", list.Name, ids)
		}
	}
}

func TestItemSelects(t *testing.T) {
	list := []checks.Check{{Name: "database"}, {Name: "database.pool"}, {Name: "memory", Tags: []string{"host"}}, {Name: "probe.site"}}
	for words, want := range map[string]string{"": "", "*": "database database.pool memory probe.site", "host": "memory", "database": "database database.pool", "probe nothing": "probe.site"} {
		var names []string
		for _, c := range (Item{Checks: strings.Fields(words)}).Select(list) {
			names = append(names, c.Name)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%q selects %q, want %q", words, names, want)
		}
	}
}

func TestJudge(t *testing.T) {
	good := checks.Result{Check: "disk", Summary: "12 % in use", Critical: true}
	also := checks.Result{Check: "memory", Summary: "40 % in use"}
	down := checks.Result{Check: "database", Status: checks.Unhealthy, Critical: true, Summary: "it does not answer"}
	meh := checks.Result{Check: "probe.map", Status: checks.Unhealthy, Summary: "connection refused"}
	errs := Query{Title: "requests that failed", Unit: "%", Warn: 5, Bad: 10}
	left := Query{Title: "first certificate to expire", Unit: "s", Warn: 21 * 86400, Bad: 7 * 86400, Below: true}
	growth := Query{Title: "growth", Unit: "B"}
	reading := func(q Query, values ...float64) Reading {
		r := Reading{Query: q}
		for i, v := range values {
			r.Values = append(r.Values, Value{map[string]string{"__name__": "x", "probe": string(rune('a' + i))}, v})
		}
		return r
	}
	tests := []struct {
		name     string
		person   bool
		results  []checks.Result
		readings []Reading
		status   checks.Status
		fromData bool
		summary  string
	}{
		{"nothing is known", false, nil, nil, checks.Unknown, false, "Is it well?"},
		{"no data", false, nil, []Reading{reading(errs)}, checks.Unknown, false, "Is it well?"},
		{"only NaN", false, nil, []Reading{reading(errs, math.NaN())}, checks.Unknown, false, "Is it well?"},
		{"one good check", false, []checks.Result{good}, nil, checks.Healthy, true, "disk is healthy: 12 % in use"},
		{"good checks and a fact", false, []checks.Result{good, also}, []Reading{reading(growth, 1.5e9)}, checks.Healthy, true, "2 of 2 checks are healthy; growth: 1.5 GB (probe a)"},
		{"a critical check fails", false, []checks.Result{good, down}, nil, checks.Unhealthy, true, "database is unhealthy: it does not answer; 1 of 2 checks are healthy"},
		{"another only degrades", false, []checks.Result{meh}, nil, checks.Degraded, true, "probe.map is unhealthy: connection refused"},
		{"the worst series speaks", false, nil, []Reading{reading(errs, 1, 7.25, math.NaN())}, checks.Degraded, true, "requests that failed: 7.25 % (probe b) (worrying from at least 5 %)"},
		{"reaching is enough", false, nil, []Reading{reading(errs, 10)}, checks.Unhealthy, true, "requests that failed: 10 % (probe a) (worrying from at least 10 %)"},
		{"below is worse", false, nil, []Reading{reading(left, 90*86400, 6*86400)}, checks.Unhealthy, true, "first certificate to expire: 6 days (probe b) (worrying from at most 7 days)"},
		{"below and well", false, nil, []Reading{reading(left, 90*86400)}, checks.Healthy, true, "first certificate to expire: 90 days (probe a)"},
		{"a query fails", false, []checks.Result{good}, []Reading{{Query: errs, Err: errors.New("timeout")}}, checks.Unknown, true, "requests that failed could not be asked: timeout; disk is healthy: 12 % in use"},
		{"a person is needed", true, []checks.Result{good}, nil, checks.Unknown, false, "Is it well? Known so far: disk is healthy: 12 % in use"},
		{"a person is needed and it is bad", true, []checks.Result{down}, nil, checks.Unhealthy, false, "Is it well? Known so far: database is unhealthy: it does not answer"},
	}
	now := time.Now()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Judge(Item{ID: "it", Ask: "Is it well?", Person: tt.person}, tt.results, tt.readings, now)
			want := Answer{Item: "it", Status: tt.status, Summary: tt.summary, At: now, FromData: tt.fromData}
			if a != want {
				t.Errorf("got  %+v\nwant %+v", a, want)
			}
			if a.Open() == tt.fromData {
				t.Error("an answer from data is not open, and any other is")
			}
		})
	}
}

func TestTick(t *testing.T) {
	now := time.Now()
	open := Answer{Item: "dashboards", Status: checks.Unknown, Summary: "Do they?"}
	a, err := open.Tick(" Asha ", "all good", checks.Healthy, now)
	if err != nil || a.Status != checks.Healthy || a.By != "Asha" || a.Note != "all good" || !a.At.Equal(now) || a.Open() {
		t.Errorf("%+v, %v", a, err)
	}
	bad := Answer{Item: "health-status", Status: checks.Unhealthy, FromData: true}
	if a, err := bad.Tick("Asha", "known", checks.Healthy, now); err != nil || a.Status != checks.Unhealthy {
		t.Errorf("a person talked a failure away: %+v, %v", a, err)
	}
	if a, _ := (Answer{FromData: true}).Tick("Asha", "slow today", checks.Degraded, now); a.Status != checks.Degraded {
		t.Errorf("a person's worry was lost: %+v", a)
	}
	if _, err := open.Tick(" ", "", checks.Healthy, now); err == nil || !strings.Contains(err.Error(), "who gave it") {
		t.Errorf("nobody answered: %v", err)
	}
}

func TestPeriodBegins(t *testing.T) {
	for _, tt := range []struct {
		period    Period
		zone      string
		now, want string
	}{
		{Day, "Asia/Kolkata", "2026-11-22T20:00:00Z", "2026-11-23T00:00:00+05:30"},
		{Week, "Asia/Kolkata", "2026-11-22T12:00:00Z", "2026-11-16T00:00:00+05:30"},
		{Week, "UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"},
		{Week, "UTC", "2026-12-02T00:00:00Z", "2026-11-30T00:00:00Z"},
		{Month, "Europe/Berlin", "2026-11-23T00:00:00Z", "2026-11-01T00:00:00+01:00"},
		{Day, "Africa/Cairo", "2026-04-24T10:00:00Z", "2026-04-24T01:00:00+03:00"},
	} {
		if got := tt.period.Begin(at(t, tt.now).In(zone(t, tt.zone))).Format(time.RFC3339); got != tt.want {
			t.Errorf("the %s of %s in %s begins %s, want %s", tt.period, tt.now, tt.zone, got, tt.want)
		}
	}
}
